"""One message to one recipient as this topic sees it, and how far its send got."""

import hashlib
from abc import ABC, abstractmethod
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
    def mailbox(self) -> str:
        """Where it arrives, for counting: other spellings of one mailbox are one (S42)."""
        ...

    @property
    def kind(self) -> str:
        """What it counts as among the messages of its recipient, such as its template."""
        ...

    @property
    def vouched(self) -> bool:
        """Whether more than a stranger's request stands behind it."""
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


class OneOfMany(ABC):
    """What a message counts as that only programs of the shop ask for: one like the others."""

    __slots__ = ()

    @property
    @abstractmethod
    def recipient(self) -> str:
        """Number or endpoint."""

    @property
    def mailbox(self) -> str:
        """The recipient: no other spelling leads there."""
        return self.recipient

    @property
    def kind(self) -> str:
        """None of its own."""
        return ""

    @property
    def vouched(self) -> bool:
        """No stranger causes one."""
        return True


def budgets_of(message: Message, most: int) -> Mapping[str, int]:
    """How many messages its recipient gets within an hour, by the budgets that it counts against.

    Each kind has its own, so that none uses up another's. What strangers can cause, by carts that
    are not paid, has smaller ones beside them: it neither floods a mailbox, nor keeps the
    confirmation of a real order out of it (S42).

    Args:
        most: the channel's cap.
    """
    if message.vouched:
        return {message.kind: most}
    return {f"open:{message.kind}": max(1, most // 5), "open": max(1, most // 2)}


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
