"""A release that overtakes its request holds for it all the same (I28)."""

from typing import Any

import pytest

from tests.builders import checkout_command, line, release_command, reserve_command, stock, units
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline
from tests.unit.functions.stock_reading import reservation, shelf

EARLIER, NOW, LATER = (f"2026-03-01T12:00:0{second}.000Z" for second in (0, 1, 2))


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(threshold=0))
    return pipeline


def outcome(shop: Pipeline, event: dict[str, Any], at: str) -> str:
    assert shop.deliver("commands", event | {"timestamp": at})["statusCode"] == 200
    record = shop.memory.get("ledger", {"id": f"commands#{event['eventId']}"})
    assert record is not None
    return str(record["outcome"])


@pytest.mark.parametrize("reason", ["cancelled", "failed"])
def test_a_request_that_was_overtaken_by_its_release_takes_nothing(shop, reason):
    assert outcome(shop, release_command(reason=reason), NOW) == "nothing_held"

    assert outcome(shop, reserve_command(items=[units(quantity=4)]), EARLIER) == (
        "already_given_back"
    )
    shop.drain()

    assert shelf(shop) == (10, 0)
    stored = reservation(shop)
    assert stored["status"] == "released"
    assert "holdShard" not in stored
    assert shop.outbox.of("inventory.stock.reserved") == []


def test_a_request_from_after_the_release_is_another_one_and_holds(shop):
    outcome(shop, release_command(), NOW)

    assert outcome(shop, reserve_command(items=[units(quantity=4)]), LATER) == "held"
    assert shelf(shop) == (6, 4)


def test_the_end_of_a_hold_says_nothing_about_the_next_one(shop):
    """Also of one that was written later: the next request is measured by the hold that was."""
    outcome(shop, reserve_command(event_id="evt-1"), EARLIER)
    outcome(shop, release_command(event_id="evt-2"), LATER)
    outcome(shop, release_command(event_id="evt-3"), LATER)

    assert outcome(shop, reserve_command(event_id="evt-4"), NOW) == "held"
    assert shelf(shop) == (9, 1)


def test_the_newest_release_counts_whatever_order_they_come_in(shop):
    outcome(shop, release_command(event_id="evt-1"), LATER)
    outcome(shop, release_command(event_id="evt-2"), EARLIER)

    assert outcome(shop, reserve_command(), NOW) == "already_given_back"


def test_a_timeout_says_nothing_about_requests_under_way(shop):
    outcome(shop, release_command(reason="timeout"), LATER)

    assert reservation(shop) is None
    assert outcome(shop, reserve_command(), NOW) == "held"


def test_an_overtaken_request_keeps_nobody_from_buying(shop):
    order_id = order_id_for("pay-1")
    outcome(shop, release_command(order_id), NOW)
    outcome(shop, reserve_command(order_id), EARLIER)

    shop.deliver("commands", checkout_command(items=[line(quantity=3)]))

    assert len(shop.memory.all("orders")) == 1
    assert shelf(shop) == (7, 0)
