"""Timelines as list attributes of orders and checkouts."""

from functions.orders.domain import TimelineEntry, recorded
from shared.clock import iso
from shared.contracts.orders import RefundRequested
from shared.ports import Tables
from shared.schema import CHECKOUTS, ORDERS
from shared.writes import Missing, Present, Update, Write


class TimelineTables:
    """Timelines in tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def order_exists(self, order_id: str) -> bool:
        """Whether there is such an order.

        Raises:
            DependencyError: the store did not answer.
        """
        return self._tables.get(ORDERS.name, {"orderId": order_id}) is not None

    def on_order(self, order_id: str, entry: TimelineEntry) -> Write:
        """Append to an order's timeline."""
        return _append(ORDERS.name, order_id, entry)

    def has_refund(self, order_id: str) -> bool | None:
        """Whether the checkout carries a refund request, None if there is no checkout.

        Raises:
            DependencyError: the store did not answer.
        """
        checkout = self._tables.get(CHECKOUTS.name, {"orderId": order_id})
        return None if checkout is None else "refundStatus" in checkout

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

    def on_checkout(self, order_id: str, entry: TimelineEntry) -> Write:
        """Append to the timeline of a checkout."""
        return _append(CHECKOUTS.name, order_id, entry)


def _append(table: str, order_id: str, entry: TimelineEntry) -> Update:
    return Update(
        table,
        {"orderId": order_id},
        set={"updatedAt": entry.at},
        append={"timeline": [entry.to_item()]},
        when=(Present(),),
    )
