"""Reads what happened to an order: its rows, the ledger's records, and the dead letters."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from ops.core.errors import OperatorError
from ops.core.operator_ledger import CONSUMER
from ops.core.order_ids import possible_ids
from ops.core.rows import entries, text
from ops.trace.chain import caused_keys, origins, outbox_of
from ops.trace.domain import Hop, Origin, OwedEvent, Trace
from shared.contracts.topics import ORDER_CORRECTED, Topic
from shared.kernel.errors import UnreadableRowError
from shared.kernel.ids import OrderIds, cancellation_event_id_for, checkout_event_id_for
from shared.storage.ports import Tables
from shared.storage.readable import read_row, read_rows
from shared.storage.records.checkout import CheckoutRow
from shared.storage.records.dead_letter import DeadLetterRow, dead_letter_key
from shared.storage.records.order import OrderRow
from shared.storage.schema import CHECKOUTS, DEAD_LETTERS, LEDGER, ORDERS
from shared.storage.writes import Item

T = TypeVar("T")

# As many as one read of the store takes.
_BATCH = 100
_MOST_OWED = 100
MOST_HOPS = 1000
CONSUMERS = (*(topic.value for topic in Topic), CONSUMER)


class TraceTables:
    """Traces, from tables.

    Args:
        order_ids: of the stage's payments, None where their key cannot be read.
    """

    def __init__(self, tables: Tables, order_ids: OrderIds | None) -> None:
        self._tables, self._order_ids = tables, order_ids

    def find(self, name: str) -> Trace:
        """As :meth:`look`.

        Raises:
            OperatorError: nothing is called so.
            DependencyError: the store did not answer.
        """
        trace = self.look(name)
        if trace is None:
            raise OperatorError(f"order: no order, checkout, payment or event is called {name}")
        return trace

    def look(self, name: str) -> Trace | None:
        """The trace of an order, by the id of the order or of its payment; or what followed from an
        event, by its id. None if nothing is called so.

        Raises:
            DependencyError: the store did not answer.
        """
        for order_id in possible_ids(name, self._order_ids):
            key = {"orderId": order_id}
            accepted, placed = self._tables.get_many([(CHECKOUTS.name, key), (ORDERS.name, key)])
            if accepted is not None or placed is not None:
                return self._of_order(order_id, accepted, placed)
        records = self._by_key([f"{consumer}#{name}" for consumer in CONSUMERS])
        return self._trace(name, records, None, None, [], more=False) if records else None

    def _of_order(self, order_id: str, accepted: Item | None, placed: Item | None) -> Trace:
        unreadable: list[UnreadableRowError] = []
        checkout = _kept(unreadable, CHECKOUTS.name, accepted, CheckoutRow.from_item)
        order = _kept(unreadable, ORDERS.name, placed, OrderRow.from_item)
        found = self._tables.query(LEDGER.name, order_id, index="trace", limit=MOST_HOPS + 1)
        known = {text(record, "id"): record for record in found[:MOST_HOPS]}
        # Records from before traces had keys of their own stand under the caller's correlation id:
        # those that follow from the checkout are found by what it caused.
        command = [f"{Topic.COMMANDS.value}#{event_id}" for event_id in _commands(checkout, order)]
        records = [*known.values(), *self._by_key(key for key in command if key not in known)]
        more = len(found) > MOST_HOPS
        return self._trace(order_id, records, checkout, order, unreadable, more=more)

    def _trace(
        self,
        name: str,
        records: Sequence[Item],
        checkout: CheckoutRow | None,
        order: OrderRow | None,
        unreadable: list[UnreadableRowError],
        *,
        more: bool,
    ) -> Trace:
        readable = [r for r in records if _kept(unreadable, LEDGER.name, r, _checked) is not None]
        whole, cut = self._with_what_followed(readable, unreadable)
        corrections = () if order is None else _corrections(order)
        ours = {*_commands(checkout, order), cancellation_event_id_for(name), *corrections}
        began = origins(whole, ours)
        hops = sorted(
            (_hop(record, began[text(record, "id")]) for record in whole),
            key=lambda hop: (hop.committed_at, hop.event_id, hop.consumer),
        )
        owed, left = self._owed(whole, None if checkout is None else checkout.command)
        return Trace(
            name,
            checkout,
            order,
            hops,
            owed,
            more=more or cut,
            more_owed=left,
            unreadable=unreadable,
        )

    def _with_what_followed(
        self, records: Sequence[Item], unreadable: list[UnreadableRowError]
    ) -> tuple[list[Item], bool]:
        """The records and all that follow from them; whether there are too many to read."""
        known = {text(record, "id"): record for record in records}
        asked = {*known, *(error.key for error in unreadable)}
        newest = list(known.values())
        while wanted := [key for key in dict.fromkeys(caused_keys(newest)) if key not in asked]:
            if len(known) + len(wanted) > MOST_HOPS + _MOST_OWED:
                return list(known.values()), True
            asked.update(wanted)
            found = self._by_key(wanted)
            newest = [r for r in found if _kept(unreadable, LEDGER.name, r, _checked) is not None]
            known |= {text(record, "id"): record for record in newest}
        return list(known.values()), False

    def _by_key(self, keys: Iterable[str]) -> list[Item]:
        wanted = list(keys)
        found: list[Item | None] = []
        for start in range(0, len(wanted), _BATCH):
            some = wanted[start : start + _BATCH]
            found += self._tables.get_many([(LEDGER.name, {"id": key}) for key in some])
        return [record for record in found if record is not None]

    def _owed(self, records: Sequence[Item], command: Item | None) -> tuple[list[OwedEvent], int]:
        types = _promised(records, command)
        ids = list(types)[:_MOST_OWED]
        rows = self._tables.get_many([dead_letter_key(event_id) for event_id in ids])
        owed = [
            OwedEvent(types[event_id], event_id, None if row is None else _dead_letter(row))
            for event_id, row in zip(ids, rows, strict=True)
        ]
        return owed, len(types) - len(ids)


def _commands(checkout: CheckoutRow | None, order: OrderRow | None) -> list[str]:
    """The ids that the command of a checkout can have: the API's, or that of another program, which
    the order's timeline names."""
    payment = next((row.payment_id for row in (checkout, order) if row is not None), None)
    ids = [] if payment is None else [checkout_event_id_for(payment)]
    if order is not None:
        ids += [entry.event_id for entry in order.timeline.first if entry.verdict == "placed"]
    return ids


