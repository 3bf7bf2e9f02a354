"""The ways to reach a customer, as data. Whatever has to know every channel reads ``CHANNELS``.

That is: event types, metrics, caps, alarms, the dashboard, permissions and the operators' tools.
How a channel sends is in ``functions/notifications/channels/<name>/``. docs/decisions/0026 says why
the declaration is here and not there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Permission(StrEnum):
    """What a channel does at AWS; ``infra.grants`` says the same in the words of IAM."""

    SEND_MAIL = "send_mail"
    PUBLISH_TO_NUMBERS = "publish_to_numbers"
    PUBLISH_TO_DEVICES = "publish_to_devices"


@dataclass(frozen=True, slots=True)
class Cap:
    """How many messages one recipient gets within an hour of the clock: texts, or mails of one
    template and cause (S42).

    Args:
        setting: the environment variable that may say otherwise.
    """

    setting: str
    per_hour: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Channel:
    """One way to reach a customer. Two channels are equal only if they are the same object.

    Args:
        name: its folder, the first word of its audit actions, and its name in the send ledger.
        event_type: the event that asks for one message.
        one, many: what people call its messages, such as ``a mail`` and ``mails``.
        metric: the first word of the names of its metrics, such as ``Mail`` of ``MailSent``.
        counted: by outcome of a send, what the metric of that outcome counts.
        by: dimensions of these metrics; ``shared.telemetry.metrics`` knows their values.
        cap: none if a recipient may get any number.
    """

    name: str
    event_type: str
    one: str
    many: str
    metric: str
    counted: Mapping[str, str]
    permission: Permission
    by: tuple[str, ...] = ()
    cap: Cap | None = None

    def action(self, outcome: str) -> str:
        """What the audit trail calls this outcome of a send."""
        return f"{self.name}.{outcome}"


EMAIL = Channel(
    name="email",
    event_type="notification.email",
    one="a mail",
    many="mails",
    metric="Mail",
    counted={
        "sent": "mails that SES took",
        "unknown": "mails that may or may not have been sent",
        "suppressed": "mails not sent, because the address bounced or complained",
        "failed": "mails that another attempt failed to send",
    },
    permission=Permission.SEND_MAIL,
    by=("template",),
    cap=Cap("MAILS_PER_HOUR", 20),
)
SMS = Channel(
    name="sms",
    event_type="notification.sms",
    one="a text",
    many="texts",
    metric="Sms",
    counted={
        "sent": "texts that SNS took",
        "unknown": "texts that may or may not have been sent",
        "suppressed": "texts not sent, because the number takes none",
        "failed": "texts that another attempt failed to send",
    },
    permission=Permission.PUBLISH_TO_NUMBERS,
    cap=Cap("SMS_PER_HOUR", 5),
)
PUSH = Channel(
    name="push",
    event_type="notification.push",
    one="a push message",
    many="pushes",
    metric="Push",
    counted={
        "sent": "devices that a push message was sent to",
        "unknown": "devices that may or may not have got a push message",
    },
    permission=Permission.PUBLISH_TO_DEVICES,
)

CHANNELS = (EMAIL, SMS, PUSH)
BY_EVENT_TYPE: Mapping[str, Channel] = MappingProxyType(
    {channel.event_type: channel for channel in CHANNELS}
)
CAPS: Mapping[Channel, Cap] = MappingProxyType(
    {channel: channel.cap for channel in CHANNELS if channel.cap is not None}
)
