"""A mail, who it comes from, and what is reported of its address."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from functions.notifications.domain import Cause, digest_of
from shared.contracts.channels import EMAIL, Channel
from shared.contracts.envelope import Event, WireModel
from shared.kernel.mail_address import mailbox_of

Priority = Literal["high", "normal", "low"]


REPORTED = "notification.feedback"


class Report(WireModel):
    """An address that must not be mailed again, and why: ``bounce`` or ``complaint``."""

    address: str
    reason: Literal["bounce", "complaint"]


class AddressReported(Event):
    """What SES reported about an address. It never travels: QStash has no route for it."""

    event_type: Literal["notification.feedback"] = "notification.feedback"
    payload: Report

    def said(self) -> object:
        """Whom it is about, however the report spells the address."""
        return {"address": digest_of(self.payload.address), "reason": self.payload.reason}


@dataclass(frozen=True, slots=True)
class Mail:
    """One rendered mail to one recipient.

    Args:
        event: the event that asked for it, as JSON: what an operator needs to send it again.
        capped: whether it counts against the hourly cap of its recipient.
        cause: what had it sent.
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
    cause: Cause = Cause.PROGRAM

    @property
    def send_id(self) -> str:
        """One mail per event."""
        return self.event_id

    @property
    def channel(self) -> Channel:
        """Mail."""
        return EMAIL

    @property
    def recipient(self) -> str:
        """The address."""
        return self.to

    @property
    def mailbox(self) -> str:
        """The address without what leads to the same mailbox."""
        return mailbox_of(self.to)

    @property
    def kind(self) -> str:
        """Its template."""
        return self.template_id

    def facts(self) -> Mapping[str, str]:
        """Recipient, subject and template."""
        return {"to": self.to, "subject": self.subject, "templateId": self.template_id}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who mail comes from, and the SES configuration set that watches what becomes of it."""

    address: str
    name: str
    configuration_set: str
