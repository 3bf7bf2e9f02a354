"""A small shop: what the local catalogue sells, and how it gets into the stock table."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError


@dataclass(frozen=True, slots=True)
class Product:
    """One product of the catalogue; `price` as a shopper reads it."""

    product_id: str
    name: str
    price: str
    available: int
    threshold: int = 5
    variation_id: str | None = None

    @property
    def sku(self) -> str:
        """The key in the stock table."""
        return f"{self.product_id}#{self.variation_id}" if self.variation_id else self.product_id

    def item(self, now: str) -> dict[str, dict[str, str]]:
        """The row as DynamoDB takes it."""
        row = {
            "sku": {"S": self.sku},
            "productId": {"S": self.product_id},
            "name": {"S": self.name},
            "price": {"N": self.price},
            "available": {"N": str(self.available)},
            "reserved": {"N": "0"},
            "threshold": {"N": str(self.threshold)},
            "alert": {"S": "raised" if self.available <= self.threshold else "armed"},
            "updatedAt": {"S": now},
        }
        return row | ({"variationId": {"S": self.variation_id}} if self.variation_id else {})


CATALOGUE = (
    Product("espresso-beans-1kg", "Espresso beans, 1 kg", "24.90", 120, threshold=20),
    Product("pour-over-kettle", "Pour-over kettle, 0.9 l", "59.00", 35),
    Product("ceramic-dripper", "Ceramic dripper", "18.75", 60, variation_id="white"),
    Product("ceramic-dripper", "Ceramic dripper", "18.75", 42, variation_id="black"),
    Product("hand-grinder", "Hand grinder, steel burrs", "129.99", 12),
    Product("filter-papers-100", "Filter papers, 100 pieces", "4.20", 400, threshold=50),
    Product("barista-apron", "Barista apron", "34.50", 18, variation_id="m"),
    Product("barista-apron", "Barista apron", "34.50", 7, variation_id="l"),
    # One sale away from the low-stock alert.
    Product("milk-jug-350", "Milk jug, 350 ml", "15.95", 6),
    # Sold out: what a shopper meets sooner or later.
    Product("limited-mug-2026", "Limited mug, edition 2026", "22.00", 0, threshold=3),
)

ALMOST_LOW = "milk-jug-350"
SOLD_OUT = "limited-mug-2026"


def product(sku: str) -> Product:
    """The product with this key."""
    return next(entry for entry in CATALOGUE if entry.sku == sku)


def seed(dynamodb: Any, table: str, now: Callable[[], datetime]) -> int:
    """Add the missing products; never touches a product that is there. How many were new."""
    return sum(_put_if_missing(dynamodb, table, entry.item(_stamp(now))) for entry in CATALOGUE)


def _stamp(now: Callable[[], datetime]) -> str:
    return now().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _put_if_missing(dynamodb: Any, table: str, item: dict[str, dict[str, str]]) -> bool:
    try:
        dynamodb.put_item(
            TableName=table, Item=item, ConditionExpression="attribute_not_exists(sku)"
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True
