"""Shelves and movements as items."""

from collections.abc import Mapping, Sequence

from functions.inventory.domain import ShelfState, rearm_level
from shared.contracts.inventory import StockReserved, StockUpdated
from shared.kernel.clock import iso
from shared.kernel.legible import legible
from shared.kernel.text import one_line
from shared.storage.ports import Tables
from shared.storage.schema import MOVEMENTS, STOCK
from shared.storage.writes import Absent, AtLeast, AtMost, Equals, Item, Put, Update, Write


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
        return None if row is None else _shelf(row)

    def look_at(self, skus: Sequence[str]) -> Mapping[str, ShelfState]:
        """The shelves as they are now, in one batch.

        Raises:
            DependencyError: the store did not answer.
        """
        rows = self._tables.get_many([(STOCK.name, {"sku": sku}) for sku in skus])
        found = zip(skus, rows, strict=True)
        return {sku: _shelf(row) for sku, row in found if row is not None}

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
                # Only what a decision of ours emitted has one: its delta is exact.
                "causationId": event.causation_id,
            },
            when=(Absent(),),
        )

    def asked(self, event: StockReserved) -> Sequence[Write]:
        """One movement per line under its SKU; between shelf and hold, so its delta is nought."""
        payload, at = event.payload, iso(event.timestamp)
        return [
            Put(
                MOVEMENTS.name,
                {
                    "sku": line.sku,
                    # The line's number: nothing keeps an event from naming a SKU twice.
                    "movementId": f"{at}#{event.event_id}#{index}",
                    "reason": "hold",
                    "delta": 0,
                    "quantity": line.quantity,
                    "reserved": line.reserved,
                    "previousStock": line.available,
                    "orderId": payload.order_id,
                    "eventId": event.event_id,
                },
                when=(Absent(),),
            )
            for index, line in enumerate(payload.items)
        ]

    def raise_alert(self, sku: str, threshold: int) -> Write:
        """Disarm, if the shelf is still armed and low."""
        return Update(
            STOCK.name,
            {"sku": sku},
            set={"alert": "raised"},
            when=(Equals("alert", "armed"), AtMost("available", threshold)),
        )

    def rearm(self, sku: str, threshold: int) -> Write:
        """Arm again, if the shelf is still disarmed and clearly above its threshold."""
        return Update(
            STOCK.name,
            {"sku": sku},
            set={"alert": "armed"},
            when=(Equals("alert", "raised"), AtLeast("available", rearm_level(threshold))),
        )


def _shelf(row: Item) -> ShelfState:
    return ShelfState(
        name=one_line(legible(str(row["name"])), 200),
        available=int(str(row["available"])),
        threshold=int(str(row["threshold"])),
        armed=row["alert"] == "armed",
    )
