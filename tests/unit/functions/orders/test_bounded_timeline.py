"""No number of events about one order fills its item or stops a real step (I30)."""

import json
from typing import Any

from shared.storage.bounded import FIRST, NEWEST, entries, noted
from tests.builders import answer_of, checkout_row, envelope
from tests.contracts.samples import sample
from tests.unit.functions.orders.test_lifecycle import order, shop_with, step

MANY = 300


def flood(shop, event_type: str, count: int, **changes: Any) -> None:
    for _ in range(count):
        assert shop.deliver("orders", step(event_type, **changes))["statusCode"] == 200


def test_a_flood_of_ignored_events_leaves_the_item_small_and_the_next_step_possible():
    shop = shop_with("SHIPPED")
    flood(shop, "order.confirmed", MANY)
    flood(shop, "order.shipped", MANY, trackingUrl="https://parcel.example/" + "x" * 400)

    assert shop.deliver("orders", step("order.delivered"))["statusCode"] == 200

    row = order(shop)
    assert row["status"] == "DELIVERED"
    assert len(json.dumps(row, default=str).encode()) < 40_000
    assert noted(row, "timeline") == 2 * MANY
    assert len(entries(row, "timeline")) <= FIRST + NEWEST + 2


def test_real_steps_are_kept_whatever_was_noted_between_them():
    shop = shop_with("PENDING")
    for event_type in ("order.confirmed", "order.processing", "order.shipped", "order.delivered"):
        shop.deliver("orders", step(event_type))
        flood(shop, "order.confirmed", 60)

    applied = [e["type"] for e in entries(order(shop), "timeline") if e["verdict"] == "applied"]
    assert applied == ["order.confirmed", "order.processing", "order.shipped", "order.delivered"]


def test_announcements_of_one_order_do_not_fill_it_either():
    shop = shop_with("PENDING")
    created = sample("order.created")
    for number in range(200):
        payload = created["payload"] | {"orderId": "ord_1"}
        event = envelope("order.created", payload, eventId=f"evt-{number}")
        assert shop.deliver("orders", event)["statusCode"] == 200

    assert noted(order(shop), "timeline") == 200
    assert len(entries(order(shop), "timeline")) <= FIRST + NEWEST + 1


def test_announced_rejections_do_not_fill_the_checkout():
    shop = shop_with("PENDING")
    rejected = sample("order.rejected")
    known = {name: rejected["payload"][name] for name in ("paymentId", "userId")}
    shop.memory.seed("checkouts", checkout_row(status="rejected", **known))
    for number in range(200):
        payload = rejected["payload"] | {"orderId": "ord_1"}
        event = envelope("order.rejected", payload, eventId=f"evt-{number}")
        assert answer_of(shop.deliver("orders", event))["success"] is True

    checkout: Any = shop.memory.get("checkouts", {"orderId": "ord_1"})
    assert noted(checkout, "timeline") == 200
    assert len(entries(checkout, "timeline")) == FIRST + NEWEST