def _corrections(order: OrderRow) -> list[str]:
    """The ids of its customer's corrections: they are keyed, so its timeline is asked."""
    return [
        entry.event_id
        for entry in order.timeline.entries
        if entry.event_type == ORDER_CORRECTED and entry.facts.get("correctedBy") == "user"
    ]


def _kept(
    unreadable: list[UnreadableRowError],
    table: str,
    item: Item | None,
    decode: Callable[[Item], T],
) -> T | None:
    """The row, decoded; None if there is none, or if it makes no sense, which is noted once."""
    if item is None:
        return None
    try:
        return read_row(table, item, decode)
    except UnreadableRowError as error:
        unreadable.append(error)
        return None


def _checked(record: Item) -> Item:
    _hop(record, "program")
    outbox_of(record)
    return record


def _dead_letter(row: Item) -> DeadLetterRow | UnreadableRowError:
    return next(iter(read_rows(DEAD_LETTERS.name, [row], DeadLetterRow.from_item)))


def _promised(records: Sequence[Item], command: Item | None) -> Mapping[str, str]:
    """The types of the events that were promised and not handled, by event id."""
    promised = [command] if command is not None else []
    for record in records:
        promised += entries(record, "outbox")
    handled = {text(record, "eventId") for record in records}
    return {
        text(message, "eventId"): text(message, "eventType")
        for message in promised
        if text(message, "eventId") not in handled
    }


def _hop(record: Item, began: Origin) -> Hop:
    return Hop(
        committed_at=str(record["committedAt"]),
        consumer=str(record["consumer"]),
        event_id=str(record["eventId"]),
        event_type=str(record["eventType"]),
        outcome=str(record["outcome"]),
        attempts=int(str(record["attempts"])),
        state=str(record["state"]),
        began=began,
    )
