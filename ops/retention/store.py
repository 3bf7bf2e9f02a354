"""Gives rows from before copies had a time their place among those whose time runs (S44)."""

from collections.abc import Callable
from dataclasses import dataclass

from ops.core.table_reader import Source
from shared.kernel.errors import UnreadableRowError
from shared.storage.ports import Tables
from shared.storage.readable import read_row
from shared.storage.records.checkout import CheckoutRow
from shared.storage.records.dead_letter import DeadLetterRow
from shared.storage.records.retention import date_checkout, date_dead_letter
from shared.storage.schema import CHECKOUTS, DEAD_LETTERS
from shared.storage.writes import ConditionsFailed, Item, Update


@dataclass(slots=True)
class Dated:
    """What one run came to.

    Args:
        dated: rows that have their time now.
        unreadable: rows that make no sense, and keep what they have.
    """

    dated: int
    unreadable: list[UnreadableRowError]


def date_all(source: Source, tables: Tables) -> Dated:
    """Look at every checkout and dead letter; running it again, or twice at once, changes nothing.

    Raises:
        ContentionError, DependencyError: what was dated stays dated; run it again.
    """
    done = Dated(0, [])
    looks: tuple[tuple[str, Callable[[Item], Update | None]], ...] = (
        (CHECKOUTS.name, _checkout),
        (DEAD_LETTERS.name, _dead_letter),
    )
    for table, look in looks:
        for page in source.pages(table):
            for item in page:
                try:
                    write = read_row(table, item, look)
                except UnreadableRowError as odd:
                    done.unreadable.append(odd)
                    continue
                if write is not None:
                    done.dated += _committed(tables, write)
    return done


def _checkout(item: Item) -> Update | None:
    row = CheckoutRow.from_item(item)
    is_decided = row.status in {"confirmed", "rejected"} and row.decided_at is not None
    if not is_decided or row.decided_shard is not None or row.redacted_at is not None:
        return None
    return date_checkout(row)


def _dead_letter(item: Item) -> Update | None:
    row = DeadLetterRow.from_item(item)
    if not row.state.is_settled or row.due_at or row.closed_shard or row.redacted_at:
        return None
    return date_dead_letter(row)


def _committed(tables: Tables, write: Update) -> bool:
    try:
        tables.transact([write])
    except ConditionsFailed:
        return False  # it changed since it was read: what changed it gave it its time
    return True
