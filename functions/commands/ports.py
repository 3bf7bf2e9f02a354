"""What deciding about checkouts and holds needs of a store."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from functions.commands.domain import CheckoutSnapshot, Reject
from functions.commands.reservation_rules import Request
from shared.commerce.cart import Cart
from shared.contracts.commands import ReleaseCommand
from shared.storage.records.reservation import Hold
from shared.storage.writes import Write


class OrderBook(Protocol):
    """Knows orders, checkouts and stock; spells decisions as writes."""

    def snapshot(self, cart: Cart) -> CheckoutSnapshot:
        """Everything the decision depends on, in one read.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def available(self, skus: Sequence[str]) -> Mapping[str, int]:
        """Units available now of each of the SKUs that is in the catalogue.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def order_writes(
        self, cart: Cart, snapshot: CheckoutSnapshot, *, event_id: str, correlation_id: str
    ) -> Sequence[Write]:
        """The order, the stock of its lines, what it held, its checkout: all or none (I6)."""
        ...

    def return_to_stock(self, units: Mapping[str, int]) -> Sequence[Write]:
        """Held units by SKU available again."""
        ...

    def rejection_writes(
        self, cart: Cart, snapshot: CheckoutSnapshot, decision: Reject
    ) -> Sequence[Write]:
        """The checkout's final answer."""
        ...


class Reservations(Protocol):
    """Knows what is held for orders."""

    hold_seconds: int

    def look(self, request: Request) -> tuple[Hold | None, Mapping[str, int]]:
        """The order's reservation and the units available by SKU, in one read.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def find(self, order_id: str) -> Hold | None:
        """The order's reservation, whatever became of it.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def available(self, held: Hold) -> Mapping[str, int]:
        """Units available now of each held SKU that is still in the catalogue.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def now(self) -> str:
        """The current moment, to be compared with when a hold expires."""
        ...

    def place(self, request: Request, event_id: str) -> Sequence[Write]:
        """The reservation and its units: all or none."""
        ...

    def end(self, held: Hold, shelves: Mapping[str, int], reason: str) -> Sequence[Write]:
        """This very hold released, and its units back where their shelf still exists."""
        ...

    def release(
        self, command: ReleaseCommand, known: Hold | None, asked_at: str
    ) -> Sequence[Write]:
        """Remember that nothing is wanted for an order that never held anything: its request may
        have been overtaken."""
        ...
