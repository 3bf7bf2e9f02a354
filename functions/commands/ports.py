"""What deciding about checkouts and reservations needs of a store."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from functions.commands.domain import CheckoutSnapshot, Reject
from functions.commands.reservation_rules import Request
from shared.commerce.cart import Cart
from shared.contracts.commands import ReleaseCommand
from shared.storage.records.reservation import Reservation
from shared.storage.records.stock import StockRow
from shared.storage.writes import Write


class OrderBook(Protocol):
    """Knows orders, checkouts and stock; spells decisions as writes."""

    def snapshot(self, cart: Cart) -> CheckoutSnapshot:
        """Everything the decision depends on, under both ids that the payment can have, in one read.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def stock_of(self, skus: Sequence[str]) -> Mapping[str, StockRow]:
        """The stock row, now, of each of the SKUs that is in the catalogue.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def order_writes(
        self, cart: Cart, snapshot: CheckoutSnapshot, *, event_id: str, correlation_id: str
    ) -> Sequence[Write]:
        """The order, the stock of its lines, its reservation, its checkout: all or none (I6)."""
        ...

    def return_to_stock(self, units: Mapping[str, int]) -> Sequence[Write]:
        """Reserved units by SKU that are available again."""
        ...

    def rejection_writes(
        self, cart: Cart, snapshot: CheckoutSnapshot, decision: Reject
    ) -> Sequence[Write]:
        """The checkout's final answer."""
        ...


class Reservations(Protocol):
    """Knows what is reserved for orders."""

    reservation_seconds: int

    def look(self, request: Request) -> tuple[Reservation | None, Mapping[str, StockRow]]:
        """The order's reservation and the stock rows by SKU, in one read.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def find(self, order_id: str) -> Reservation | None:
        """The order's reservation, whatever became of it.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def stock_of(self, reservation: Reservation) -> Mapping[str, StockRow]:
        """The stock row, now, of each reserved SKU that is still in the catalogue.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def now(self) -> str:
        """The current moment, to be compared with when a reservation expires."""
        ...

    def reserve_writes(self, request: Request, event_id: str) -> Sequence[Write]:
        """The reservation and its units: all or none."""
        ...

    def release_writes(
        self, reservation: Reservation, stock: Mapping[str, StockRow], reason: str
    ) -> Sequence[Write]:
        """This very reservation released, and its units available where their SKU still exists."""
        ...

    def early_release_writes(
        self, command: ReleaseCommand, known: Reservation | None, asked_at: str
    ) -> Sequence[Write]:
        """Remember that nothing is wanted for an order that never reserved anything: its request
        may have been overtaken."""
        ...
