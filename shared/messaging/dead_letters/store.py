"""Dead letters as rows: what becomes of one when a failure of its event is reported."""

from dataclasses import replace
from datetime import datetime

from shared.contracts.topics import Topic
from shared.kernel import strict_json
from shared.kernel.clock import Clock, iso
from shared.messaging.dead_letters.dead_letter import DeadLetter, event_id_of, is_contested
from shared.messaging.dead_letters.resend import obstacle
from shared.messaging.dead_letters.schedule import opened
from shared.messaging.ledger import Ledger
from shared.storage.ports import Tables
from shared.storage.records.dead_letter import (
    DeadLetterKind,
    DeadLetterRow,
    DeadLetterState,
    Plan,
    dead_letter_key,
    dead_letter_row_of,
    insert_dead_letter,
    note_failure,
)
from shared.storage.records.dead_letter_history import History, HistoryEntry
from shared.storage.schema import shard_of
from shared.storage.writes import Write


class DeadLetterTables:
    """The dead letters in tables."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock

    def heard(self, dead_letter: DeadLetter) -> DeadLetter:
        """A dead letter as of now: nothing failed later than we hear of it, whatever a report
        says."""
        now = iso(self._clock.now())
        return replace(
            dead_letter,
            failed_at=min(dead_letter.failed_at, now),
            published_at=min(dead_letter.published_at, now),
        )

    def find(self, key: str) -> DeadLetterRow | None:
        """The row as of now, None if there is none.

        Raises:
            DependencyError: the store did not answer.
        """
        return dead_letter_row_of(self._tables.get(*dead_letter_key(key)))

    def handled(self, key: str, topic: str) -> bool:
        """Whether the topic's ledger says that the dead letter's event is done. It says nothing
        about an event whose id was handled with other content.

        Raises:
            DependencyError: the store did not answer.
        """
        if is_contested(key) or topic not in [known.value for known in Topic]:
            return False
        return Ledger(self._tables, self._clock, consumer=topic).find(event_id_of(key)) is not None

    def state_after(
        self, dead_letter: DeadLetter, known: DeadLetterRow | None, *, handled: bool
    ) -> DeadLetterState:
        """The dead letter's state once this failure is told.

        Resolved if the event was handled; discarded if an operator discarded it after this message
        was published; else open, even if it was closed before.
        """
        let_go = known is not None and known.state is DeadLetterState.DISCARDED
        if known is not None and let_go and dead_letter.published_at <= known.closed_at:
            return DeadLetterState.DISCARDED
        return DeadLetterState.RESOLVED if handled else DeadLetterState.OPEN

    def first(self, dead_letter: DeadLetter, state: DeadLetterState) -> Write:
        """The first report: the whole row."""
        now = self._clock.now()
        plan = _plan(dead_letter, dead_letter.kind, now, delivered=0)
        row = _row(dead_letter, state)
        # Of what was handled only what is to be sent once more is looked at again.
        if state is DeadLetterState.OPEN or plan.delivery_at is not None:
            delivery_at = "" if plan.delivery_at is None else iso(plan.delivery_at)
            row = replace(row, due_at=iso(plan.due_at), next_delivery_at=delivery_at)
        if state is not DeadLetterState.OPEN:
            row = replace(row, closed_at=iso(now), closed_shard=shard_of(row.key))
        return insert_dead_letter(row)

    def again(self, dead_letter: DeadLetter, known: DeadLetterRow, state: DeadLetterState) -> Write:
        """One more failure of an event, on the condition that nothing else was noted meanwhile."""
        now = self._clock.now()
        is_newest = dead_letter.failed_at >= known.last_failed_at
        plan = None
        if state is not DeadLetterState.DISCARDED and (is_newest or not known.due_at):
            kind = dead_letter.kind if is_newest else known.kind or dead_letter.kind
            plan = _next_plan(dead_letter, kind, known, state, now)
        settles = state is not DeadLetterState.OPEN and known.state is not state
        # It gets its copy of the event again, and so a time.
        settles |= state is DeadLetterState.RESOLVED and bool(known.redacted_at)
        return note_failure(
            known,
            _row(dead_letter, state),
            _entry(dead_letter, "failed again"),
            plan=plan,
            closed_at=iso(now) if settles else "",
        )


def _row(dead_letter: DeadLetter, state: DeadLetterState) -> DeadLetterRow:
    """As this failure alone makes it."""
    return DeadLetterRow(
        key=dead_letter.key,
        state=state,
        kind=dead_letter.kind,
        topic=dead_letter.topic,
        event_type=dead_letter.event_type,
        cause=dead_letter.cause,
        error=dead_letter.error,
        fingerprint=dead_letter.fingerprint,
        attempts=dead_letter.attempts,
        failures=1,
        first_failed_at=dead_letter.failed_at,
        last_failed_at=dead_letter.failed_at,
        reported_by=dead_letter.reported_by,
        message_id=dead_letter.message_id or "",
        original=strict_json.dumps(dead_letter.original),
        history=History((_entry(dead_letter, "failed"),), count=1),
    )


def _next_plan(
    dead_letter: DeadLetter,
    kind: DeadLetterKind,
    known: DeadLetterRow,
    state: DeadLetterState,
    now: datetime,
) -> Plan | None:
    plan = _plan(dead_letter, kind, now, delivered=known.deliveries)
    if plan.delivery_at is None:
        return plan if state is DeadLetterState.OPEN else None
    # It was sent by itself and failed again: the next time is fixed already.
    if known.next_delivery_at > iso(now):
        at = datetime.fromisoformat(known.next_delivery_at)
        return Plan(at, at)
    return plan


def _plan(dead_letter: DeadLetter, kind: DeadLetterKind, now: datetime, *, delivered: int) -> Plan:
    """Sent again by itself: what was blocked, and can be sent at all."""
    cannot = obstacle(
        dead_letter.event_id, dead_letter.topic, dead_letter.event_type, dead_letter.original
    )
    automatic = kind is DeadLetterKind.BLOCKED and cannot is None
    return opened(now, delivered=delivered, automatic=automatic)


def _entry(dead_letter: DeadLetter, action: str) -> HistoryEntry:
    return HistoryEntry(
        at=dead_letter.failed_at,
        action=action,
        by=dead_letter.reported_by,
        reason=dead_letter.cause,
    )
