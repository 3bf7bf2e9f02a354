"""Orders, their timelines, and the stock that the units of a cancelled one return to, as items."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import cast

from functions.orders.domain import Checkout, CheckoutStatus, Order, TimelineEntry, recorded
from shared.contracts.lines import OrderLine
from shared.contracts.orders import OrderStatus, RefundRequested
from shared.kernel.clock import Clock, iso
from shared.kernel.money import amount
from shared.storage.bounded import note
from shared.storage.ports import Tables
from shared.storage.records.stock import StockRow, read_stock, return_to_stock
from shared.storage.schema import CHECKOUTS, ORDERS
from shared.storage.writes import Equals, Item, Missing, Present, Update, Write


class OrderTables:
    """Orders in tables."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock

    def find(self, order_id: str) -> Order | None:
        """The order as of now.

        Raises:
            DependencyError: the store did not answer.
        """
        item = self._tables.get(ORDERS.name, {"orderId": order_id})
        return None if item is None else _order(item)

    def find_checkout(self, order_id: str) -> Checkout | None:
        """The checkout of the order.

        Raises:
            DependencyError: the store did not answer.
        """
        item = self._tables.get(CHECKOUTS.name, {"orderId": order_id})
        if item is None:
            return None
        # A refund that was noted before its checkout came left a row without a status.
        status = cast("CheckoutStatus", item.get("status") or "accepted")
        return Checkout(status, refund="refundStatus" in item)

    def stock_of(self, order: Order) -> Mapping[str, StockRow]:
        """The stock rows as they are now, in one batch.

        Raises:
            DependencyError: the store did not answer.
        """
        return read_stock(self._tables, [line.sku for line in order.lines])

    def move(
        self, order: Order, to: OrderStatus, entry: TimelineEntry, facts: Mapping[str, str]
    ) -> Write:
        """Change the state, if it still is the one that was read."""
        return Update(
            ORDERS.name,
            {"orderId": order.order_id},
            set={"status": to, "updatedAt": iso(self._clock.now()), **facts},
            append={"timeline": [entry.to_item()]},
            when=(Equals("status", order.status),),
        )

    def correct(
        self, order: Order, entry: TimelineEntry, tracking: Mapping[str, str], *, at: str
    ) -> Write:
        """Tracking as it is now, if the order is still under way and nobody else corrected it.

        Any number of corrections may come: of these, too, the timeline keeps the first, the newest
        and the count (I30).
        """
        told = note(order.row, "timeline", entry.to_item())
        known = order.row.get("trackingAt")
        unchanged = Missing("trackingAt") if known is None else Equals("trackingAt", str(known))
        dropped = tuple(name for name in order.tracking if name not in tracking)
        now = iso(self._clock.now())
        return Update(
            ORDERS.name,
            {"orderId": order.order_id},
            set={**tracking, "trackingAt": at, "updatedAt": now, **told.set},
            add=told.add,
            append=told.append,
            remove=dropped,
            when=(Equals("status", "SHIPPED"), unchanged, *told.when),
        )

    def return_to_stock(self, order: Order, stock: Mapping[str, StockRow]) -> Sequence[Write]:
        """Every unit of the order available again, where its SKU still exists."""
        now = iso(self._clock.now())
        return [
            return_to_stock(line.sku, line.quantity, now)
            for line in order.lines
            if line.sku in stock
        ]

    def note(self, order: Order, entry: TimelineEntry) -> Write:
        """Note on an order's timeline: the first, the newest, and how many (I30)."""
        return _noted(ORDERS.name, order.order_id, order.row, entry)

    def refund(self, event: RefundRequested) -> Write:
        """The request with its checkout, where a payment integration finds it by its state."""
        payload = event.payload
        return Update(
            CHECKOUTS.name,
            {"orderId": payload.order_id},
            set={
                "paymentId": payload.payment_id,
                "refundStatus": "requested",
                "refundAmount": payload.amount,
                "refundReason": payload.reason,
                "refundRequestedAt": iso(event.timestamp),
                "refundEventId": event.event_id,
            },
            append={"timeline": [recorded(event).to_item()]},
            when=(Present(), Missing("refundStatus")),
        )

    def note_checkout(self, order_id: str, entry: TimelineEntry) -> Write:
        """Note on the timeline of a checkout: the first, the newest, and how many (I30).

        Raises:
            DependencyError: the store did not answer.
        """
        row = self._tables.get(CHECKOUTS.name, {"orderId": order_id})
        return _noted(CHECKOUTS.name, order_id, row or {}, entry)


def _noted(table: str, order_id: str, row: Item, entry: TimelineEntry) -> Update:
    told = note(row, "timeline", entry.to_item())
    return Update(
        table,
        {"orderId": order_id},
        set={"updatedAt": entry.at, **told.set},
        add=told.add,
        append=told.append,
        when=(Present(), *told.when),
    )


def _order(item: Item) -> Order:
    return Order(
        order_id=str(item["orderId"]),
        payment_id=str(item["paymentId"]),
        user_id=str(item["userId"]),
        customer_name=str(item["customerName"]),
        customer_email=str(item["customerEmail"]),
        customer_address=str(item["customerAddress"]),
        lines=tuple(_line(line) for line in cast("Sequence[Item]", item["items"])),
        total=Decimal(str(item["totalAmount"])),
        status=cast("OrderStatus", item["status"]),
        row=item,
    )


def _line(item: Item) -> OrderLine:
    variation, name = item.get("variationId"), item.get("productName")
    return OrderLine(
        product_id=str(item["productId"]),
        variation_id=None if variation is None else str(variation),
        quantity=int(str(item["quantity"])),
        price=amount(Decimal(str(item["price"]))),
        product_name=None if name is None else str(name),
    )
