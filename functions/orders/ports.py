"""What following an order needs of a store."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from shared.contracts.orders import RefundPayload, RefundRequested
from shared.contracts.statuses import OrderStatus
from shared.storage.records.checkout import CheckoutRow
from shared.storage.records.contact import ContactCorrection
from shared.storage.records.order import OrderRow
from shared.storage.records.stock import StockRow
from shared.storage.records.timeline import TimelineEntry
from shared.storage.writes import Write


class Orders(Protocol):
    """Orders with their timelines, and the checkouts that some of them never became."""

    def find(self, order_id: str) -> OrderRow | None:
        """The order as of now.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def find_checkout(self, order_id: str) -> CheckoutRow | None:
        """The checkout that the order is to come from, or came from.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def stock_of(self, order: OrderRow) -> Mapping[str, StockRow]:
        """The stock row, now, of each SKU of the order that is still in the catalogue.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def move(
        self, order: OrderRow, to: OrderStatus, entry: TimelineEntry, facts: Mapping[str, str]
    ) -> Write:
        """Change the state, if it still is the one that was read."""
        ...

    def correct(
        self, order: OrderRow, entry: TimelineEntry, tracking: Mapping[str, str], *, at: str
    ) -> Write:
        """Store other tracking, if the order is still under way and no other correction came.

        Args:
            tracking: all of it: what is not in it is forgotten.
            at: when it was written (ISO-8601).
        """
        ...

    def correct_contact(
        self, order: OrderRow, entry: TimelineEntry, correction: ContactCorrection
    ) -> Write:
        """Store whom the order goes to, if it is as it was read: not shipped, and nothing noted."""
        ...

    def return_to_stock(self, order: OrderRow, stock: Mapping[str, StockRow]) -> Sequence[Write]:
        """Every unit of the order available again, where its SKU still exists."""
        ...

    def note(self, order: OrderRow, entry: TimelineEntry) -> Write:
        """Note on an order's timeline, and change nothing else. Of what any number of events may
        tell the first, the newest and the count are kept (I30)."""
        ...

    def refund(self, event: RefundRequested, owed: RefundPayload) -> Write:
        """Note the refund with the checkout, once (I21).

        Args:
            owed: what goes back, as it is stored of the order.
        """
        ...

    def note_checkout(self, checkout: CheckoutRow, entry: TimelineEntry) -> Write:
        """Note on the timeline of a checkout, by the same rule."""
        ...
