"""Puts the mail channel together: SES, the templates, and what SES reports back."""

from functools import partial

from functions.notifications.channels.email import feedback
from functions.notifications.channels.email.mail import REPORTED, AddressReported, Sender
from functions.notifications.channels.email.ports import Mailer
from functions.notifications.channels.email.rendering import JinjaRenderer
from functions.notifications.channels.email.service import send_email, suppress
from functions.notifications.channels.email.ses import SESMailer
from functions.notifications.compose import Dependencies
from functions.notifications.settings import NotificationsSettings
from shared.contracts.envelope import Event
from shared.contracts.notifications import EmailRequested
from shared.contracts.topics import Topic
from shared.messaging.compose import processor
from shared.messaging.consumer import Handler
from shared.messaging.processor import Route, route
from shared.runtime import botocore_clients


def route_of(dependencies: Dependencies, mailer: Mailer | None) -> Route[Event]:
    """What handles ``notification.email``; SES sends unless another mailer is given."""
    settings = dependencies.settings
    decide = partial(
        send_email,
        renderer=JinjaRenderer(shop_name=settings.shop_name, currency=settings.currency),
        mailer=mailer or _ses(settings),
        send_once=dependencies.send_once,
        alert_address=settings.alert_address,
    )
    return route(EmailRequested, decide)


def beside_feedback(deliveries: Handler, dependencies: Dependencies) -> Handler:
    """The deliveries, and beside them the reports of SES about addresses."""
    ports = dependencies.ports
    routes = {REPORTED: route(AddressReported, partial(suppress, ledger=dependencies.ledger))}
    reports = processor(Topic.NOTIFICATIONS, ports, routes)
    return feedback.beside(deliveries, reports, clock=ports.clock, telemetry=ports.telemetry)


def _ses(settings: NotificationsSettings) -> SESMailer:
    sender = Sender(settings.sender_address, settings.shop_name, settings.ses_configuration_set)
    return SESMailer(botocore_clients.mail(), sender)
