"""A checkout uses what its order holds, in the order's own transaction."""

from decimal import Decimal
from typing import Any

import pytest

from tests.builders import (
    answer_of,
    checkout_command,
    line,
    release_command,
    reserve_command,
    stock,
    units,
)
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline
from tests.unit.functions.stock_reading import moved, outcome, payloads, reservation, shelf

ORDER = order_id_for("pay-1")


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(), stock("cup", available=5))
    return pipeline


def hold(shop: Pipeline, *items: Any) -> None:
    response = shop.deliver("commands", reserve_command(ORDER, items=list(items)))
    assert response["statusCode"] == 200
    assert reservation(shop, ORDER)["status"] == "held"


def buy(shop: Pipeline, *items: Any) -> Any:
    event = checkout_command(items=list(items))
    assert shop.deliver("commands", event)["statusCode"] == 200
    return outcome(shop, event)


@pytest.mark.parametrize(
    ("held", "bought", "left"),
    [(3, 3, 7), (3, 5, 5), (5, 2, 8), (10, 10, 0)],
    ids=["all of it", "more than held", "less than held", "the whole shelf"],
)
def test_held_units_are_taken_first_and_the_difference_moves_to_or_from_the_shelf(
    shop, held, bought, left
):
    hold(shop, units("mug", held))

    assert buy(shop, line(quantity=bought)) == "created"
    shop.drain()

    assert shelf(shop) == (left, 0)
    stored = reservation(shop, ORDER)
    assert (stored["status"], "holdShard" in stored) == ("consumed", False)
    assert moved(shop) == -bought


def test_what_is_held_and_not_bought_goes_back_and_is_announced(shop):
    hold(shop, units("mug", 2), units("cup", 4))

    assert buy(shop, line(quantity=2)) == "created"
    shop.drain()

    assert (shelf(shop), shelf(shop, "cup")) == ((8, 0), (5, 0))
    assert [
        (p["productId"], p["previousStock"], p["newStock"], p["delta"])
        for p in payloads(shop, "inventory.stock.updated")
    ] == [("mug", 10, 8, -2), ("cup", 1, 5, 0)]
    assert (moved(shop), moved(shop, "cup")) == (-2, 0)


def test_what_is_bought_and_not_held_comes_from_the_shelf(shop):
    hold(shop, units("mug", 2))

    buy(shop, line(quantity=2), line("cup", quantity=5))

    assert (shelf(shop), shelf(shop, "cup")) == ((8, 0), (0, 0))


def test_units_held_for_the_order_count_and_those_of_others_do_not(shop):
    hold(shop, units("mug", 6))
    shop.deliver("commands", reserve_command("ord_other", items=[units("mug", 3)]))

    assert buy(shop, line(quantity=8)) == "rejected"

    assert shelf(shop) == (1, 9)


def test_a_rejection_is_final_so_what_was_held_for_it_goes_back(shop):
    hold(shop, units("mug", 6), units("cup", 1))

    assert buy(shop, line(quantity=11)) == "rejected"
    shop.drain()

    assert (shelf(shop), shelf(shop, "cup")) == ((10, 0), (5, 0))
    stored = reservation(shop, ORDER)
    assert (stored["status"], stored["releaseReason"]) == ("released", "failed")


def test_the_last_units_are_his_who_holds_them(shop):
    hold(shop, units("mug", 10))
    other = checkout_command(paymentId="pay-2", event_id="evt-2")
    shop.deliver("commands", other)
    assert outcome(shop, other) == "rejected"

    assert buy(shop, line(quantity=10)) == "created"

    assert shelf(shop) == (0, 0)


def test_a_checkout_with_a_hold_still_reads_once(shop):
    hold(shop, units("mug", 2))
    shop.memory.calls.clear()

    shop.deliver("commands", checkout_command(items=[line(quantity=2)]))

    assert shop.memory.calls == ["get_many", "transact", "transact"]


def test_a_hold_that_was_used_or_given_back_is_used_by_nobody(shop):
    hold(shop, units("mug", 3))
    shop.deliver("commands", release_command(ORDER))

    assert buy(shop, line(quantity=3)) == "created"

    assert shelf(shop) == (7, 0)
    assert reservation(shop, ORDER)["status"] == "released"


def test_after_the_order_nothing_is_released_and_nothing_held_again(shop):
    hold(shop, units("mug", 3))
    buy(shop, line(quantity=3))
    released = release_command(ORDER)
    shop.deliver("commands", released)

    again = shop.deliver(
        "commands", reserve_command(ORDER, items=[units("mug", 3)], event_id="evt-2")
    )

    assert outcome(shop, released) == "already_consumed"
    assert again["statusCode"] == 489
    assert answer_of(again)["error"]["code"] == "reservation_conflict"
    assert shelf(shop) == (7, 0)


def test_the_largest_cart_and_the_largest_hold_of_other_products_fit_into_one_transaction(shop):
    bought, held = [f"b{n}" for n in range(50)], [f"h{n}" for n in range(45)]
    shop.memory.seed("stock", *(stock(name) for name in bought + held))
    hold(shop, *(units(name) for name in held))

    event = checkout_command(items=[line(name, price=Decimal("12.50")) for name in bought])
    assert shop.deliver("commands", event)["statusCode"] == 200

    assert {shelf(shop, name) for name in bought} == {(9, 0)}
    assert {shelf(shop, name) for name in held} == {(10, 0)}


def test_a_cancelled_order_returns_what_was_bought_and_not_what_was_held(shop):
    hold(shop, units("mug", 5))
    buy(shop, line(quantity=2))
    order: Any = shop.memory.get("orders", {"orderId": ORDER})
    cancelled = {**payloads(shop, "order.created")[0], "reason": "no", "cancelledBy": "user"}
    event = {
        **checkout_command(),
        "eventType": "order.cancelled",
        "eventId": "evt-c",
        "payload": cancelled,
    }
    assert order["status"] == "PENDING"

    assert shop.deliver("orders", event)["statusCode"] == 200
    shop.drain()

    assert (shelf(shop), moved(shop)) == ((10, 0), 0)
