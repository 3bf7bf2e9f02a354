"""Puts the push channel together."""

from functools import partial

from functions.notifications.channels.push.devices import DeviceTables
from functions.notifications.channels.push.ports import PushSender
from functions.notifications.channels.push.service import send_push
from functions.notifications.channels.push.sns import SNSPushSender
from functions.notifications.compose import Dependencies
from shared.contracts.envelope import Event
from shared.contracts.notifications import PushRequested
from shared.messaging.processor import Route, route
from shared.runtime import botocore_clients


def route_of(dependencies: Dependencies, sender: PushSender | None) -> Route[Event]:
    """What handles ``notification.push``; SNS sends unless another sender is given."""
    ports = dependencies.ports
    decide = partial(
        send_push,
        devices=DeviceTables(ports.tables, ports.clock),
        sender=sender or SNSPushSender(botocore_clients.messages),
        send_once=dependencies.send_once,
    )
    return route(PushRequested, decide)
