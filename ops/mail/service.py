"""Looking at mail, texts and pushes whose fate is unknown, and deciding about each, once (I12)."""

from ops.core.errors import OperatorError
from ops.core.operator_ledger import CONSUMER
from ops.mail.domain import Attention, Decision, DoubtfulMail, Resolution, Resolved, again, audit_of
from ops.mail.store import MailTables, StoredMail, decision_write
from shared.contracts.analytics import AuditRecorded
from shared.contracts.envelope import Event
from shared.contracts.topics import NOTIFICATION_PUSH
from shared.kernel.clock import Clock, iso
from shared.kernel.errors import PipelineError, UnreadableRowError
from shared.kernel.ids import caused_event_id
from shared.messaging.effects import Effects
from shared.messaging.ledger import AlreadyRecordedError, Record
from shared.messaging.outbox import Emit
from shared.messaging.ports import Publisher
from shared.messaging.transactional_outbox import TransactionalOutbox
from shared.storage.ports import Tables
from shared.storage.writes import ConditionsFailed

OPERATOR = "operator"
DECIDED = "notification.resolved"


class MailService:
    """Doubtful mail, for operators."""

    def __init__(self, tables: Tables, publisher: Publisher, clock: Clock) -> None:
        self._mails, self._clock = MailTables(tables), clock
        self._outbox = TransactionalOutbox(tables, publisher, clock, consumer=CONSUMER)

    def waiting(self, attention: Attention) -> list[DoubtfulMail | UnreadableRowError]:
        """Mail that needs a decision, longest waiting first; in the place of one that cannot be read, why.

        Raises:
            DependencyError: the store did not answer.
        """
        return self._mails.waiting(attention)

    def resolve(
        self, event_id: str, resolution: Resolution, *, actor: str, reason: str
    ) -> Resolved:
        """Decide about one mail, unless that was done before; then nothing changes.

        ``sent``: it arrived after all. ``dropped``: it is not needed any more. ``resend``: it did
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
        stored = self._mails.find(event_id)
        mail = stored.mail
        if resolution == "resend" and mail.event_type == NOTIFICATION_PUSH:
            raise OperatorError("resend: a push that is late helps nobody; choose sent or dropped")
        decision = Decision(resolution, actor, reason)
        record = self._decide(stored, decision)
        if record is None:
            return self._decided_before(event_id)
        return Resolved(decided=True, resolution=resolution, unpublished=self._publish(record))

    def _decided_before(self, event_id: str) -> Resolved:
        stored = self._mails.find(event_id)
        if stored.resolution is None:
            return Resolved(decided=False, resolution=None)
        # The machine that decided may have died before it published.
        last = caused_event_id(event_id, DECIDED, stored.decisions - 1)
        record = self._outbox.find(last)
        unpublished = None if record is None else self._publish(record)
        return Resolved(decided=False, resolution=stored.resolution, unpublished=unpublished)

    def _publish(self, record: Record) -> PipelineError | None:
        """Publish what the decision owes; why that failed, if it did: the decision stands."""
        try:
            self._outbox.publish([record])
        except PipelineError as error:
            return error
        return None

    def _decide(self, stored: StoredMail, decision: Decision) -> Record | None:
        """The decision with its audit entry in one transaction; None if another operator decided."""
        mail, now = stored.mail, self._clock.now()
        event = Event(
            event_id=caused_event_id(mail.event_id, DECIDED, stored.decisions),
            event_type=DECIDED,
            timestamp=now,
            source=OPERATOR,
            correlation_id=mail.correlation_id,
            trace_id=mail.trace_id,
            payload=None,
        )
        effects = Effects(
            outcome=decision.resolution,
            writes=[decision_write(stored, decision, iso(now))],
            emits=[Emit(AuditRecorded, audit_of(mail, decision))],
            resends=[again(mail)] if decision.resolution == "resend" else [],
        )
        try:
            return self._outbox.commit(event, effects)
        except (ConditionsFailed, AlreadyRecordedError):
            return None
