"""Moving an order from the command line: published like everybody's event, decided like it too."""

import pytest

from ops.core.errors import OperatorError
from ops.orders.service import OrderService, Verdict
from shared.kernel.errors import InvalidInputError
from tests.builders import order_row, stock
from tests.pipeline import Pipeline


@pytest.fixture
def shop():
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(available=8, threshold=0))
    pipeline.memory.seed("orders", order_row())
    return pipeline


@pytest.fixture
def advancer(shop):
    return OrderService(shop.tables, shop.publisher, shop.clock)


def test_a_step_is_an_event_of_the_contract_and_its_verdict_is_found(shop, advancer):
    advancer.publish("ord_1", "order.confirmed", {}, event_id="evt-a")

    assert dict(shop.drain())["order.confirmed"] == 200
    assert advancer.verdict("ord_1", "evt-a", seconds=0) == Verdict("applied", "CONFIRMED")


def test_a_step_that_does_not_apply_says_so(shop, advancer):
    advancer.publish("ord_1", "order.confirmed", {}, event_id="evt-a")
    advancer.publish("ord_1", "order.confirmed", {}, event_id="evt-b")
    shop.drain()

    assert advancer.verdict("ord_1", "evt-b", seconds=0) == Verdict("repeated", "CONFIRMED")


def test_a_step_that_would_have_to_wait_is_not_asked_for(shop, advancer):
    """It would happen at some time, when nobody remembers that it was asked for."""
    with pytest.raises(OperatorError, match=r"order: .* waits until the order is CONFIRMED"):
        advancer.publish("ord_1", "order.shipped", {"carrier": None}, event_id="evt-a")

    assert shop.outbox.messages == []


def test_facts_travel_with_the_event(shop, advancer):
    facts = {"reason": "damaged", "cancelledBy": "admin"}

    advancer.publish("ord_1", "order.cancelled", facts, event_id="evt-a")
    shop.drain()

    [entry] = shop.memory.get("orders", {"orderId": "ord_1"})["timeline"]
    assert (entry["reason"], entry["cancelledBy"]) == ("damaged", "admin")


def test_waiting_for_a_verdict_ends(shop, advancer):
    assert advancer.verdict("ord_1", "evt-nobody", seconds=3) is None
    assert shop.clock.monotonic() >= 3


def test_an_unknown_order_and_a_bad_fact_are_refused_before_anything_is_published(shop, advancer):
    with pytest.raises(OperatorError):
        advancer.publish("ord_2", "order.confirmed", {}, event_id="evt-a")
    shop.memory.seed("orders", order_row(status="CONFIRMED"))
    with pytest.raises(InvalidInputError) as refused:
        advancer.publish(
            "ord_1", "order.shipped", {"trackingUrl": "http://x.example"}, event_id="evt-a"
        )

    assert refused.value.field == "payload.trackingUrl"
    assert shop.outbox.messages == []
