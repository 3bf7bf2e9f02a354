"""Looking at mail, texts and pushes whose fate is unknown, and deciding about each, once (I12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ops.core.errors import OperatorError
from ops.core.operator_ledger import CONSUMER
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.envelope import Event
from shared.contracts.topics import NOTIFICATION_PUSH, Topic
from shared.kernel import strict_json
from shared.kernel.clock import Clock, iso
from shared.kernel.errors import PipelineError
from shared.kernel.ids import caused_event_id, is_id
from shared.messaging.effects import Effects
from shared.messaging.ledger import AlreadyRecordedError, Record
from shared.messaging.outbox import Emit, Outbound, source_in_header
from shared.messaging.ports import Publisher
from shared.messaging.transactional_outbox import TransactionalOutbox
from shared.storage.bounded import note, noted
from shared.storage.ports import Tables
from shared.storage.schema import NOTIFICATIONS
from shared.storage.writes import ConditionsFailed, Equals, Item, Update, Value

OPERATOR = "operator"
DECIDED = "notification.resolved"

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
        """What the event belongs to, if it says so."""
        correlation = self.asked.get("correlationId")
        return correlation if is_id(correlation) else None


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided about a mail, and why."""

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


class MailDesk:
    """Doubtful mail, for operators."""

    def __init__(self, tables: Tables, publisher: Publisher, clock: Clock) -> None:
        self._tables, self._clock = tables, clock
        self._outbox = TransactionalOutbox(tables, publisher, clock, consumer=CONSUMER)

    def waiting(self, attention: Attention) -> list[DoubtfulMail]:
        """Mail that needs somebody, longest waiting first.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(NOTIFICATIONS.name, attention, index="byState", limit=1000)
        return [_mail(item) for item in items]

    def resolve(
        self, event_id: str, resolution: Resolution, *, actor: str, reason: str
    ) -> Resolved:
        """Decide about one mail, unless that was done before; then nothing changes.

        ``sent``: it arrived after all. ``dropped``: nobody needs it any more. ``resend``: it did
        not arrive; the same mail goes out under a new event id. That mail and the audit entry are
        committed with the decision: what this call does not publish, a repetition publishes, or the
        reconciler (I7).

        Raises:
            OperatorError: there is no such mail, no actor or no reason, or it is a push: the same
                event again would reach the user's other devices twice.
            ContentionError: other writers were in the way; nothing is decided.
            DependencyError: the store did not answer; it may or may not be decided.
        """
        if not actor.strip() or not reason.strip():
            raise OperatorError("reason: is required, and so is who you are")
        item = self._tables.get(NOTIFICATIONS.name, {"id": event_id})
        if item is None or "event" not in item:
            raise OperatorError(f"event id: there is no mail {event_id}")
        mail = _mail(item)
        if resolution == "resend" and mail.event_type == NOTIFICATION_PUSH:
            raise OperatorError("resend: a push that is late helps nobody; choose sent or dropped")
        decision = Decision(resolution, actor, reason)
        record = self._decide(mail, decision, item)
        if record is None:
            return self._decided_before(event_id)
        return Resolved(decided=True, resolution=resolution, unpublished=self._publish(record))

    def _decided_before(self, event_id: str) -> Resolved:
        item = self._tables.get(NOTIFICATIONS.name, {"id": event_id}) or {}
        if "resolution" not in item:
            return Resolved(decided=False, resolution=None)
        # The machine that decided may have died before it published.
        last = caused_event_id(event_id, DECIDED, noted(item, "history") - 1)
        record = self._outbox.find(last)
        unpublished = None if record is None else self._publish(record)
        return Resolved(decided=False, resolution=str(item["resolution"]), unpublished=unpublished)

    def _publish(self, record: Record) -> PipelineError | None:
        """Publish what the decision owes; why that failed, if it did: the decision stands."""
        try:
            self._outbox.publish([record])
        except PipelineError as error:
            return error
        return None

    def _decide(self, mail: DoubtfulMail, decision: "Decision", item: Item) -> Record | None:
        """The decision with its audit entry in one transaction; None if somebody else decided."""
        now = self._clock.now()
        entry: Mapping[str, Value] = {
            "at": iso(now),
            "action": decision.resolution,
            "by": decision.actor,
            "reason": decision.reason,
        }
        told = note(item, "history", entry)
        write = Update(
            NOTIFICATIONS.name,
            {"id": mail.event_id},
            set={"resolution": decision.resolution, **told.set},
            add=told.add,
            append=told.append,
            remove=("attention",),
            when=(Equals("attention", mail.attention), *told.when),
        )
        event = Event(
            event_id=caused_event_id(mail.event_id, DECIDED, noted(item, "history")),
            event_type=DECIDED,
            timestamp=now,
            source=OPERATOR,
            correlation_id=mail.correlation_id,
            payload=None,
        )
        effects = Effects(
            outcome=decision.resolution,
            writes=[write],
            emits=[Emit(AuditRecorded, audit_of(mail, decision))],
            resends=[again(mail)] if decision.resolution == "resend" else [],
        )
        try:
            return self._outbox.commit(event, effects)
        except (ConditionsFailed, AlreadyRecordedError):
            return None


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
        body=strict_json.dumps({**values, "eventId": new_id, "causationId": mail.event_id}),
    )


def audit_of(mail: DoubtfulMail, decision: Decision) -> AuditPayload:
    """The audit entry of a decision, under the same entity as what the function told of the send."""
    payload = mail.asked["payload"]
    user, data = payload.get("userId"), payload.get("templateData") or {}
    channel = mail.event_type.rpartition(".")[2]
    facts = {"by": decision.actor, "reason": decision.reason, "orderId": data.get("orderId")}
    return AuditPayload(
        action=f"{channel}.resolved",
        entity_type=channel,
        entity_id=str(mail.asked["eventId"]),
        user_id=user if isinstance(user, str) else None,
        previous_state={"status": mail.attention},
        new_state={"status": decision.resolution},
        metadata={name: value for name, value in facts.items() if value is not None},
    )


def _mail(item: Item) -> DoubtfulMail:
    return DoubtfulMail(
        event_id=str(item["id"]),
        attention=str(item.get("attention", "")),
        to=str(item["to"]),
        subject=str(item.get("subject", "")),
        template_id=str(item.get("templateId") or item.get("channel", "")),
        updated_at=str(item["updatedAt"]),
        event=str(item["event"]),
    )
