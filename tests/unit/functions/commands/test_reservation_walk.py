"""Any walk of holds, releases, checkouts, cancellations and time agrees with a model."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import (
    checkout_command,
    envelope,
    line,
    order_row,
    release_command,
    reserve_command,
    stock,
    units,
)
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline
from tests.unit.functions.stock_reading import moved, reservation, shelf

PRODUCTS = ("mug", "cup")
PAYMENTS = ("pay-1", "pay-2", "pay-3")
INITIAL = 6
carts = st.dictionaries(st.sampled_from(PRODUCTS), st.integers(1, 4), min_size=1)
steps = st.lists(
    st.tuples(
        st.sampled_from(("reserve", "reserve", "release", "checkout", "cancel", "time")),
        st.sampled_from(PAYMENTS),
        carts,
        st.integers(1, 2),
    ),
    max_size=20,
)


@dataclass
class Model:
    """What ought to be: units by product on the shelf, held and ordered by payment."""

    left: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PRODUCTS, INITIAL))
    held: dict[str, dict[str, int]] = field(default_factory=dict)
    until: dict[str, int] = field(default_factory=dict)
    sold: dict[str, dict[str, int]] = field(default_factory=dict)
    final: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    low: set[str] = field(default_factory=set)
    now: int = 0

    def reserve(self, payment: str, cart: dict[str, int]) -> None:
        if payment in self.held or payment in self.used or not self._enough(cart):
            return
        self._move(cart, -1)
        self.held[payment] = cart
        self.until[payment] = self.now + 900

    def release(self, payment: str) -> None:
        self._move(self.held.pop(payment, {}), 1)

    def checkout(self, payment: str, cart: dict[str, int]) -> None:
        if payment in self.final:
            return
        self.final.add(payment)
        held = self.held.get(payment, {})
        if all(self.left[p] + held.get(p, 0) >= q for p, q in cart.items()):
            self._move(held, 1)
            self._move(cart, -1)
            self.sold[payment] = cart
            if self.held.pop(payment, None) is not None:
                self.used.add(payment)
        else:
            self.release(payment)

    def cancel(self, payment: str) -> None:
        self._move(self.sold.pop(payment, {}), 1)

    def time(self, seconds: int) -> None:
        self.now += seconds
        for payment in [p for p in self.held if self.until[p] <= self.now]:
            self.release(payment)

    def look(self, product: str, available: int) -> None:
        """Low at the threshold of two, well stocked again from four units on."""
        if available <= 2:
            self.low.add(product)
        elif available >= 4:
            self.low.discard(product)

    def holding(self, product: str) -> int:
        return sum(cart.get(product, 0) for cart in self.held.values())

    def _enough(self, cart: dict[str, int]) -> bool:
        return all(self.left[p] >= q for p, q in cart.items())

    def _move(self, cart: dict[str, int], sign: int) -> None:
        for product, quantity in cart.items():
            self.left[product] += sign * quantity


@given(steps, st.booleans())
@settings(max_examples=80)
def test_shelf_hold_and_orders_add_up_at_every_step(walk, redis_is_down):
    shop, model = Pipeline(), Model()
    shop.redis.down = redis_is_down
    shop.memory.seed("stock", *(stock(p, available=INITIAL, threshold=2) for p in PRODUCTS))
    for number, (kind, payment, cart, copies) in enumerate(walk):
        take(shop, model, f"evt-{number}", kind, payment, cart, copies)
        shop.drain()

        for product in PRODUCTS:
            available, reserved = shelf(shop, product)
            assert (available, reserved) == (model.left[product], model.holding(product))
            assert available + reserved == INITIAL + moved(shop, product)
            model.look(product, available)
            assert (alert(shop, product) == "raised") == (product in model.low)
        for name in PAYMENTS:
            stored = reservation(shop, order_id_for(name))
            in_force = stored is not None and stored["status"] == "held"
            assert in_force == (name in model.held)
            assert in_force == (stored is not None and "holdShard" in stored)


def take(shop, model, event_id, kind, payment, cart, copies) -> None:
    order_id = order_id_for(payment)
    match kind:
        case "reserve":
            items = [units(p, q) for p, q in cart.items()]
            deliver(shop, "commands", reserve_command(order_id, items=items), event_id, copies)
            model.reserve(payment, cart)
        case "release":
            deliver(shop, "commands", release_command(order_id), event_id, copies)
            model.release(payment)
        case "checkout":
            items = [line(p, quantity=q) for p, q in cart.items()]
            event = checkout_command(items=items, paymentId=payment)
            deliver(shop, "commands", event, event_id, copies)
            model.checkout(payment, cart)
        case "cancel":
            deliver(shop, "orders", cancelled(order_id), event_id, copies)
            model.cancel(payment)
        case _:
            shop.clock.advance(400)
            model.time(400)


def deliver(shop: Pipeline, topic: str, event: Any, event_id: str, copies: int) -> None:
    for _ in range(copies):
        response = shop.deliver(topic, {**event, "eventId": event_id})
        # A cancellation waits for as long as there is no order.
        assert response["statusCode"] in ({200, 489} if topic == "commands" else {200, 489, 503})


def cancelled(order_id: str) -> dict[str, Any]:
    payload = {n: v for n, v in order_row(orderId=order_id).items() if n != "cartDigest"}
    return envelope("order.cancelled", {**payload, "reason": "no", "cancelledBy": "user"})


def alert(shop: Pipeline, product: str) -> Any:
    row: Any = shop.memory.get("stock", {"sku": product})
    return row["alert"]
