"""One message to one recipient as this topic sees it, and how far its send got."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from shared.contracts.channels import Channel

CONFIRMATION = "order-confirmation"
_TOTAL = "total"


def digest_of(recipient: str) -> str:
    """A recipient without naming them. Mail hosts ignore case, and so do we."""
    return hashlib.sha256(recipient.strip().lower().encode()).hexdigest()


class Cause(StrEnum):
    """What had a message sent, as the event that asks for it says.

    ``vouched``: an order whose payment the shop answers for. ``open``: a checkout that has nothing but
    its request behind it. ``program``: anything that says neither, as other programs of the shop do.
    """

    VOUCHED = "vouched"
    OPEN = "open"
    PROGRAM = "program"


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
    def cause(self) -> "Cause":
        """What had it sent."""
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
    def cause(self) -> Cause:
        """Only programs of the shop ask for one."""
        return Cause.PROGRAM


def budgets_of(message: Message, most: int) -> Mapping[str, int]:
    """How many messages its recipient gets within an hour, by the budgets that it counts against.

    Each kind has its own, and each cause, so that none uses up another's (S42). What strangers can
    cause, by carts that are not paid, has smaller ones. All together have a ceiling: programs and
    strangers reach it first, then what else tells of orders. A confirmation that the shop vouches for
    is beyond it, and has its own budget alone.

    Args:
        most: the channel's cap.
    """
    kind = message.kind
    if not kind:
        return {"": most}
    match message.cause:
        case Cause.OPEN:
            few, some = max(1, most // 5), max(1, most // 2)
            return {f"open:{kind}": few, "open": some, _TOTAL: 2 * most}
        case Cause.PROGRAM:
            return {f"program:{kind}": most, _TOTAL: 2 * most}
        case Cause.VOUCHED if kind == CONFIRMATION:
            return {kind: most}
        case Cause.VOUCHED:
            return {kind: most, _TOTAL: 3 * most}


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
