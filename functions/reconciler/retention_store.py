"""Copies of personal data, as the reconciler finds and removes them in the tables."""

from collections.abc import Sequence

from functions.reconciler.retention import Copies, Retention
from shared.commerce.payment_identity import nameless_identity
from shared.kernel.clock import Clock, iso
from shared.messaging.dead_letters.redaction import nameless
from shared.messaging.ports import CorePorts
from shared.storage.ports import Tables
from shared.storage.readable import read_row
from shared.storage.records.checkout import CheckoutRow
from shared.storage.records.dead_letter import dead_letter_key, dead_letter_row_of
from shared.storage.records.retention import (
    closed_in,
    decided_in,
    redact_checkout,
    redact_dead_letter,
)
from shared.storage.schema import CHECKOUTS, DEAD_LETTERS
from shared.storage.writes import ConditionsFailed, Write


class DecidedCheckoutTables:
    """Decided checkouts with a copy of their request; the row without it stays for ever (I3)."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock

    def older(self, shard: int, before: str, limit: int) -> Sequence[str]:
        """Order ids of a shard's checkouts that were decided before a moment, oldest first.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(CHECKOUTS.name, str(shard), index="decided", limit=limit)
        return decided_in(items, before)

    def remove(self, key: str, before: str) -> bool:
        """Remove the copy of the request, if the checkout was decided before a moment.

        Raises:
            UnreadableRowError: the row makes no sense; it keeps what it has.
            ContentionError, DependencyError: try again in the next run.
        """
        item = self._tables.get(CHECKOUTS.name, {"orderId": key})
        if item is None or "decidedShard" not in item:
            return False  # the index lags
        row = read_row(CHECKOUTS.name, item, CheckoutRow.from_item)
        if row.status not in {"confirmed", "rejected"} or (row.decided_at or "~") > before:
            return False
        identity = read_row(CHECKOUTS.name, item, lambda _item: nameless_identity(row))
        return _commit(self._tables, redact_checkout(row, identity, iso(self._clock.now())))


class SettledDeadLetterTables:
    """Settled dead letters with a copy of their event. That they were there, and what they were
    about, stays for ever."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock

    def older(self, shard: int, before: str, limit: int) -> Sequence[str]:
        """Keys of a shard's dead letters that were settled before a moment, oldest first.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(DEAD_LETTERS.name, str(shard), index="closed", limit=limit)
        return closed_in(items, before)

    def remove(self, key: str, before: str) -> bool:
        """Remove the copy of the event, if the dead letter was settled before a moment. One that is
        open or on its way never loses it (I15).

        Raises:
            UnreadableRowError: the row makes no sense; it keeps what it has.
            ContentionError, DependencyError: try again in the next run.
        """
        row = dead_letter_row_of(self._tables.get(*dead_letter_key(key)))
        if row is None or not row.closed_shard or not row.state.is_settled or row.due_at:
            return False
        if row.closed_at > before:
            return False
        kept = nameless(row.original, row.event_type)
        return _commit(self._tables, redact_dead_letter(row, kept, iso(self._clock.now())))


def retentions(
    ports: CorePorts, checkout_days: int | None, dead_letter_days: int | None
) -> list[Retention]:
    """What goes, and after how many days; a kind that is kept for ever is not in it."""
    kinds: tuple[tuple[Copies, int | None], ...] = (
        (DecidedCheckoutTables(ports.tables, ports.clock), checkout_days),
        (SettledDeadLetterTables(ports.tables, ports.clock), dead_letter_days),
    )
    return [Retention(copies, days) for copies, days in kinds if days is not None]


def _commit(tables: Tables, write: Write) -> bool:
    try:
        tables.transact([write])
    except ConditionsFailed:
        return False  # it was opened again, or another run was first
    return True
