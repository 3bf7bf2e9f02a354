"""Mail, texts and pushes that wait for a decision, and what follows from it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.contracts.actor import Actor
from shared.contracts.analytics import AuditPayload
from shared.contracts.channels import BY_EVENT_TYPE
from shared.contracts.topics import Topic
from shared.contracts.trace import trace_in
from shared.kernel import strict_json
from shared.kernel.errors import PipelineError
from shared.kernel.ids import caused_event_id, is_id
from shared.messaging.outbox import Outbound, source_in_header

Attention = Literal["unknown", "failed"]
Resolution = Literal["sent", "resend", "dropped"]


@dataclass(frozen=True, slots=True)
class DoubtfulMail:
    """A mail, text or push that waits for a decision.

    Args:
        template_id: of a mail; the channel of anything else.
    """

    event_id: str
    attention: str
    to: str
    subject: str
    template_id: str
    updated_at: str
    event: str

    @property
    def asked(self) -> Mapping[str, Any]:
        """The event that asked for it."""
        values: Mapping[str, Any] = strict_json.loads(self.event.encode(), max_bytes=400_000)
        return values

    @property
    def event_type(self) -> str:
        """The type of the event that asked for it."""
        return str(self.asked["eventType"])

    @property
    def correlation_id(self) -> str | None:
        """The correlation id that the event repeats, if any."""
        correlation = self.asked.get("correlationId")
        return correlation if is_id(correlation) else None

    @property
    def trace_id(self) -> str:
        """The key of the trace that the mail belongs to."""
        return trace_in(self.asked, self.event_id)


@dataclass(frozen=True, slots=True)
class Decision:
    """What an operator decided about a mail, and why."""

    resolution: Resolution
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """What is decided about a mail now.

    Args:
        decided: whether this very call decided it.
        resolution: the decision that stands; None if the mail needs none.
        unpublished: why the decision's messages did not leave yet, if so; the reconciler publishes
            them.
    """

    decided: bool
    resolution: str | None
    unpublished: PipelineError | None = None


def check_can_be_decided(mail: DoubtfulMail) -> None:
    """Nothing, if the event that asked for the mail can be read.

    Raises:
        LookupError, TypeError: it lacks what a decision must tell of it.
        PermanentError: it is no JSON.
    """
    asked = mail.asked
    if not isinstance(asked["payload"], Mapping):
        raise TypeError("event")
    _ = (BY_EVENT_TYPE[mail.event_type], asked["eventId"], asked["version"])
    data = asked["payload"].get("templateData")
    if data is not None and not isinstance(data, Mapping):
        raise TypeError("templateData")


def again(mail: DoubtfulMail) -> Outbound:
    """The mail's event under a new id that follows from the old one."""
    values, event_type = mail.asked, mail.event_type
    new_id = caused_event_id(mail.event_id, f"{event_type}.resend", 0)
    return Outbound(
        topic=Topic.NOTIFICATIONS,
        event_id=new_id,
        event_type=event_type,
        version=str(values["version"]),
        source=source_in_header(values.get("source")),
        correlation_id=mail.correlation_id,
        body=strict_json.dumps(
            {
                **values,
                "eventId": new_id,
                "causationId": mail.event_id,
                "traceId": mail.trace_id,
            }
        ),
    )


def audit_of(mail: DoubtfulMail, decision: Decision) -> AuditPayload:
    """The audit entry of a decision, under the same entity as what the function told of the send."""
    payload = mail.asked["payload"]
    user, data = payload.get("userId"), payload.get("templateData") or {}
    channel = BY_EVENT_TYPE[mail.event_type]
    facts = {"by": decision.actor, "reason": decision.reason, "orderId": data.get("orderId")}
    return AuditPayload(
        action=channel.action("resolved"),
        entity_type=channel.name,
        entity_id=str(mail.asked["eventId"]),
        user_id=user if isinstance(user, str) else None,
        previous_state={"status": mail.attention},
        new_state={"status": decision.resolution},
        metadata={
            **{name: value for name, value in facts.items() if value is not None},
            **Actor.operator(decision.actor).as_metadata(),
        },
    )
