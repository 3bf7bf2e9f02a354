"""Mail as this topic sees it, and how far a send got."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Mail:
    """One rendered mail to one recipient.

    Args:
        event: the event that asked for it, as JSON: what an operator needs to send it again.
    """

    event_id: str
    to: str
    subject: str
    template_id: str
    html: str
    text: str
    event: str


@dataclass(frozen=True, slots=True)
class Sender:
    """Who mail comes from, and the SES configuration set that watches what becomes of it."""

    address: str
    name: str
    configuration_set: str


class SendState(StrEnum):
    """Claimed → sent, failed, unknown or suppressed. Only ``failed`` may be claimed again (I12)."""

    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class SendRecord:
    """What the send ledger knows of a mail.

    Args:
        expires_at: until when a claim is somebody's work in progress, seconds since 1970.
        mine: whether this very run made the claim.
    """

    state: SendState
    expires_at: float
    mine: bool
    message_id: str | None = None
