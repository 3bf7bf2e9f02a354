"""Orders, their timelines, and the stock that the units of a cancelled one return to, as items."""

from collections.abc import Mapping, Sequence

from functions.orders.domain import recorded
from shared.contracts.orders import RefundPayload, RefundRequested
from shared.contracts.statuses import OrderStatus
from shared.kernel.clock import Clock, iso
from shared.storage.ports import Tables
from shared.storage.records.checkout import (
    REQUESTED,
    CheckoutRow,
    RefundRow,
    note_on_checkout,
    request_refund,
)
from shared.storage.records.contact import ContactCorrection
from shared.storage.records.order import (
    OrderRow,
    correct_contact,
    correct_tracking,
    move_order,
    note_on_order,
)
from shared.storage.records.stock import StockRow, read_stock, return_to_stock
from shared.storage.records.timeline import TimelineEntry
from shared.storage.schema import CHECKOUTS, ORDERS
from shared.storage.writes import Write


class OrderTables:
    """Orders in tables."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock

    def find(self, order_id: str) -> OrderRow | None:
        """The order as of now.

        Raises:
            DependencyError: the store did not answer.
        """
        item = self._tables.get(ORDERS.name, {"orderId": order_id})
        return None if item is None else OrderRow.from_item(item)

    def find_checkout(self, order_id: str) -> CheckoutRow | None:
        """The checkout of the order.

        Raises:
            DependencyError: the store did not answer.
        """
        item = self._tables.get(CHECKOUTS.name, {"orderId": order_id})
        return None if item is None else CheckoutRow.from_item(item)

    def stock_of(self, order: OrderRow) -> Mapping[str, StockRow]:
        """The stock rows as they are now, in one batch.

        Raises:
            DependencyError: the store did not answer.
        """
        return read_stock(self._tables, [line.sku for line in order.lines])

    def move(
        self, order: OrderRow, to: OrderStatus, entry: TimelineEntry, facts: Mapping[str, str]
    ) -> Write:
        """Change the state, if it still is the one that was read."""
        return move_order(order, to, entry, facts, iso(self._clock.now()))

    def correct(
        self, order: OrderRow, entry: TimelineEntry, tracking: Mapping[str, str], *, at: str
    ) -> Write:
        """Tracking as it is now, if the order is still under way and no other correction came."""
        return correct_tracking(order, entry, tracking, at=at, now=iso(self._clock.now()))

    def correct_contact(
        self, order: OrderRow, entry: TimelineEntry, correction: ContactCorrection
    ) -> Write:
        """Whom the order goes to now, if it is as it was read."""
        return correct_contact(order, entry, correction, now=iso(self._clock.now()))

    def return_to_stock(self, order: OrderRow, stock: Mapping[str, StockRow]) -> Sequence[Write]:
        """Every unit of the order available again, where its SKU still exists."""
        now = iso(self._clock.now())
        return [
            return_to_stock(line.sku, line.quantity, now)
            for line in order.lines
            if line.sku in stock
        ]

    def note(self, order: OrderRow, entry: TimelineEntry) -> Write:
        """Note on an order's timeline: the first, the newest, and how many (I30)."""
        return note_on_order(order, entry)

    def refund(self, event: RefundRequested, owed: RefundPayload) -> Write:
        """The request with its checkout, where a payment integration finds it by its state."""
        refund = RefundRow(
            status=REQUESTED,
            amount=owed.amount,
            reason=owed.reason,
            requested_at=iso(event.timestamp),
            event_id=event.event_id,
            is_vouched=owed.payment_vouched is not False,
        )
        return request_refund(owed.order_id, refund, recorded(event))

    def note_checkout(self, checkout: CheckoutRow, entry: TimelineEntry) -> Write:
        """Note on the timeline of a checkout: the first, the newest, and how many (I30)."""
        return note_on_checkout(checkout, entry)
