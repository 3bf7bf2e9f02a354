"""What shoppers, other producers and vandals do during a run: a plan that a seed determines."""

import random
import uuid
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from local.stack.client import StackClient

_PRICE = Decimal("10.00")
_CHANGED = Decimal("7.50")


@dataclass(frozen=True, slots=True)
class Product:
    """Something on the shelf of this run."""

    sku: str
    available: int
    threshold: int


# Plenty of some, too few of others; one falls to its threshold on the way.
PRODUCTS = (
    *(Product(f"chaos-plenty-{n}", 400, 0) for n in range(6)),
    *(Product(f"chaos-scarce-{n}", 30, 0) for n in range(3)),
    Product("chaos-falling#red", 60, 45),
    Product("chaos-falling#blue", 35, 20),
)


class Kind(StrEnum):
    """What one actor does."""

    ONCE = "one POST"
    REPEATED = "the same POST again and again"
    OTHER_CART = "the same payment with another cart"
    OUTSIDE = "a command straight to QStash"
    WRONG_PRICE = "a command with a price of its own"
    POISON = "a message that can never be handled"


_WEIGHTS = {
    Kind.ONCE: 60,
    Kind.REPEATED: 14,
    Kind.OTHER_CART: 6,
    Kind.OUTSIDE: 12,
    Kind.WRONG_PRICE: 3,
    Kind.POISON: 5,
}
POISONS = ("not json", "no such type", "wrong total", "somebody else's payment")


@dataclass(frozen=True, slots=True)
class Act:
    """One actor's part.

    Args:
        cart: the body of a checkout; ``other`` is another cart for the same payment.
        times: how often it is posted.
        poison: which kind of poison.
    """

    kind: Kind
    cart: dict[str, Any]
    other: dict[str, Any]
    times: int = 1
    poison: str = ""


def plan(count: int, chance: random.Random) -> list[Act]:
    """So many acts, in order."""
    run = uuid.UUID(int=chance.getrandbits(128)).hex[:8]
    kinds = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=count)
    return [_act(number, f"{run}-{number}", kind, chance) for number, kind in enumerate(kinds)]


def _act(number: int, name: str, kind: Kind, chance: random.Random) -> Act:
    price = _CHANGED if kind is Kind.WRONG_PRICE else _PRICE
    cart = _cart(name, chance, price)
    return Act(
        kind=kind,
        cart=cart,
        other=_cart(name, chance, _PRICE, quantity=7),
        times=chance.randint(2, 4) if kind is Kind.REPEATED else 1,
        poison=POISONS[number % len(POISONS)] if kind is Kind.POISON else "",
    )


def _cart(
    name: str, chance: random.Random, price: Decimal, quantity: int | None = None
) -> dict[str, Any]:
    products = chance.sample(PRODUCTS, k=chance.choice((1, 1, 1, 2, 4)))
    lines = [_line(product, quantity or chance.randint(1, 3), price) for product in products]
    total = sum(price * line["quantity"] for line in lines)
    return {
        "userId": f"user-{name}",
        "customerName": "Ada Lovelace",
        "customerEmail": f"ada-{name}@customer.example",
        "customerAddress": "12 St James's Square, London",
        "items": lines,
        "totalAmount": float(total),
        "paymentId": f"pay_{name}",
    }


def _line(product: Product, quantity: int, price: Decimal) -> dict[str, Any]:
    product_id, _, variation = product.sku.partition("#")
    line = {"productId": product_id, "quantity": quantity, "price": float(price)}
    return line | ({"variationId": variation} if variation else {})


def ordinary(chance: random.Random) -> dict[str, Any]:
    """A cart of one thing of which there is plenty."""
    return _cart(f"first-{chance.getrandbits(32):08x}", chance, _PRICE) | {
        "items": [_line(PRODUCTS[0], 1, _PRICE)],
        "totalAmount": float(_PRICE),
    }


def stock(client: StackClient) -> None:
    """Fill the shelves of the run."""
    for product in PRODUCTS:
        product_id, _, variation = product.sku.partition("#")
        client.put(
            "stock",
            {
                "sku": product.sku,
                "productId": product_id,
                "variationId": variation or None,
                "name": f"Product {product_id}",
                "price": _PRICE,
                "available": product.available,
                "reserved": 0,
                "threshold": product.threshold,
                "alert": "armed",
                "updatedAt": "2026-01-01T00:00:00.000Z",
            },
        )


def command(cart: dict[str, Any], event_id: str) -> dict[str, Any]:
    """A checkout as another producer would publish it."""
    return {
        "eventId": event_id,
        "eventType": "command.checkout",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": "1.0",
        "source": "checkout-api",
        "payload": cart,
    }


def poison(act: Act, victim: dict[str, Any] | None) -> dict[str, Any] | bytes:
    """A message that no function can ever handle."""
    event_id = f"evt-poison-{act.cart['paymentId']}"
    event = command(act.cart, event_id)
    match act.poison:
        case "not json":
            return b'{"eventId": '
        case "no such type":
            return event | {"eventType": "command.no-such-thing"}
        case "somebody else's payment" if victim is not None:
            return command(act.other | {"paymentId": victim["paymentId"]}, event_id)
    return command(act.cart | {"totalAmount": 0.01}, event_id)
