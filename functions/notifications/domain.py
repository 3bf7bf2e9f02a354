"""One message to one recipient as this topic sees it, and how far its send got."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from shared.contracts.channels import Channel


def digest_of(recipient: str) -> str:
    """A recipient without naming them. Mail hosts ignore case, and so do we."""
    return hashlib.sha256(recipient.strip().lower().encode()).hexdigest()


class Message(Protocol):
    """One message to one recipient, whatever the channel: what the send ledger keeps of it."""

    @property
    def send_id(self) -> str:
        """What the ledger knows the send by: the same event and recipient, the same id."""
        ...

    @property
    def channel(self) -> Channel:
        """The way it takes."""
        ...

    @property
    def recipient(self) -> str:
        """Address, number or endpoint."""
        ...

    @property
    def event(self) -> str:
        """The event that asked for it, as JSON: what an operator needs to send it again."""
        ...

    @property
    def capped(self) -> bool:
        """Whether it counts against what its recipient is told within an hour."""
        ...

    def facts(self) -> Mapping[str, str]:
        """What an operator wants to see of it in the ledger."""
        ...


class SendState(StrEnum):
    """Claimed → sent, failed, unknown or suppressed; over its recipient's cap ``waiting``. Only
    ``failed`` and ``waiting`` may be claimed again: nothing was sent (I12)."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class SendRecord:
    """What the send ledger knows of a message.

    Args:
        expires_at: until when a claim is somebody's work in progress, seconds since 1970.
        mine: whether this very run made the claim.
    """

    state: SendState
    expires_at: float
    mine: bool
    message_id: str | None = None
