"""One SMS to one number."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from functions.notifications.domain import OneOfMany
from shared.contracts.channels import SMS, Channel


@dataclass(frozen=True, slots=True)
class Sms(OneOfMany):
    """One SMS to one number.

    Args:
        segments: into how many parts a network cuts it; each is paid for.
    """

    event_id: str
    to: str
    message: str
    segments: int
    event: str
    capped: bool = field(default=True, init=False)

    @property
    def send_id(self) -> str:
        """One SMS per event."""
        return self.event_id

    @property
    def channel(self) -> Channel:
        """SMS."""
        return SMS

    @property
    def recipient(self) -> str:
        """The number."""
        return self.to

    def facts(self) -> Mapping[str, str]:
        """Channel and number."""
        return {"channel": self.channel.name, "to": self.to}
