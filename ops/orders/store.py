"""Orders, as operators read them."""

from shared.storage.ports import Tables
from shared.storage.readable import read_row
from shared.storage.records.checkout import CheckoutRow, CheckoutState
from shared.storage.records.order import OrderRow
from shared.storage.schema import CHECKOUTS, ORDERS


class OrderTables:
    """Orders in tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def find(self, order_id: str) -> OrderRow | None:
        """An order as of now, None if there is none.

        Raises:
            UnreadableRowError: it makes no sense.
            DependencyError: the store did not answer.
        """
        item = self._tables.get(ORDERS.name, {"orderId": order_id})
        return None if item is None else read_row(ORDERS.name, item, OrderRow.from_item)

    def checkout_state(self, order_id: str) -> CheckoutState | None:
        """What became of the checkout of an order id, None if there is none.

        Raises:
            UnreadableRowError: it makes no sense.
            DependencyError: the store did not answer.
        """
        item = self._tables.get(CHECKOUTS.name, {"orderId": order_id})
        return (
            None if item is None else read_row(CHECKOUTS.name, item, CheckoutRow.from_item).status
        )
