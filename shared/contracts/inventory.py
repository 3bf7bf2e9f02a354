"""Facts about the units in stock."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.envelope import Event, Line, WireModel
from shared.contracts.lines import MAX_LINES, StockLine, counted, documented
from shared.kernel.ids import Id, sku_of

Units = Annotated[int, Field(ge=0, le=1_000_000_000)]
StockReason = Literal["sale", "restock", "adjustment", "return"]


class StockUpdatedPayload(WireModel):
    """Units moved. The two stocks are as seen by the writer; ``delta``, ours, is exact."""

    product_id: Id
    variation_id: Id | None = None
    previous_stock: Units
    new_stock: Units
    reason: StockReason
    order_id: Id | None = None
    delta: int | None = None

    @property
    def sku(self) -> str:
        """Key of the stock row."""
        return sku_of(self.product_id, self.variation_id)


class StockLowPayload(WireModel):
    """A product fell to its threshold or below."""

    product_id: Id
    variation_id: Id | None = None
    current_stock: Units
    threshold: Units
    product_name: Line

    @property
    def sku(self) -> str:
        """Key of the stock row."""
        return sku_of(self.product_id, self.variation_id)


class ReservedLine(StockLine):
    """A line of a reservation and whether it was granted.

    ``available`` is our own field: the units that were free when we decided. It shows which line
    was short.
    """

    reserved: bool
    available: Units | None = None


class StockReservedPayload(WireModel):
    """What became of a request to reserve units."""

    order_id: Id
    items: Annotated[tuple[ReservedLine, ...], counted(1, MAX_LINES), documented(1, MAX_LINES)]


class StockUpdated(Event):
    """``inventory.stock.updated``."""

    event_type: Literal["inventory.stock.updated"] = "inventory.stock.updated"
    payload: StockUpdatedPayload


class StockLow(Event):
    """``inventory.stock.low``."""

    event_type: Literal["inventory.stock.low"] = "inventory.stock.low"
    payload: StockLowPayload


class StockReserved(Event):
    """``inventory.stock.reserved``."""

    event_type: Literal["inventory.stock.reserved"] = "inventory.stock.reserved"
    payload: StockReservedPayload


InventoryEvent = StockUpdated | StockLow | StockReserved
