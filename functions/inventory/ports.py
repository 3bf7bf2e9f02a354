"""What watching the shelves needs of a store."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from functions.inventory.domain import ShelfState
from shared.contracts.inventory import StockReserved, StockUpdated
from shared.storage.writes import Write


class Shelves(Protocol):
    """Stock rows and their movements."""

    def look(self, sku: str) -> ShelfState | None:
        """The shelf as it is now, None if there is no such SKU.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def look_at(self, skus: Sequence[str]) -> Mapping[str, ShelfState]:
        """The shelves as they are now, in one read; a SKU that does not exist is not in it.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def moved(self, event: StockUpdated) -> Write:
        """A movement, kept for good."""
        ...

    def asked(self, event: StockReserved) -> Sequence[Write]:
        """A movement of nothing for each line of a hold or its refusal, kept for good."""
        ...

    def raise_alert(self, sku: str, threshold: int) -> Write:
        """Disarm, if the shelf is still armed and low."""
        ...

    def rearm(self, sku: str, threshold: int) -> Write:
        """Arm again, if the shelf is still disarmed and clearly above its threshold."""
        ...
