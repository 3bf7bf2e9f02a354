"""A push message to one device, and the devices of a user."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from functions.notifications.domain import OneOfMany
from shared.contracts.channels import PUSH, Channel


@dataclass(frozen=True, slots=True)
class Push(OneOfMany):
    """One push message to one device.

    Args:
        endpoint: ARN of the device's endpoint.
        message: what to show, spelled for every platform.
    """

    event_id: str
    user_id: str
    endpoint: str
    message: str
    event: str
    capped: bool = field(default=True, init=False)

    @property
    def send_id(self) -> str:
        """One push per event and endpoint. ``#`` is in no event id and in no user id."""
        digest = hashlib.sha256(self.endpoint.encode()).hexdigest()[:32]
        return f"{self.event_id}#endpoint#{digest}"

    @property
    def channel(self) -> Channel:
        """Push."""
        return PUSH

    @property
    def recipient(self) -> str:
        """The endpoint."""
        return self.endpoint

    def facts(self) -> Mapping[str, str]:
        """Channel, user, endpoint, and the event that the id alone does not name."""
        return {
            "channel": self.channel.name,
            "to": self.endpoint,
            "userId": self.user_id,
            "eventId": self.event_id,
        }


@dataclass(frozen=True, slots=True)
class Registration:
    """The devices of a user.

    Args:
        version: changes with every change; 0 for a user who never had a device.
    """

    user_id: str
    endpoints: tuple[str, ...] = ()
    version: int = 0
