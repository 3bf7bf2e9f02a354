"""Refunds, as operators read and settle them: attributes of checkout rows."""

from ops.refunds.domain import Refund
from shared.kernel.errors import UnreadableRowError
from shared.messaging.outbox import Outbound
from shared.storage.ports import Tables
from shared.storage.readable import read_row, read_rows
from shared.storage.records.checkout import CheckoutRow, settle_refund
from shared.storage.schema import CHECKOUTS
from shared.storage.writes import Item, Write


class RefundTables:
    """Refunds in tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def by_status(self, status: str, limit: int) -> list[Refund | UnreadableRowError]:
        """Refunds in a state, longest waiting first; in the place of one that cannot be read, why.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(CHECKOUTS.name, status, index="refunds", limit=limit)
        read = read_rows(CHECKOUTS.name, items, _refund)
        return [found for found in read if found is not None]

    def find(self, order_id: str) -> Refund | None:
        """The refund of an order, None if no money of it is to go back.

        Raises:
            DependencyError: the store did not answer.
        """
        checkout = self._checkout(order_id)
        if checkout is None or checkout.refund is None:
            return None
        return Refund.of(checkout, checkout.refund)

    def correlation_of(self, order_id: str) -> str:
        """The correlation id that the order's events repeat.

        Raises:
            DependencyError: the store did not answer.
        """
        checkout = self._checkout(order_id)
        if checkout is None or checkout.command is None:
            return order_id
        command = read_row(
            CHECKOUTS.name, {"orderId": order_id, **checkout.command}, Outbound.from_item
        )
        return command.correlation_id or order_id

    def _checkout(self, order_id: str) -> CheckoutRow | None:
        item = self._tables.get(CHECKOUTS.name, {"orderId": order_id})
        return None if item is None else read_row(CHECKOUTS.name, item, CheckoutRow.from_item)


def _refund(item: Item) -> Refund | None:
    row = CheckoutRow.from_item(item)
    return None if row.refund is None else Refund.of(row, row.refund)


def settlement_write(refund: Refund, reference: str, now: str) -> Write:
    """The money went back, noted once."""
    return settle_refund(refund.order_id, reference=reference, now=now)
