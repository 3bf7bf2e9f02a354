"""Shelves and movements as items."""

from functions.inventory.domain import ShelfState
from shared.clock import iso
from shared.contracts.inventory import StockUpdated
from shared.envelope import one_line
from shared.ports import Tables
from shared.schema import MOVEMENTS, STOCK
from shared.writes import Absent, AtLeast, AtMost, Equals, Put, Update, Write


class ShelfTables:
    """Shelves in tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def look(self, sku: str) -> ShelfState | None:
        """The shelf as it is now.

        Raises:
            DependencyError: the store did not answer.
        """
        row = self._tables.get(STOCK.name, {"sku": sku})
        if row is None:
            return None
        return ShelfState(
            name=one_line(str(row["name"]), 200),
            available=int(str(row["available"])),
            threshold=int(str(row["threshold"])),
            armed=row["alert"] == "armed",
        )

    def moved(self, event: StockUpdated) -> Write:
        """A movement under its SKU, in time order."""
        payload = event.payload
        delta = payload.new_stock - payload.previous_stock
        return Put(
            MOVEMENTS.name,
            {
                "sku": payload.sku,
                "movementId": f"{iso(event.timestamp)}#{event.event_id}",
                "reason": payload.reason,
                "delta": delta if payload.delta is None else payload.delta,
                "previousStock": payload.previous_stock,
                "newStock": payload.new_stock,
                "orderId": payload.order_id,
                "eventId": event.event_id,
            },
            when=(Absent(),),
        )

    def raise_alert(self, sku: str, threshold: int) -> Write:
        """Disarm, if the shelf is still armed and low."""
        return Update(
            STOCK.name,
            {"sku": sku},
            set={"alert": "raised"},
            when=(Equals("alert", "armed"), AtMost("available", threshold)),
        )

    def rearm(self, sku: str, threshold: int) -> Write:
        """Arm again, if the shelf is still disarmed and no longer low."""
        return Update(
            STOCK.name,
            {"sku": sku},
            set={"alert": "armed"},
            when=(Equals("alert", "raised"), AtLeast("available", threshold + 1)),
        )
