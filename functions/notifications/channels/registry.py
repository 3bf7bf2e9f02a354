"""The channels of this function. A new channel is a folder, its declaration, and its line here."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from functions.notifications.channels.email import compose as email
from functions.notifications.channels.push import compose as push
from functions.notifications.channels.sms import compose as sms
from functions.notifications.compose import Dependencies
from functions.notifications.ports import Sender
from shared.contracts import channels
from shared.contracts.channels import Channel
from shared.contracts.envelope import Event
from shared.messaging.processor import Route, Routes

# Every channel has its own kind of message: the caller that builds the senders picks the right one.
Senders = Mapping[Channel, Sender[Any]]
Composition = Callable[[Dependencies, Any], Route[Event]]

OWN_SENDERS: Senders = MappingProxyType({})
REGISTRY: Mapping[Channel, Composition] = MappingProxyType(
    {
        channels.EMAIL: email.route_of,
        channels.SMS: sms.route_of,
        channels.PUSH: push.route_of,
    }
)


def routes(dependencies: Dependencies, senders: Senders) -> Routes:
    """What handles the event of each channel.

    Args:
        senders: by channel; a channel without one uses its own.
    """
    return {
        channel.event_type: route_of(dependencies, senders.get(channel))
        for channel, route_of in REGISTRY.items()
    }
