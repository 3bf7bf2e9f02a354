"""Looking at mail, texts and pushes whose fate is unknown, and deciding about each, once (I12)."""

from ops.core.errors import OperatorError
from ops.core.operator_ledger import CONSUMER
from ops.mail.domain import Attention, Decision, DoubtfulMail, Resolution, again, audit_of
from ops.mail.store import MailTables, StoredMail, decision_write
from shared.contracts.analytics import AuditRecorded
from shared.contracts.envelope import Event
from shared.contracts.topics import NOTIFICATION_PUSH
from shared.kernel.clock import Clock, iso
from shared.kernel.errors import PublishError
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

    def waiting(self, attention: Attention) -> list[DoubtfulMail]:
        """Mail that needs a decision, longest waiting first.

        Raises:
            DependencyError: the store did not answer.
        """
        return self._mails.waiting(attention)

    def resolve(self, event_id: str, resolution: Resolution, *, actor: str, reason: str) -> bool:
        """Decide about one mail; False if another operator did so first.

        ``sent``: it arrived after all. ``dropped``: it is not needed any more. ``resend``: it did
        not arrive; the same mail goes out under a new event id.

        Raises:
            OperatorError: there is no such mail, no actor or no reason, or it is a push: the same
                event again would reach the user's other devices twice.
            PublishError: QStash did not take the new mail; the old one waits again.
            DependencyError: the store did not answer.
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
            return False
        resent = [again(mail)] if resolution == "resend" else []
        try:
            self._outbox.publish([record], with_them=resent)
        except PublishError:
            if resolution != "resend":
                return True  # decided; the reconciler tells the audit trail
            self._mails.reopen(mail)
            raise
        return True

    def _decide(self, stored: StoredMail, decision: Decision) -> Record | None:
        """The decision with its audit entry in one transaction; None if another operator decided."""
        mail, now = stored.mail, self._clock.now()
        event = Event(
            event_id=caused_event_id(mail.event_id, DECIDED, stored.decisions),
            event_type=DECIDED,
            timestamp=now,
            source=OPERATOR,
            correlation_id=mail.correlation_id,
            payload=None,
        )
        effects = Effects(
            outcome=decision.resolution,
            writes=[decision_write(stored, decision, iso(now))],
            emits=[Emit(AuditRecorded, audit_of(mail, decision))],
        )
        try:
            return self._outbox.commit(event, effects)
        except (ConditionsFailed, AlreadyRecordedError):
            return None
