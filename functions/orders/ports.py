"""What following an order needs of a store."""

from typing import Protocol

from functions.orders.domain import TimelineEntry
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

    def on_checkout(self, order_id: str, entry: TimelineEntry) -> Write:
        """Append to the timeline of a checkout."""
        ...
