"""Which traces name a correlation id: a list, never one story made of several traces."""

from collections.abc import Sequence

from ops.core.operator_ledger import CONSUMER
from ops.core.rows import text
from ops.trace.domain import NamedTrace, NamedTraces
from shared.kernel.errors import UnreadableRowError
from shared.kernel.ids import is_id, may_be_order_id
from shared.storage.ports import Tables
from shared.storage.readable import read_rows
from shared.storage.schema import LEDGER, NAMED_CORRELATION, TRACE_KEY
from shared.storage.writes import Item

MOST_COUNTED = 10_000
MOST_OF_BEFORE = 1000
MOST_SHOWN = 100


class NamedTraceTables:
    """Traces by the correlation id that their first event came with, from tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def find(self, correlation_id: str, *, page: int, limit: int) -> NamedTraces:
        """One page of them, newest first.

        Args:
            page: from 1.
            limit: the most of one page, at most ``MOST_SHOWN``.

        Raises:
            DependencyError: the store did not answer.
        """
        if not is_id(correlation_id):
            return NamedTraces([], 0, 0, counted=True)
        keys, counted = self._keys(correlation_id)
        before = (page - 1) * limit
        wanted = keys[before : before + limit]
        rows = self._tables.get_many([(LEDGER.name, {"id": key}) for key in wanted])
        traces: list[NamedTrace] = []
        unreadable: list[UnreadableRowError] = []
        # A record whose thirty days are over may still stand in the index.
        for read in read_rows(LEDGER.name, [row for row in rows if row is not None], _named):
            if isinstance(read, UnreadableRowError):
                unreadable.append(read)
            else:
                traces.append(read)
        return NamedTraces(traces, min(before, len(keys)), len(keys), counted, unreadable)

    def _keys(self, correlation_id: str) -> tuple[Sequence[str], bool]:
        """The keys of the records that begin these traces, newest first; whether these are all."""
        rows = self._tables.query(
            LEDGER.name,
            correlation_id,
            index="byCorrelation",
            newest_first=True,
            limit=MOST_COUNTED + 1,
        )
        before: list[Item] = []
        if not may_be_order_id(correlation_id):
            before = self._tables.query(
                LEDGER.name,
                correlation_id,
                index="trace",
                newest_first=True,
                limit=MOST_OF_BEFORE + 1,
            )
        counted = len(rows) <= MOST_COUNTED and len(before) <= MOST_OF_BEFORE
        named = [*rows, *(row for row in before if _is_from_before(row, correlation_id))]
        named.sort(key=lambda row: (text(row, "committedAt"), text(row, "id")), reverse=True)
        keys = dict.fromkeys(text(row, "id") for row in named)
        return list(keys)[:MOST_COUNTED], counted


def _is_from_before(record: Item, correlation_id: str) -> bool:
    """Whether a record under this key begins a trace and has its key from the caller.

    Today's records under a key that is no order's belong to the event of this very id.
    """
    return (
        "causationId" not in record
        and NAMED_CORRELATION not in record
        and record.get("consumer") != CONSUMER
        and record.get("eventId") != correlation_id
    )


def _named(record: Item) -> NamedTrace:
    key, event_id = str(record[TRACE_KEY]), str(record["eventId"])
    return NamedTrace(
        name=key if may_be_order_id(key) else event_id,
        event_type=str(record["eventType"]),
        event_id=event_id,
        began_at=str(record["committedAt"]),
    )
