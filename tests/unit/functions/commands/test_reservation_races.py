"""Holds that meet each other, their release, their checkout, or a crash."""

from concurrent.futures import ThreadPoolExecutor
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
from tests.unit.functions.stock_reading import moved, outcome, reservation, shelf
from tests.unit.shared.faults import Faults, Killed

ORDER = order_id_for("pay-1")
RESERVE = reserve_command(ORDER, items=[units("mug", 3)])
RELEASE = release_command(ORDER)
CHECKOUT = checkout_command(items=[line(quantity=3)])


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(available=10))
    return pipeline


def overtaken(shop: Pipeline, monkeypatch: pytest.MonkeyPatch, *events: dict[str, Any]) -> None:
    """Between the next decision and its commit, all these are handled."""
    transact, raced = shop.memory.transact, list[bool]()

    def others_first(writes):
        if not raced:
            raced.append(True)
            for event in events:
                assert shop.deliver("commands", event)["statusCode"] == 200
        return transact(writes)

    monkeypatch.setattr(shop.memory, "transact", others_first)


def test_fifty_who_want_one_of_ten_get_ten_holds(shop):
    events = [reserve_command(f"ord_{number}") for number in range(50)]

    with ThreadPoolExecutor(max_workers=50) as crowd:
        answers = list(crowd.map(lambda event: shop.deliver("commands", event), events))

    assert {answer["statusCode"] for answer in answers} == {200}
    outcomes = [outcome(shop, event) for event in events]
    assert (outcomes.count("held"), outcomes.count("refused")) == (10, 40)
    assert shelf(shop) == (0, 10)
    assert len(shop.memory.all("reservations")) == 10


def test_a_release_that_meets_the_checkout_finds_the_hold_used(shop, monkeypatch):
    shop.deliver("commands", RESERVE)
    overtaken(shop, monkeypatch, CHECKOUT)

    shop.deliver("commands", RELEASE)

    assert (outcome(shop, CHECKOUT), outcome(shop, RELEASE)) == ("created", "already_consumed")
    assert (shelf(shop), reservation(shop, ORDER)["status"]) == ((7, 0), "consumed")


def test_a_checkout_that_meets_the_release_takes_its_units_from_the_shelf(shop, monkeypatch):
    shop.deliver("commands", RESERVE)
    overtaken(shop, monkeypatch, RELEASE)

    shop.deliver("commands", CHECKOUT)

    assert (outcome(shop, CHECKOUT), outcome(shop, RELEASE)) == ("created", "released")
    assert (shelf(shop), reservation(shop, ORDER)["status"]) == ((7, 0), "released")


def test_a_checkout_whose_released_units_went_to_another_is_rejected(shop, monkeypatch):
    shop.deliver("commands", RESERVE)
    greedy = reserve_command("ord_other", items=[units("mug", 10)])
    overtaken(shop, monkeypatch, RELEASE, greedy)

    shop.deliver("commands", CHECKOUT)

    assert (outcome(shop, CHECKOUT), shelf(shop)) == ("rejected", (0, 10))


LATER = reserve_command(ORDER, items=[units("mug", 5)], event_id="evt-later")


@pytest.mark.parametrize(
    ("last", "result", "left"),
    [
        (release_command(ORDER, event_id="evt-last"), "released", (10, 0)),
        (CHECKOUT, "created", (7, 0)),
    ],
    ids=["release", "checkout"],
)
def test_a_hold_that_was_replaced_in_between_is_not_taken_for_the_one_before(
    shop, monkeypatch, last, result, left
):
    shop.deliver("commands", RESERVE)
    overtaken(shop, monkeypatch, RELEASE, LATER)

    shop.deliver("commands", last)

    assert (outcome(shop, last), shelf(shop)) == (result, left)


def test_two_different_requests_at_once_leave_one_hold(shop, monkeypatch):
    overtaken(shop, monkeypatch, RESERVE)

    response = shop.deliver("commands", LATER)

    assert answer_of(response)["error"]["code"] == "reservation_conflict"
    assert shelf(shop) == (7, 3)


def test_a_row_that_holds_less_than_its_reservation_is_never_taken_below_nothing(shop):
    shop.deliver("commands", RESERVE)
    shop.memory.seed("stock", stock(available=10, reserved=2))

    assert shop.deliver("commands", RELEASE)["statusCode"] == 503

    assert shelf(shop) == (10, 2)
    assert reservation(shop, ORDER)["status"] == "held"


@pytest.mark.parametrize("events", [[RESERVE], [RESERVE, RELEASE], [RESERVE, CHECKOUT]])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_call_is_healed_by_the_next_delivery(events, when):
    undisturbed = run(events, {})

    for number in range(len(undisturbed[1].calls)):
        shop, faults = run(events, {(number, when): Killed})

        assert faults.raised == 1
        assert shelf(shop) == shelf(undisturbed[0])
        assert reservation(shop, ORDER)["status"] == reservation(undisturbed[0], ORDER)["status"]
        assert set(shop.outbox.ids()) == set(undisturbed[0].outbox.ids())
        assert all(record["state"] == "done" for record in shop.memory.all("ledger"))


def run(events, plan) -> tuple[Pipeline, Faults]:
    shop, faults = Pipeline(), Faults(plan)
    shop.memory.seed("stock", stock(available=10))
    shop.tables = faults.wrap("tables", shop.memory)
    shop.publisher = faults.wrap("publisher", shop.outbox)
    shop.claims = faults.wrap("claims", shop.redis)
    for event in events:
        for _ in range(4):
            faults.revive()
            try:
                if shop.deliver("commands", event)["statusCode"] == 200:
                    break
            except Killed:
                shop.clock.advance(40)
    return shop, faults


def test_published_late_is_published_the_same(shop):
    shop.outbox.failing = True
    assert shop.deliver("commands", RESERVE)["statusCode"] == 503
    assert (shelf(shop), shop.outbox.ids()) == ((7, 3), [])

    shop.outbox.failing = False
    assert shop.deliver("commands", RESERVE, retried=1)["statusCode"] == 200
    shop.drain()

    assert shelf(shop) == (7, 3)
    assert [m.delay for m in shop.outbox.of("command.inventory.release")] == [900]
    assert moved(shop) == 0
