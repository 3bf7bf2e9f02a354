"""The shoppers of the demo and their carts."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from local.stack import catalogue
from local.stack.catalogue import Product


@dataclass(frozen=True, slots=True)
class Cart:
    """What one shopper pays for with one payment."""

    payment_id: str
    lines: tuple[tuple[Product, int], ...]
    email: str = "ada@customer.example"

    @property
    def total(self) -> Decimal:
        """The price of all lines."""
        return sum((Decimal(item.price) * count for item, count in self.lines), Decimal(0))

    def body(self) -> dict[str, Any]:
        """The request a storefront sends."""
        return {
            "userId": "user-ada",
            "customerName": "Ada Lovelace",
            "customerEmail": self.email,
            "customerAddress": "12 St James's Square, London",
            "items": [_line(item, count) for item, count in self.lines],
            "totalAmount": float(self.total),
            "paymentId": self.payment_id,
        }

    def text(self) -> str:
        """The cart as a person reads it."""
        lines = ", ".join(f"{count} x {item.name} {item.price}" for item, count in self.lines)
        return f"{lines}; total {self.total}"


def _line(item: Product, count: int) -> dict[str, Any]:
    line = {"productId": item.product_id, "quantity": count, "price": float(item.price)}
    return line | ({"variationId": item.variation_id} if item.variation_id else {})


def ordinary_cart(payment_id: str) -> Cart:
    """Three products. One of them is a jug whose sale starts its low-stock alert."""
    wanted = {catalogue.ALMOST_LOW: 1, "filter-papers-100": 2, "ceramic-dripper#white": 1}
    lines = tuple((catalogue.product(sku), count) for sku, count in wanted.items())
    return Cart(payment_id, lines)


def sold_out_cart(payment_id: str) -> Cart:
    """A cart with a product that is sold out."""
    return Cart(payment_id, ((catalogue.product(catalogue.SOLD_OUT), 1),))


def signing_cart(run: str) -> Cart:
    """One product, for which the shop's server took the payment."""
    line = (catalogue.product("pour-over-kettle"), 1)
    return Cart(f"pay_signed_{run}", (line,), email="mary@customer.example")
