"""Holding stock for an order and giving it back: all lines or none, once, for a while."""

from typing import Any

import pytest

from tests.builders import answer_of, release_command, reserve_command, stock, units
from tests.pipeline import Pipeline
from tests.unit.functions.stock_reading import actions, outcome, payloads, reservation, shelf

HOLD_SECONDS = 900


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(), stock("cup", available=3))
    return pipeline


def deliver(shop: Pipeline, event: dict[str, Any]) -> Any:
    assert shop.deliver("commands", event)["statusCode"] == 200
    return outcome(shop, event)


# ------------------------------------------------------------------ reserve
def test_held_units_leave_the_shelf_and_wait_for_their_order(shop):
    event = reserve_command(items=[units("mug", 2), units("cup", 3)])

    assert deliver(shop, event) == "held"

    assert (shelf(shop), shelf(shop, "cup")) == ((8, 2), (0, 3))
    stored = reservation(shop)
    assert (stored["status"], stored["heldAt"], stored["expiresAt"]) == (
        "held",
        "2026-03-01T12:00:00.000Z",
        "2026-03-01T12:15:00.000Z",
    )
    assert "holdShard" in stored


def test_a_hold_costs_one_read(shop):
    shop.deliver("commands", reserve_command(items=[units("mug", 2), units("cup", 3)]))

    assert shop.memory.calls == ["get_many", "transact", "transact"]


def test_who_asked_is_told_every_line_and_the_audit_trail_too(shop):
    deliver(shop, reserve_command(items=[units("mug", 2), units("cup")]))

    assert payloads(shop, "inventory.stock.reserved") == [
        {
            "orderId": "ord_1",
            "items": [
                {"productId": "mug", "quantity": 2, "reserved": True, "available": 10},
                {"productId": "cup", "quantity": 1, "reserved": True, "available": 3},
            ],
        }
    ]
    assert actions(shop) == ["reservation.held"]


def test_a_hold_sends_its_own_end_along(shop):
    deliver(shop, reserve_command())

    [message] = shop.outbox.of("command.inventory.release")

    assert message.delay == HOLD_SECONDS
    [payload] = payloads(shop, "command.inventory.release")
    assert payload["reason"] == "timeout"


@pytest.mark.parametrize("short", [units("cup", 4), units("unheard-of")], ids=["short", "unknown"])
def test_one_line_that_cannot_be_held_lets_go_of_all(shop, short):
    event = reserve_command(items=[units("mug", 2), short])

    assert deliver(shop, event) == "refused"

    assert (shelf(shop), shelf(shop, "cup")) == ((10, 0), (3, 0))
    assert reservation(shop) is None
    [payload] = payloads(shop, "inventory.stock.reserved")
    assert [line["reserved"] for line in payload["items"]] == [False, False]
    assert [line["available"] for line in payload["items"]] == [
        10,
        3 if short["productId"] == "cup" else 0,
    ]
    assert shop.outbox.of("command.inventory.release") == []
    assert actions(shop) == ["reservation.refused"]


def test_lines_of_one_product_are_held_as_one(shop):
    deliver(shop, reserve_command(items=[units("mug", 2), units("cup"), units("mug", 3)]))

    assert shelf(shop) == (5, 5)
    assert [(i["productId"], i["quantity"]) for i in reservation(shop)["items"]] == [
        ("mug", 5),
        ("cup", 1),
    ]


def test_forty_five_products_can_be_held_and_one_more_is_refused_for_good(shop):
    shop.memory.seed("stock", *(stock(f"p{n}") for n in range(46)))
    lines = [units(f"p{n}") for n in range(46)]

    refused = shop.deliver("commands", reserve_command(items=lines))
    assert refused["statusCode"] == 489
    assert answer_of(refused)["error"]["field"] == "payload.items"

    assert deliver(shop, reserve_command(items=lines[:45], event_id="evt-2")) == "held"
    assert {status for _, status in shop.drain()} == {200}


def test_more_units_of_one_product_than_anybody_may_have_are_refused_for_good(shop):
    response = shop.deliver("commands", reserve_command(items=[units("mug", 600)] * 2))

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["field"] == "payload.items[1].quantity"


def test_asking_again_for_what_is_held_changes_nothing(shop):
    deliver(shop, reserve_command(items=[units("mug"), units("cup")]))
    told = len(shop.outbox.messages)
    again = reserve_command(items=[units("cup"), units("mug")], event_id="evt-again")

    assert deliver(shop, again) == "already_held"

    assert (shelf(shop), len(shop.outbox.messages)) == ((9, 1), told)


