"""An event that comes before what it follows upon waits for it, and is then applied (I28)."""

from typing import Any

import pytest

from tests.builders import answer_of, checkout_command, checkout_payload, line, stock
from tests.contracts.samples import sample
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline

ORDER_ID = order_id_for("pay-1")
ABOUT_ORDERS = [
    "order.created",
    "order.confirmed",
    "order.processing",
    "order.shipped",
    "order.delivered",
    "order.cancelled",
]
ABOUT_CHECKOUTS = ["order.rejected", "order.refund.requested"]


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock())
    return pipeline


def event(kind: str, *, order_id: str = ORDER_ID, **changes: Any) -> dict[str, Any]:
    values = sample(kind)
    payload = values["payload"] | {"orderId": order_id} | changes
    return values | {"eventId": f"evt-{kind}", "payload": payload}


def told(response: dict[str, Any]) -> tuple[int, str]:
    return response["statusCode"], answer_of(response).get("error", {}).get("code", "")


def order(shop: Pipeline) -> Any:
    return shop.memory.get("orders", {"orderId": ORDER_ID})


WAITS = (503, "awaiting_predecessor")


@pytest.mark.parametrize("kind", ABOUT_ORDERS + ABOUT_CHECKOUTS)
@pytest.mark.parametrize("accepted", [True, False])
def test_an_event_that_overtook_its_checkout_waits(shop, kind, accepted):
    """Also where nobody has heard of the checkout: the shop's programs publish commands, too."""
    if accepted:
        shop.checkout(checkout_payload(items=[line(quantity=2)]))

    response = shop.deliver("orders", event(kind))

    assert told(response) == WAITS
    assert response["headers"]["retry-after"] == "5"
    assert shop.memory.all("ledger") == []


@pytest.mark.parametrize("kind", ["order.created", "order.confirmed", "order.cancelled"])
@pytest.mark.parametrize("with_redis", [True, False])
def test_what_waited_is_applied_once_the_order_is_there(shop, kind, with_redis):
    shop.redis.down = not with_redis
    assert told(shop.deliver("orders", event(kind))) == WAITS
    shop.checkout(checkout_payload(items=[line(quantity=2)]))
    assert told(shop.deliver("orders", event(kind), retried=1)) == WAITS
    shop.drain()

    assert told(shop.deliver("orders", event(kind), retried=2)) == (200, "")

    assert [e["verdict"] for e in order(shop)["timeline"] if e["type"] == kind][-1] in {
        "applied",
        "recorded",
    }


def test_a_life_told_backwards_is_lived_forwards_and_loses_no_fact(shop):
    shop.deliver("commands", checkout_command(items=[line(quantity=2)]))
    shop.drain()
    story = [event(k) for k in ("order.delivered", "order.shipped", "order.confirmed")]
    waits = 0
    for attempt in range(3):
        for told_event in story:
            waits += told(shop.deliver("orders", told_event, retried=attempt)) == WAITS
    shop.drain()

    assert waits == 3
    assert order(shop)["status"] == "DELIVERED"
    assert order(shop)["trackingNumber"] == sample("order.shipped")["payload"]["trackingNumber"]
    verdicts = [e["verdict"] for e in order(shop)["timeline"] if e["type"] != "command.checkout"]
    assert verdicts == ["recorded", "applied", "applied", "applied"]


@pytest.mark.parametrize("kind", ABOUT_ORDERS)
def test_an_event_about_a_rejected_checkout_is_refused_for_good(shop, kind):
    shop.deliver("commands", checkout_command(items=[line(quantity=11)]))

    assert told(shop.deliver("orders", event(kind))) == (489, "checkout_rejected")


@pytest.mark.parametrize("kind", ABOUT_ORDERS + ABOUT_CHECKOUTS)
@pytest.mark.parametrize("order_id", ["ord_1", "order-4711", "ord_" + "g" * 32, ORDER_ID.upper()])
def test_an_event_about_an_order_that_no_payment_can_have_is_refused_for_good(shop, kind, order_id):
    response = shop.deliver("orders", event(kind, order_id=order_id))

    assert told(response) == (489, "not_found")
    assert "payload.orderId" in answer_of(response)["error"]["message"]


def test_a_checkout_that_is_rejected_ends_the_waiting(shop):
    shop.deliver("orders", event("order.confirmed"))
    shop.checkout(checkout_payload(items=[line(quantity=2)]))
    shop.memory.seed("stock", stock(available=0))
    shop.drain()

    assert told(shop.deliver("orders", event("order.confirmed"))) == (489, "checkout_rejected")
    facts: dict[str, Any] = {"paymentId": "pay-1", "userId": "user-1", "amount": 25}
    assert told(shop.deliver("orders", event("order.refund.requested", **facts))) == (200, "")


def test_waiting_leaves_nothing_behind_that_a_later_delivery_trips_over(shop):
    for _ in range(3):
        shop.deliver("orders", event("order.confirmed"))

    assert shop.redis.calls == ["claim", "release"] * 3
    assert [shop.memory.all(table) for table in ("ledger", "orders", "audit")] == [[], [], []]
    assert shop.outbox.messages == []
