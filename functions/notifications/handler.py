"""Entry point of the notifications topic: which event goes to which use case."""

from functools import partial

from functions.notifications import feedback, service
from functions.notifications.domain import REPORTED, AddressReported
from functions.notifications.settings import NotificationsSettings
from functions.notifications.wiring import Desk, Senders
from shared.adapters.runtime import consumer_entry
from shared.consumer import Ports, consumer, processor
from shared.contracts import notifications, topics
from shared.delivery import Handler
from shared.processing import route


def build(settings: NotificationsSettings, ports: Ports, senders: Senders | None = None) -> Handler:
    """The notifications function over the given ports; SES and SNS send unless told otherwise."""
    out, desk = senders or Senders.of(settings), Desk.of(settings, ports)
    mail = partial(service.send_email, mailer=out.mail, alert_address=settings.alert_address)
    email = partial(mail, renderer=desk.renderer, once=desk.once)
    sms = partial(
        service.send_sms, texts=out.text, once=desk.once, max_segments=settings.sms_max_segments
    )
    push = partial(service.send_push, devices=desk.devices, sender=out.push, once=desk.once)
    routes = {
        topics.NOTIFICATION_EMAIL: route(notifications.EmailRequested, email),
        topics.NOTIFICATION_PUSH: route(notifications.PushRequested, push),
        topics.NOTIFICATION_SMS: route(notifications.SmsRequested, sms),
    }
    deliveries = consumer(topics.Topic.NOTIFICATIONS, settings, ports, routes)
    told = {REPORTED: route(AddressReported, partial(service.suppress, ledger=desk.ledger))}
    reports = processor(topics.Topic.NOTIFICATIONS, ports, told)
    return feedback.beside(deliveries, reports, clock=ports.clock, telemetry=ports.telemetry)


lambda_handler = consumer_entry(topics.Topic.NOTIFICATIONS, NotificationsSettings, build)
