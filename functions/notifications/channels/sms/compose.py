"""Puts the SMS channel together."""

from functools import partial

from functions.notifications.channels.sms.ports import SmsSender
from functions.notifications.channels.sms.service import send_sms
from functions.notifications.channels.sms.sns import SNSSmsSender
from functions.notifications.compose import Dependencies
from shared.contracts.envelope import Event
from shared.contracts.notifications import SmsRequested
from shared.messaging.processor import Route, route
from shared.runtime import botocore_clients


def route_of(dependencies: Dependencies, sender: SmsSender | None) -> Route[Event]:
    """What handles ``notification.sms``; SNS sends unless another sender is given."""
    settings = dependencies.settings
    decide = partial(
        send_sms,
        sender=sender or SNSSmsSender(botocore_clients.messages, settings.sms_sender_id),
        send_once=dependencies.send_once,
        max_segments=settings.sms_max_segments,
    )
    return route(SmsRequested, decide)
