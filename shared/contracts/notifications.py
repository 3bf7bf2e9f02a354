"""Requests to send a message to a person."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.envelope import (
    OR_NONE,
    EmailAddress,
    Event,
    JsonObject,
    Line,
    Moment,
    Prose,
    WireModel,
)
from shared.contracts.statuses import Trust
from shared.kernel.ids import Id, UserId

_E164 = r"^\+[1-9][0-9]{6,14}$"


class EmailPayload(WireModel):
    """One mail to one recipient, rendered from a template of ours.

    The last three are ours: whom it is about, for the audit trail; when the API accepted the
    checkout that it confirms, so that the way to the mailbox can be timed; and who answers for the
    payment that it is about, so that mails which a stranger can cause have a budget of their own.
    """

    to: EmailAddress
    subject: Line
    template_id: Id
    template_data: JsonObject
    priority: Literal["high", "normal", "low"] = "normal"
    user_id: Annotated[UserId | None, OR_NONE] = None
    accepted_at: Annotated[Moment | None, OR_NONE] = None
    trust: Annotated[Trust | None, OR_NONE] = None


class PushPayload(WireModel):
    """A push message to the devices of one user."""

    user_id: UserId
    title: Line
    body: Prose
    data: JsonObject | None = None


class SmsPayload(WireModel):
    """A text message to one number in E.164 form."""

    phone_number: Annotated[str, Field(pattern=_E164)]
    message: Prose


class EmailRequested(Event):
    """``notification.email``."""

    event_type: Literal["notification.email"] = "notification.email"
    payload: EmailPayload


class PushRequested(Event):
    """``notification.push``."""

    event_type: Literal["notification.push"] = "notification.push"
    payload: PushPayload


class SmsRequested(Event):
    """``notification.sms``."""

    event_type: Literal["notification.sms"] = "notification.sms"
    payload: SmsPayload


NotificationEvent = EmailRequested | PushRequested | SmsRequested
