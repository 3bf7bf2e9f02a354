"""Reads what happened to an order: its rows, the ledger's records, and the dead letters."""

from collections.abc import Mapping, Sequence

from ops.core.errors import OperatorError
from ops.core.rows import entries, text
from ops.trace.domain import Hop, OwedEvent, Trace
from shared.kernel.ids import order_id_for
from shared.messaging.outbox import Outbound
from shared.storage.ports import Tables
from shared.storage.records.checkout import CheckoutRow
from shared.storage.records.dead_letter import dead_letter_key, dead_letter_row_of
from shared.storage.records.order import OrderRow
from shared.storage.schema import CHECKOUTS, LEDGER, ORDERS
from shared.storage.writes import Item

# As many as one read of the store takes.
_MOST_OWED = 100
_MOST_HOPS = 1000


class TraceTables:
    """Traces, from tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def find(self, name: str) -> Trace:
        """The trace of an order, by the id of the order or of its payment.

        Raises:
            OperatorError: neither an order nor a checkout has this id, nor that of this payment.
            DependencyError: the store did not answer.
        """
        order_id, checkout, order = self._found(name)
        command = None if checkout is None else checkout.command
        correlation = None if order is None else order.correlation_id
        if correlation is None and command is not None:
            correlation = Outbound.from_item(command).correlation_id
        records = self._tables.query(
            LEDGER.name, correlation or order_id, index="trace", limit=_MOST_HOPS
        )
        return Trace(
            order_id=order_id,
            checkout=checkout,
            order=order,
            hops=[_hop(record) for record in records],
            owed=self._owed(records, command),
        )

    def _found(self, name: str) -> tuple[str, CheckoutRow | None, OrderRow | None]:
        for order_id in (name, order_id_for(name)):
            key = {"orderId": order_id}
            accepted, placed = self._tables.get_many([(CHECKOUTS.name, key), (ORDERS.name, key)])
            checkout = None if accepted is None else CheckoutRow.from_item(accepted)
            order = None if placed is None else OrderRow.from_item(placed)
            if checkout is not None or order is not None:
                return order_id, checkout, order
        raise OperatorError(f"order: no order, checkout or payment is called {name}")

    def _owed(self, records: Sequence[Item], command: Item | None) -> list[OwedEvent]:
        types = _promised(records, command)
        ids = list(types)[:_MOST_OWED]
        rows = self._tables.get_many([dead_letter_key(event_id) for event_id in ids])
        return [
            OwedEvent(types[event_id], event_id, dead_letter_row_of(row))
            for event_id, row in zip(ids, rows, strict=True)
        ]


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


def _hop(record: Item) -> Hop:
    return Hop(
        committed_at=str(record["committedAt"]),
        consumer=str(record["consumer"]),
        event_type=str(record["eventType"]),
        outcome=str(record["outcome"]),
        attempts=int(str(record["attempts"])),
        state=str(record["state"]),
    )
