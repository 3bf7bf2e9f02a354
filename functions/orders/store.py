"""Timelines as list attributes of orders and checkouts."""

from functions.orders.domain import TimelineEntry
from shared.ports import Tables
from shared.schema import CHECKOUTS, ORDERS
from shared.writes import Present, Update, Write


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
