"""Dead letters, as the reconciler carries on with them."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from functions.reconciler.domain import DueDeadLetter
from shared.contracts.analytics import DeadLetterReported
from shared.contracts.topics import Topic
from shared.kernel.clock import Clock, iso
from shared.messaging.dead_letters.keep import keep_dead_letter
from shared.messaging.dead_letters.schedule import looked_at, sent
from shared.messaging.dead_letters.store import DeadLetterTables
from shared.messaging.ledger import AlreadyRecordedError
from shared.messaging.ports import CorePorts, Publisher
from shared.messaging.transactional_outbox import TransactionalOutbox
from shared.storage.ports import Tables
from shared.storage.records.dead_letter import (
    DeadLetterState,
    change_state,
    keys_in,
    postpone_dead_letter,
)
from shared.storage.records.dead_letter_history import HistoryEntry
from shared.storage.schema import DEAD_LETTERS
from shared.storage.writes import ConditionsFailed, Update
from shared.telemetry.measurement import Measure

_BY = "reconciler"
_UNSETTLED = (DeadLetterState.OPEN, DeadLetterState.REPLAYING)


class DueDeadLetterTables:
    """Dead letters in tables, with the ledger that makes a report count once."""

    def __init__(self, tables: Tables, publisher: Publisher, clock: Clock) -> None:
        self._tables, self._clock = tables, clock
        self._dead_letters = DeadLetterTables(tables, clock)
        # The callback's own ledger: of callback and pull, the second is a duplicate (I16).
        self._outbox = TransactionalOutbox(tables, publisher, clock, consumer=Topic.ANALYTICS.value)

    def keep(self, report: DeadLetterReported) -> Sequence[Measure] | None:
        """Keep a report durably: what there is to measure, None if it was kept before.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        try:
            record, effects = self._outbox.decide_and_commit(
                report, partial(keep_dead_letter, report, dead_letters=self._dead_letters)
            )
        except AlreadyRecordedError:
            return None
        self._outbox.publish([record])
        return effects.measures

    def replaying(self, limit: int) -> Sequence[str]:
        """Keys of dead letters whose replay is under way.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(
            DEAD_LETTERS.name, DeadLetterState.REPLAYING.value, index="byState", limit=limit
        )
        return keys_in(items)

    def due(self, shard: int, until: str, limit: int) -> Sequence[str]:
        """Keys of a shard's dead letters that are due by a moment, longest due first.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(DEAD_LETTERS.name, str(shard), index="due", limit=limit)
        return keys_in(items, due_until=until)

    def unsettled(self, key: str) -> DueDeadLetter | None:
        """A dead letter as of now, None if nothing is to be done about it: indexes lag.

        Raises:
            DependencyError: the store did not answer.
        """
        row = self._dead_letters.find(key)
        if row is None or (row.state not in _UNSETTLED and not row.due_at):
            return None
        return DueDeadLetter(row)

    def handled(self, dead_letter: DueDeadLetter) -> bool:
        """Whether the topic's ledger says that the event is done.

        Raises:
            DependencyError: the store did not answer.
        """
        return self._dead_letters.handled(dead_letter.row.key, dead_letter.row.topic)

    def resolve(self, dead_letter: DueDeadLetter) -> bool:
        """The event was handled; False if the dead letter changed meanwhile: the next run looks
        again.

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        row, now = dead_letter.row, iso(self._clock.now())
        also = "; sent once more, for its content to be compared" if row.is_unconfirmed else ""
        return self._commit(
            change_state(
                row,
                DeadLetterState.RESOLVED,
                self._entry("resolved", f"handled{also}"),
                plan="none",
                sent_at=now if row.is_unconfirmed else "",
                closed_at=now,
            )
        )

    def claim(self, dead_letter: DueDeadLetter) -> bool:
        """Take the dead letter for being sent now, and fix when it is sent next; False if an
        operator or another run changed it this moment (I17).

        Raises:
            ContentionError, DependencyError: try again in the next run.
        """
        row, now = dead_letter.row, self._clock.now()
        delivery = row.deliveries + 1
        plan = sent(now, delivered=delivery)
        reason = f"delivery {delivery}, the next at {iso(plan.delivery_at or plan.due_at)}"
        return self._commit(
            change_state(
                row,
                DeadLetterState.OPEN,
                self._entry("delivered again", reason),
                plan=plan,
                sent_at=iso(now),
                counted="deliveries",
            )
        )

    def postpone(self, dead_letter: DueDeadLetter) -> None:
        """Look again later.

        Raises:
            ContentionError, DependencyError: the next run looks again.
        """
        row = dead_letter.row
        since = datetime.fromisoformat(row.last_failed_at)
        plan = looked_at(self._clock.now(), since=since, delivery_at=dead_letter.delivery_at)
        self._commit(postpone_dead_letter(row, plan))

    def _entry(self, action: str, reason: str) -> HistoryEntry:
        return HistoryEntry(at=iso(self._clock.now()), action=action, by=_BY, reason=reason)

    def _commit(self, write: Update) -> bool:
        try:
            self._tables.transact([write])
        except ConditionsFailed:
            return False  # an operator or another run decided about it, or it failed again
        return True


def due_in(ports: CorePorts) -> DueDeadLetterTables:
    """Over a function's ports."""
    return DueDeadLetterTables(ports.tables, ports.publisher, ports.clock)
