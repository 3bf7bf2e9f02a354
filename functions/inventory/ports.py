"""What watching the stock needs of a store."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from shared.contracts.inventory import StockReserved, StockUpdated
from shared.storage.records.stock import StockRow
from shared.storage.writes import Write


class Stock(Protocol):
    """Stock rows and their movements."""

    def find(self, sku: str) -> StockRow | None:
        """The row as it is now, None if there is no such SKU.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def find_all(self, skus: Sequence[str]) -> Mapping[str, StockRow]:
        """The rows as they are now, in one read; a SKU that does not exist is not in it.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def movement_write(self, event: StockUpdated) -> Write:
        """A movement, kept for good."""
        ...

    def reservation_writes(self, event: StockReserved) -> Sequence[Write]:
        """A movement of zero units for each line of a reservation or its refusal, kept for good."""
        ...

    def raise_alert(self, row: StockRow) -> Write:
        """Disarm, if the alert is still armed and the SKU still low."""
        ...

    def rearm_alert(self, row: StockRow) -> Write:
        """Arm again, if the alert is still raised and the SKU still clearly above its threshold."""
        ...
