"""What following an order needs of a store."""

from typing import Protocol

from functions.orders.domain import TimelineEntry
from shared.contracts.orders import RefundRequested
from shared.writes import Write


class Timelines(Protocol):
    """The timelines of orders, and of checkouts that never became one."""

    def order_exists(self, order_id: str) -> bool:
        """Whether there is such an order.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def on_order(self, order_id: str, entry: TimelineEntry) -> Write:
        """Append to an order's timeline."""
        ...

    def has_refund(self, order_id: str) -> bool | None:
        """Whether money of this payment was asked back before, None for an unknown checkout.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def refund(self, event: RefundRequested) -> Write:
        """Note the refund with the checkout, once (I21)."""
        ...

    def on_checkout(self, order_id: str, entry: TimelineEntry) -> Write:
        """Append to the timeline of a checkout."""
        ...
