"""What carts, orders and reservations are made of."""

from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic.fields import FieldInfo

from shared.contracts.envelope import OR_NONE, Line, WireModel
from shared.kernel.ids import Id, sku_of
from shared.kernel.money import SPELLING, Money

MAX_QUANTITY = 1000
MAX_SKUS = 50  # a DynamoDB transaction takes 100 actions, none twice on one item
MAX_RESERVED_SKUS = 45  # an order of other products takes all of them back in its own transaction

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
    product_name: Annotated[Line | None, OR_NONE] = Field(
        default=None, description="At checkout the catalogue's name is taken instead."
    )


def counted(least: int, most: int) -> BeforeValidator:
    """How many entries a list may have, counted before any of them is looked at.

    pydantic counts what is left once the bad entries are gone: it would say of a list with one
    entry, a bad one, that it is too short as well.
    """

    def check(value: object) -> object:
        if isinstance(value, list | tuple):
            if len(value) < least:
                raise ValueError(f"must have at least {_entries(least)}")
            if len(value) > most:
                raise ValueError(f"must have at most {_entries(most)}")
        return value

    return BeforeValidator(check)


def _entries(number: int) -> str:
    return "1 entry" if number == 1 else f"{number} entries"


def documented(least: int, most: int) -> FieldInfo:
    """The same limits, for a reader of the schema. JSON brings a list where we keep a tuple."""
    limits: FieldInfo = Field(strict=False, json_schema_extra={"minItems": least, "maxItems": most})
    return limits


MAX_LINES = 2 * MAX_SKUS
OrderLines = Annotated[tuple[OrderLine, ...], counted(1, MAX_LINES), documented(1, MAX_LINES)]
StockLines = Annotated[tuple[StockLine, ...], counted(1, MAX_LINES), documented(1, MAX_LINES)]
