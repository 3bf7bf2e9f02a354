"""Entry point of the notifications topic: which event goes to which use case."""

from functools import partial

from functions.notifications import feedback, service
from functions.notifications.domain import Sender
from functions.notifications.mailer import SESMailer
from functions.notifications.ports import Mailer
from functions.notifications.settings import NotificationsSettings
from functions.notifications.store import SendLedgerTables
from functions.notifications.templates import JinjaRenderer
from shared.adapters import clients
from shared.adapters.runtime import consumer_entry
from shared.consumer import Ports, consumer, unsupported
from shared.contracts import notifications, topics
from shared.delivery import Handler
from shared.processing import route


def build(settings: NotificationsSettings, ports: Ports, mailer: Mailer | None = None) -> Handler:
    """The notifications function over the given ports; mail goes through SES unless told."""
    sender = Sender(settings.sender_address, settings.shop_name, settings.ses_configuration_set)
    ledger = SendLedgerTables(ports.tables, ports.clock)
    email = partial(
        service.send_email,
        renderer=JinjaRenderer(shop_name=settings.shop_name, currency=settings.currency),
        mailer=mailer or SESMailer(clients.mail(), sender),
        ledger=ledger,
        clock=ports.clock,
    )
    routes = {
        topics.NOTIFICATION_EMAIL: route(notifications.EmailRequested, email),
        topics.NOTIFICATION_PUSH: unsupported(notifications.PushRequested),
        topics.NOTIFICATION_SMS: unsupported(notifications.SmsRequested),
    }
    deliveries = consumer(topics.Topic.NOTIFICATIONS, settings, ports, routes)
    return feedback.beside(deliveries, ledger=ledger, telemetry=ports.telemetry)


lambda_handler = consumer_entry(topics.Topic.NOTIFICATIONS, NotificationsSettings, build)
