"""Dead letters as an operator reads and changes them. Every change is conditional on what was seen."""

from datetime import timedelta

from ops.core.errors import OperatorError
from shared.kernel.clock import Clock, iso
from shared.kernel.errors import UnreadableRowError
from shared.messaging.dead_letters.schedule import opened
from shared.storage.ports import Tables
from shared.storage.readable import read_rows
from shared.storage.records.dead_letter import (
    Counter,
    DeadLetterRow,
    DeadLetterState,
    NextPlan,
    Plan,
    change_state,
    dead_letter_key,
    dead_letter_row_of,
)
from shared.storage.records.dead_letter_history import HistoryEntry
from shared.storage.schema import DEAD_LETTERS
from shared.storage.writes import ConditionsFailed, Update

PAGE = 1000
# Longer than QStash's retries of a replayed message, its callback and the reconciler's pull take.
ABANDONED_AFTER = timedelta(hours=1)


class DeadLetterStore:
    """The dead letters, for operators."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock

    def by_state(
        self, state: DeadLetterState, limit: int = PAGE
    ) -> list[DeadLetterRow | UnreadableRowError]:
        """Dead letters in a state, longest failing first; in the place of one that cannot be read, why.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(DEAD_LETTERS.name, state.value, index="byState", limit=limit)
        return list(read_rows(DEAD_LETTERS.name, items, DeadLetterRow.from_item))

    def get(self, key: str) -> DeadLetterRow:
        """One dead letter.

        Raises:
            OperatorError: there is none.
            UnreadableRowError: it makes no sense.
            DependencyError: the store did not answer.
        """
        row = dead_letter_row_of(self._tables.get(*dead_letter_key(key)))
        if row is None:
            raise OperatorError(f"event id: there is no dead letter {key}")
        return row

    def move(
        self,
        row: DeadLetterRow,
        to: DeadLetterState,
        *,
        action: str,
        actor: str,
        reason: str,
        replayed: bool = False,
    ) -> bool:
        """Change a dead letter's state; False if another operator or run changed it first.

        Raises:
            ContentionError: another operator or run is changing it this moment.
            DependencyError: the store did not answer.
        """
        entry = HistoryEntry(at=iso(self._clock.now()), action=action, by=actor, reason=reason)
        try:
            self._tables.transact([self._change(row, to, entry, replayed=replayed)])
        except ConditionsFailed:
            return False
        return True

    def _change(
        self, row: DeadLetterRow, to: DeadLetterState, entry: HistoryEntry, *, replayed: bool
    ) -> Update:
        now = self._clock.now()
        counted: Counter | None = "replays" if replayed else None
        if to.is_settled:
            return change_state(
                row, to, entry, plan=_after(row, to), closed_at=iso(now), counted=counted
            )
        automatic = bool(row.next_delivery_at)
        if to is DeadLetterState.OPEN:
            reopened = opened(now, delivered=row.deliveries, automatic=automatic)
            return change_state(row, to, entry, plan=reopened, counted=counted)
        # The operator may die before anything is sent.
        later = now + ABANDONED_AFTER
        taken_up = Plan(later, later if automatic else None)
        return change_state(row, to, entry, plan=taken_up, sent_at=iso(now), counted=counted)


def _after(row: DeadLetterRow, to: DeadLetterState) -> NextPlan:
    """Nothing more is done about what is settled; but what was handled under its id, and was not
    sent since it failed, the reconciler still sends once."""
    waits = to is DeadLetterState.RESOLVED and row.is_unconfirmed
    return "as it is" if waits else "none"
