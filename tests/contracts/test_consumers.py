"""Each topic's function acts on every type of its topic or refuses it by name: none is swallowed."""

from decimal import Decimal
from typing import Any

import pytest

from shared.contracts.topics import EVENT_TYPES, Topic, topic_of
from tests.builders import answer_of, checkout_row, order_row, stock
from tests.contracts.samples import PATHS, name_of, sample, text_of, values_of
from tests.pipeline import Pipeline


@pytest.fixture
def pipeline() -> Pipeline:
    """A shop that knows what the samples speak of."""
    shop = Pipeline()
    shop.memory.seed(
        "stock",
        stock("mug-classic"),
        stock("shirt", sku="shirt#red-m", variationId="red-m", price=Decimal("29.99")),
    )
    return shop


# Where an order must be for a step that is not its first.
_BEFORE = {
    "order.processing": "CONFIRMED",
    "order.shipped": "CONFIRMED",
    "order.delivered": "SHIPPED",
}


def knowing_its_order(shop: Pipeline, event: dict[str, Any]) -> None:
    order_id = event["payload"].get("orderId")
    if order_id is not None:
        before = _BEFORE.get(event["eventType"], "PENDING")
        known = {
            name: event["payload"][name]
            for name in ("paymentId", "userId")
            if name in event["payload"]
        }
        user = {name: known[name] for name in known if name == "userId"}
        shop.memory.seed("orders", order_row(orderId=order_id, status=before, **user))
        rejected = checkout_row(orderId=order_id, status="rejected", **known)
        shop.memory.seed("checkouts", rejected)


@pytest.mark.parametrize("path", PATHS, ids=map(name_of, PATHS))
def test_every_type_of_the_contract_is_handled_durably(pipeline, path):
    event = values_of(path)
    topic = topic_of(event["eventType"]).value
    if event["eventType"] != "command.checkout":
        knowing_its_order(pipeline, event)

    response = pipeline.deliver(topic, text_of(path))

    record = pipeline.memory.get("ledger", {"id": f"{topic}#{event['eventId']}"})
    assert response["statusCode"] == 200
    assert record is not None
    assert record["eventType"] == event["eventType"]
    assert answer_of(response) == {
        "success": True,
        "eventId": event["eventId"],
        "eventType": event["eventType"],
        "duplicate": False,
    }


@pytest.mark.parametrize(
    ("event_type", "topic"),
    [(kind, topic) for kind in EVENT_TYPES for topic in Topic if topic_of(kind) is not topic],
)
def test_type_of_another_topic_is_refused_for_good(pipeline, event_type, topic):
    response = pipeline.deliver(topic.value, sample(event_type))

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["code"] == "unknown_event_type"
    assert pipeline.memory.all("ledger") == []


@pytest.mark.parametrize("path", PATHS, ids=map(name_of, PATHS))
def test_next_major_version_is_refused_for_good_and_stores_nothing(pipeline, path):
    event = values_of(path) | {"version": "2.0"}

    response = pipeline.deliver(topic_of(event["eventType"]).value, event)

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["code"] == "unsupported_version"
    assert pipeline.memory.all("ledger") == []
