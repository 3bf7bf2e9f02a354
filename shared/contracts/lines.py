"""What carts, orders and holds are made of."""

from typing import Annotated

from pydantic import Field

from shared.envelope import Line, WireModel
from shared.ids import Id, sku_of
from shared.money import SPELLING, Money

MAX_QUANTITY = 1000
MAX_SKUS = 50  # a DynamoDB transaction takes 100 actions, none twice on one item
MAX_HELD_SKUS = 45  # an order of other products takes all of them back in its own transaction

Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class StockLine(WireModel):
    """So many of one product or variation."""

    product_id: Id
    variation_id: Id | None = None
    quantity: Quantity

    @property
    def sku(self) -> str:
        """Key of the stock row."""
        return sku_of(self.product_id, self.variation_id)


class OrderLine(StockLine):
    """A line of a cart or an order: unit price and name as they were sold."""

    price: Money = Field(description=f"Of one unit, {SPELLING}.")
    product_name: Line | None = Field(
        default=None, description="At checkout the catalogue's name is taken instead."
    )


OrderLines = Annotated[
    tuple[OrderLine, ...], Field(strict=False, min_length=1, max_length=2 * MAX_SKUS)
]
StockLines = Annotated[
    tuple[StockLine, ...], Field(strict=False, min_length=1, max_length=2 * MAX_SKUS)
]
