"""Mail, texts and pushes as this topic sees them, and how far a send got."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

from shared.envelope import Event, WireModel

Priority = Literal["high", "normal", "low"]


def digest_of(recipient: str) -> str:
    """A recipient without naming them. Mail hosts ignore case, and so do we."""
    return hashlib.sha256(recipient.strip().lower().encode()).hexdigest()


REPORTED = "notification.feedback"


class Report(WireModel):
    """An address that must not be mailed again, and why: ``bounce`` or ``complaint``."""

    address: str
    reason: Literal["bounce", "complaint"]


class AddressReported(Event):
    """What SES told us of an address. It never travels: QStash has no route for it."""

    event_type: Literal["notification.feedback"] = "notification.feedback"
    payload: Report

    def said(self) -> object:
        """Whom it is about, however the report spells the address."""
        return {"address": digest_of(self.payload.address), "reason": self.payload.reason}


class Channel(StrEnum):
    """A way to reach somebody; also the first word of what the audit trail says of it."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"


class Notice(Protocol):
    """Something to tell one recipient, once: what the send ledger keeps, whatever the channel."""

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


@dataclass(frozen=True, slots=True)
class Mail:
    """One rendered mail to one recipient.

    Args:
        event: the event that asked for it, as JSON: what an operator needs to send it again.
        capped: whether it counts against what its recipient is told within an hour.
    """

    event_id: str
    to: str
    subject: str
    template_id: str
    html: str
    text: str
    event: str
    priority: Priority = "normal"
    capped: bool = True

    @property
    def send_id(self) -> str:
        """One mail per event."""
        return self.event_id

    @property
    def channel(self) -> Channel:
        """Mail."""
        return Channel.EMAIL

    @property
    def recipient(self) -> str:
        """The address."""
        return self.to

    def facts(self) -> Mapping[str, str]:
        """Recipient, subject and template."""
        return {"to": self.to, "subject": self.subject, "templateId": self.template_id}


@dataclass(frozen=True, slots=True)
class Text:
    """One text message to one number.

    Args:
        segments: how many SMS it takes, which is what it costs.
    """

    event_id: str
    to: str
    message: str
    segments: int
    event: str
    capped: bool = field(default=True, init=False)

    @property
    def send_id(self) -> str:
        """One text per event."""
        return self.event_id

    @property
    def channel(self) -> Channel:
        """SMS."""
        return Channel.SMS

    @property
    def recipient(self) -> str:
        """The number."""
        return self.to

    def facts(self) -> Mapping[str, str]:
        """Channel and number."""
        return {"channel": self.channel.value, "to": self.to}


@dataclass(frozen=True, slots=True)
class Push:
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
        return Channel.PUSH

    @property
    def recipient(self) -> str:
        """The endpoint."""
        return self.endpoint

    def facts(self) -> Mapping[str, str]:
        """Channel, user, endpoint, and the event that the id alone does not name."""
        return {
            "channel": self.channel.value,
            "to": self.endpoint,
            "userId": self.user_id,
            "eventId": self.event_id,
        }


@dataclass(frozen=True, slots=True)
class Sender:
    """Who mail comes from, and the SES configuration set that watches what becomes of it."""

    address: str
    name: str
    configuration_set: str


@dataclass(frozen=True, slots=True)
class Registration:
    """The devices of a user.

    Args:
        version: changes with every change; 0 for a user who never had a device.
    """

    user_id: str
    endpoints: tuple[str, ...] = ()
    version: int = 0


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
    """What the send ledger knows of a notice.

    Args:
        expires_at: until when a claim is somebody's work in progress, seconds since 1970.
        mine: whether this very run made the claim.
    """

    state: SendState
    expires_at: float
    mine: bool
    message_id: str | None = None
