"""Stock rows and movements in tables."""

from collections.abc import Mapping, Sequence

from functions.inventory.domain import rearm_level
from shared.contracts.inventory import StockReserved, StockUpdated
from shared.kernel.clock import iso
from shared.storage.ports import Tables
from shared.storage.records import stock
from shared.storage.records.stock import StockRow
from shared.storage.schema import MOVEMENTS
from shared.storage.writes import Absent, Put, Write


class StockTables:
    """Stock in tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def find(self, sku: str) -> StockRow | None:
        """The row as it is now.

        Raises:
            DependencyError: the store did not answer.
        """
        item = self._tables.get(*stock.stock_key(sku))
        return None if item is None else StockRow.from_item(item)

    def find_all(self, skus: Sequence[str]) -> Mapping[str, StockRow]:
        """The rows as they are now, in one batch.

        Raises:
            DependencyError: the store did not answer.
        """
        return stock.read_stock(self._tables, skus)

    def movement_write(self, event: StockUpdated) -> Write:
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

    def reservation_writes(self, event: StockReserved) -> Sequence[Write]:
        """One movement per line under its SKU; from available to reserved, so its delta is zero."""
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

    def raise_alert(self, row: StockRow) -> Write:
        """Disarm, if the alert is still armed and the SKU still low."""
        return stock.raise_alert(row)

    def rearm_alert(self, row: StockRow) -> Write:
        """Arm again, if the alert is still raised and the SKU still clearly above its threshold."""
        return stock.rearm_alert(row, rearm_level(row.threshold))
