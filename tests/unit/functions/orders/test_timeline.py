"""The timeline of an order: each event once, the order itself untouched."""

from typing import Any

import pytest

from tests.builders import answer_of, checkout_payload, line, stock
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline

ORDER_ID = order_id_for("pay-1")


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock())
    pipeline.checkout(checkout_payload(items=[line(quantity=2)]))
    return pipeline


def timeline(shop: Pipeline, table: str) -> list[tuple[str, str]]:
    row: Any = shop.memory.get(table, {"orderId": ORDER_ID})
    return [(entry["type"], entry["verdict"]) for entry in row["timeline"]]


def test_order_shows_what_placed_it_and_what_was_announced(shop):
    shop.drain()

    assert timeline(shop, "orders") == [
        ("command.checkout", "placed"),
        ("order.created", "recorded"),
    ]


def test_announcement_changes_nothing_of_the_order_but_its_timeline(shop):
    shop.deliver("commands", shop.outbox.messages[0].body.encode())
    before: Any = shop.memory.get("orders", {"orderId": ORDER_ID})

    shop.drain()

    after: Any = shop.memory.get("orders", {"orderId": ORDER_ID})
    told = {"timeline": 0, "timelineCount": 0, "updatedAt": 0}
    assert {**after, **told} == {**before, **told}


@pytest.mark.parametrize("with_redis", [True, False])
def test_announcement_delivered_again_is_not_recorded_again(shop, with_redis):
    shop.drain()
    before = timeline(shop, "orders")
    shop.redis.down = not with_redis

    for message in shop.outbox.of("order.created") * 3:
        assert answer_of(shop.send(message))["duplicate"] is True

    assert timeline(shop, "orders") == before


def test_rejected_checkout_shows_its_rejection(shop):
    shop.memory.seed("stock", stock(available=0))

    shop.drain()

    assert ("order.rejected", "recorded") in timeline(shop, "checkouts")
    assert shop.memory.all("orders") == []


def test_rejected_payment_is_asked_back_once_however_often_that_is_told(shop):
    shop.memory.seed("stock", stock(available=0))
    shop.drain()
    (refund,) = shop.outbox.of("order.refund.requested")
    audits = len(shop.memory.all("audit"))
    shop.redis.flush()

    assert answer_of(shop.send(refund))["duplicate"] is True
    other = refund.body.replace(refund.event_id, "evt-other").encode()
    assert shop.deliver("orders", other)["statusCode"] == 200
    shop.drain()

    row: Any = shop.memory.get("checkouts", {"orderId": ORDER_ID})
    assert (row["refundStatus"], row["refundAmount"]) == ("requested", 25)
    assert row["refundEventId"] == refund.event_id
    assert len(shop.memory.all("audit")) == audits
    requested = [m for m in shop.telemetry.measures if m.name == "RefundsRequested"]
    assert len(requested) == 1
