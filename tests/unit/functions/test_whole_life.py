"""Lifecycle, reservation and cancellation together, in any order and any number of times: orders,
stock, holds, mails, refunds and timelines agree with a model at every step (I2, I12, I20, I21)."""

import os
from collections import Counter
from typing import Any, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.builders import (
    checkout_payload,
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
from tests.unit.functions.life_model import Model, Units
from tests.unit.functions.stock_reading import moved, reservation, shelf

INITIAL = {"mug": 6, "cup": 4}
CARTS: dict[str, Units] = {
    "pay-1": {"mug": 2},
    "pay-2": {"mug": 3, "cup": 1},
    "pay-3": {"mug": 4, "cup": 2},
}
STEPS: dict[str, dict[str, Any]] = {
    "confirmed": {},
    "processing": {},
    "shipped": {"carrier": "Parcel Co", "trackingNumber": "PC-1"},
    "delivered": {"deliveredAt": "2026-03-03T10:00:00Z"},
    "cancelled": {"reason": "changed my mind", "cancelledBy": "user"},
}
payments = st.sampled_from(sorted(CARTS))
steps = st.sampled_from(sorted(STEPS))
positions = st.integers(0, 30)


class Said(NamedTuple):
    """An event that is on its way."""

    kind: str
    payment: str
    units: Units
    event: dict[str, Any]


class WholeLife(RuleBasedStateMachine):
    """Whoever speaks of orders says something; the network delivers it when and as often as it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.shop, self.model = Pipeline(), Model(INITIAL, CARTS)
        rows = (stock(sku, available=count, threshold=0) for sku, count in INITIAL.items())
        self.shop.memory.seed("stock", *rows)
        self.under_way: list[Said] = []
        self._events = 0

    # ------------------------------------------------------------------ said
    @rule(payment=payments)
    def checkout(self, payment: str) -> None:
        items = [line(sku, quantity=count) for sku, count in CARTS[payment].items()]
        payload = checkout_payload(
            items=items, paymentId=payment, customerEmail=f"{payment}@example.com"
        )
        self._say("checkout", payment, envelope("command.checkout", payload))

    @rule(payment=payments, whole=st.booleans())
    def reserve(self, payment: str, *, whole: bool) -> None:
        wanted = CARTS[payment] if whole else {"mug": 1}
        items = [units(sku, count) for sku, count in wanted.items()]
        event = reserve_command(order_id_for(payment), items=items)
        self._say("reserve", payment, event, wanted)

    @rule(payment=payments, reason=st.sampled_from(["cancelled", "failed"]))
    def release(self, payment: str, reason: str) -> None:
        self._say("release", payment, release_command(order_id_for(payment), reason=reason))

    @rule(payment=payments, step=steps)
    def move(self, payment: str, step: str) -> None:
        self._tell(payment, step)

    @precondition(lambda self: self.model.ordered())
    @rule(position=positions, step=steps, copies=st.integers(1, 2))
    def move_what_was_ordered(self, position: int, step: str, copies: int) -> None:
        """Told and heard at once: by chance alone few orders would get far."""
        ordered = self.model.ordered()
        self._tell(ordered[position % len(ordered)], step)
        for copy in range(copies):
            self.deliver(len(self.under_way) - 1, again=copy + 1 < copies)

    def _tell(self, payment: str, step: str) -> None:
        stored = order_row(orderId=order_id_for(payment), **STEPS[step])
        payload = {n: v for n, v in stored.items() if n not in {"cartDigest", "timeline"}}
        self._say(step, payment, envelope(f"order.{step}", payload))

    def _say(
        self, kind: str, payment: str, event: dict[str, Any], wanted: Units | None = None
    ) -> None:
        self._events += 1
        said = event | {"eventId": f"evt-{self._events}", "correlationId": payment}
        self.under_way.append(Said(kind, payment, wanted or {}, said))

    # ------------------------------------------------------------------ delivered
    @precondition(lambda self: self.under_way)
    @rule(position=positions, again=st.booleans())
    def deliver(self, position: int, *, again: bool) -> None:
        place = position % len(self.under_way)
        said = self.under_way[place] if again else self.under_way.pop(place)
        topic = "orders" if said.kind in STEPS else "commands"

        status = self.shop.deliver(topic, said.event)["statusCode"]
        self.shop.drain()

        event_id = said.event["eventId"]
        assert status == self.model.deliver(event_id, said.kind, said.payment, said.units)

    @rule()
    def deliver_all(self) -> None:
        while self.under_way:
            self.deliver(0, again=False)

    @rule(seconds=st.sampled_from([1, 450, 900]))
    def time_passes(self, seconds: int) -> None:
        self.shop.clock.advance(seconds)
        self.model.pass_time(seconds)
        self.shop.drain()

    @rule()
    def redis_forgets(self) -> None:
        self.shop.redis.flush()

    # ------------------------------------------------------------------ what must be so
    @invariant()
    def shelves_holds_and_orders_add_up(self) -> None:
        for sku, initial in INITIAL.items():
            available, reserved = shelf(self.shop, sku)
            assert (available, reserved) == (self.model.shelf[sku], self.model.held(sku))
            assert available + reserved + self.model.bought(sku) == initial
            assert available + reserved == initial + moved(self.shop, sku)

    @invariant()
    def orders_are_where_they_should_be(self) -> None:
        for payment, life in self.model.lives.items():
            order: Any = self.shop.memory.get("orders", {"orderId": order_id_for(payment)})
            assert (order and order["status"]) == life.status
            verdicts = {
                entry["eventId"]: entry["verdict"] == "applied"
                for entry in (order["timeline"] if order else ())
                if entry["type"].removeprefix("order.") in STEPS
            }
            assert verdicts == life.timeline

    @invariant()
    def holds_are_in_force_or_not(self) -> None:
        for payment, life in self.model.lives.items():
            stored = reservation(self.shop, order_id_for(payment))
            assert bool(stored and stored["status"] == "held") == (life.hold is not None)

    @invariant()
    def every_customer_is_told_exactly_what_happened(self) -> None:
        for payment, life in self.model.lives.items():
            address = f"{payment}@example.com"
            sent = Counter(m.template_id for m in self.shop.mailer.sent if m.to == address)
            assert sent == life.mails

    @invariant()
    def money_goes_back_once_and_only_where_it_should(self) -> None:
        asked = Counter(
            str(row["entityId"])
            for row in self.shop.memory.all("audit")
            if row["action"] == "refund.requested"
        )
        wanted = {payment: life.refunds for payment, life in self.model.lives.items()}
        assert asked == Counter({payment: count for payment, count in wanted.items() if count})


TestWholeLife = WholeLife.TestCase
TestWholeLife.settings = settings(
    max_examples=250,
    stateful_step_count=30,
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
)