def test_asking_for_something_else_while_held_is_refused_for_good(shop):
    deliver(shop, reserve_command())

    response = shop.deliver("commands", reserve_command(items=[units("cup")], event_id="evt-2"))

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["code"] == "reservation_conflict"
    assert (shelf(shop), shelf(shop, "cup")) == ((9, 1), (3, 0))


def test_a_released_order_may_hold_something_else(shop):
    deliver(shop, reserve_command())
    deliver(shop, release_command())

    assert deliver(shop, reserve_command(items=[units("cup")], event_id="evt-2")) == "held"

    assert (shelf(shop), shelf(shop, "cup")) == ((10, 0), (2, 1))
    assert "releasedAt" not in reservation(shop)


def test_a_hold_is_once_however_often_its_command_arrives(shop):
    shop.redis.down = True
    for _ in range(3):
        assert deliver(shop, reserve_command()) == "held"

    assert shelf(shop) == (9, 1)
    assert len(shop.outbox.of("inventory.stock.reserved")) == 1


# ------------------------------------------------------------------ release
def test_what_goes_back_is_what_is_stored_and_not_what_the_event_says(shop):
    deliver(shop, reserve_command(items=[units("mug", 4)]))

    assert deliver(shop, release_command(items=[units("cup", 500)])) == "released"

    assert (shelf(shop), shelf(shop, "cup")) == ((10, 0), (3, 0))
    stored = reservation(shop)
    assert (stored["status"], stored["releaseReason"]) == ("released", "cancelled")
    assert "holdShard" not in stored
    assert actions(shop) == ["reservation.held", "reservation.released"]


def test_units_that_are_back_are_announced_as_nothing_sold(shop):
    deliver(shop, reserve_command(items=[units("mug", 4)]))
    deliver(shop, release_command())

    [payload] = payloads(shop, "inventory.stock.updated")

    assert (payload["previousStock"], payload["newStock"], payload["delta"]) == (6, 10, 0)


@pytest.mark.parametrize(("seconds", "result"), [(899, "not_expired"), (900, "released")])
def test_a_timeout_ends_a_hold_when_it_is_over_and_not_before(shop, seconds, result):
    deliver(shop, reserve_command())
    shop.clock.advance(seconds)

    assert deliver(shop, release_command(reason="timeout")) == result

    assert shelf(shop) == ((9, 1) if result == "not_expired" else (10, 0))


def test_the_end_that_a_hold_sent_along_puts_it_back_on_the_shelf(shop):
    deliver(shop, reserve_command())
    shop.drain()
    assert shelf(shop) == (9, 1)

    shop.clock.advance(HOLD_SECONDS)
    shop.drain()

    assert shelf(shop) == (10, 0)
    assert reservation(shop)["releaseReason"] == "timeout"


def test_the_timeout_of_an_earlier_hold_does_not_end_a_later_one(shop):
    deliver(shop, reserve_command())
    shop.drain()
    shop.clock.advance(600)
    deliver(shop, release_command())
    deliver(shop, reserve_command(items=[units("mug", 3)], event_id="evt-later"))
    shop.drain()

    shop.clock.advance(300)
    shop.drain()
    assert (shelf(shop), reservation(shop)["status"]) == ((7, 3), "held")

    shop.clock.advance(600)
    shop.drain()
    assert (shelf(shop), reservation(shop)["status"]) == ((10, 0), "released")


def test_releasing_what_nobody_holds_is_recorded_and_changes_nothing(shop):
    assert deliver(shop, release_command(event_id="evt-1")) == "nothing_held"
    deliver(shop, reserve_command())
    deliver(shop, release_command(event_id="evt-2"))
    told = len(shop.outbox.messages)

    assert deliver(shop, release_command(event_id="evt-3")) == "already_released"

    assert (shelf(shop), len(shop.outbox.messages)) == ((10, 0), told)


def test_a_product_that_left_the_catalogue_does_not_keep_the_others_from_going_back(shop):
    shop.memory.seed("reservations", held_of_a_vanished_product())
    shop.memory.seed("stock", stock(available=8, reserved=2))

    assert deliver(shop, release_command()) == "released"

    assert shelf(shop) == (10, 0)


def held_of_a_vanished_product() -> dict[str, Any]:
    return {
        "orderId": "ord_1",
        "eventId": "evt-0",
        "status": "held",
        "items": [units("mug", 2), units("vanished", 1)],
        "heldAt": "2026-03-01T12:00:00.000Z",
        "expiresAt": "2026-03-01T12:15:00.000Z",
        "holdShard": "0",
    }
