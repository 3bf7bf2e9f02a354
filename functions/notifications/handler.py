"""Entry point of the notifications topic: which event goes to which use case."""

from functools import partial

from functions.notifications.channels.email import feedback
from functions.notifications.channels.email import service as email
from functions.notifications.channels.email.mail import REPORTED, AddressReported
from functions.notifications.channels.push import service as push
from functions.notifications.channels.sms import service as sms
from functions.notifications.compose import Dependencies, Senders
from functions.notifications.settings import NotificationsSettings
from shared.contracts import notifications, topics
from shared.messaging.compose import Ports, consumer, processor
from shared.messaging.consumer import Handler
from shared.messaging.processor import route
from shared.runtime.compose import consumer_entry


def build(settings: NotificationsSettings, ports: Ports, senders: Senders | None = None) -> Handler:
    """The notifications function over the given ports; SES and SNS send unless told otherwise."""
    out, dependencies = senders or Senders.of(settings), Dependencies.of(settings, ports)
    mail = partial(email.send_email, mailer=out.mail, alert_address=settings.alert_address)
    send_email = partial(mail, renderer=dependencies.renderer, send_once=dependencies.send_once)
    send_sms = partial(
        sms.send_sms,
        sender=out.sms,
        send_once=dependencies.send_once,
        max_segments=settings.sms_max_segments,
    )
    send_push = partial(
        push.send_push,
        devices=dependencies.devices,
        sender=out.push,
        send_once=dependencies.send_once,
    )
    routes = {
        topics.NOTIFICATION_EMAIL: route(notifications.EmailRequested, send_email),
        topics.NOTIFICATION_PUSH: route(notifications.PushRequested, send_push),
        topics.NOTIFICATION_SMS: route(notifications.SmsRequested, send_sms),
    }
    deliveries = consumer(topics.Topic.NOTIFICATIONS, settings, ports, routes)
    told = {REPORTED: route(AddressReported, partial(email.suppress, ledger=dependencies.ledger))}
    reports = processor(topics.Topic.NOTIFICATIONS, ports, told)
    return feedback.beside(deliveries, reports, clock=ports.clock, telemetry=ports.telemetry)


lambda_handler = consumer_entry(topics.Topic.NOTIFICATIONS, NotificationsSettings, build)
