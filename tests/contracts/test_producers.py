"""What our functions and our publishing library write is what the contract says."""

from decimal import Decimal
from typing import Any

import pytest

from shared.client import publish
from shared.contracts.catalog import adapter, models
from shared.contracts.envelope import Event, validated
from shared.contracts.topics import EVENT_TYPES, topic_of
from shared.kernel.errors import InvalidInputError
from shared.kernel.ids import checkout_event_id_for, is_id
from shared.kernel.strict_json import loads
from shared.messaging.outbox import Outbound
from tests.builders import checkout_payload, line, stock
from tests.contracts.samples import sample
from tests.fakes.publisher import RecordingPublisher
from tests.pipeline import Pipeline


def written(message: Outbound) -> dict[str, Any]:
    """A published body, parsed with exact numbers."""
    values = loads(message.body.encode(), max_bytes=300_000)
    assert isinstance(values, dict)
    return values


@pytest.fixture(scope="module")
def messages() -> list[Outbound]:
    """Everything that two confirmed checkouts, the last units among them, and a rejected one say."""
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(), stock("bowl", variationId="red", sku="bowl#red"))
    bowl = line("bowl", variationId="red")
    for payment, items in (
        ("pay-1", [line(quantity=2), bowl]),
        ("pay-2", [line(quantity=8)]),
        ("pay-3", [line(quantity=8)]),
    ):
        payload = checkout_payload(items=items, paymentId=payment)
        assert pipeline.checkout(payload)["statusCode"] == 202
    assert {status for _, status in pipeline.drain()} == {200}
    return pipeline.outbox.messages


def test_checkouts_publish_every_type_that_the_flow_names(messages):
    assert {message.event_type for message in messages} >= {
        "command.checkout",
        "order.created",
        "order.rejected",
        "order.refund.requested",
        "notification.email",
        "inventory.stock.updated",
        "inventory.stock.low",
        "analytics.audit",
    }


def test_everything_published_is_an_event_of_the_contract(messages):
    for message in messages:
        event = adapter().validate_python(written(message))

        assert type(event) is models()[message.event_type]
        assert event.version == "1.0"
        assert event.source == sample(message.event_type)["source"]


def test_headers_of_a_message_say_what_its_body_says(messages):
    for message in messages:
        values = written(message)

        assert message.event_id == values["eventId"]
        assert message.event_type == values["eventType"]
        assert message.version == values["version"]
        assert message.source == values["source"]
        assert message.correlation_id == values["correlationId"]
        assert message.topic is topic_of(values["eventType"])
        assert is_id(message.event_id)


def test_every_event_of_a_flow_names_its_cause_and_one_correlation(messages):
    by_id = {message.event_id: written(message) for message in messages}
    for values in by_id.values():
        if values["eventType"] != "command.checkout":
            cause = by_id[values["causationId"]]
            assert values["correlationId"] == cause["correlationId"]


def test_money_leaves_as_a_number_with_at_most_two_decimals(messages):
    created = next(m for m in messages if m.event_type == "order.created")
    payload = written(created)["payload"]

    for amount in (payload["totalAmount"], *(item["price"] for item in payload["items"])):
        assert isinstance(amount, int | Decimal)
        assert amount == round(Decimal(amount), 2)


def test_confirmation_mail_is_the_one_the_contract_describes(messages):
    mail = next(
        written(m)["payload"]
        for m in messages
        if m.event_type == "notification.email"
        and written(m)["payload"]["templateId"] == "order-confirmation"
    )

    assert mail["subject"] == f"Order Confirmation - {mail['templateData']['orderId']}"
    assert mail["priority"] == "high"
    assert set(mail["templateData"]) == {"orderId", "customerName", "items", "totalAmount"}


PUBLISHERS = {
    "command.checkout": publish.publish_checkout_command,
    "order.created": publish.publish_order_created,
    "notification.email": publish.publish_email_notification,
    "inventory.stock.updated": publish.publish_stock_update,
    "analytics.audit": publish.publish_audit_log,
}


@pytest.mark.parametrize("event_type", PUBLISHERS)
def test_each_publisher_publishes_its_type_to_its_topic_from_its_source(event_type):
    outbox = RecordingPublisher()

    event_id = PUBLISHERS[event_type](sample(event_type)["payload"], "corr-1", publisher=outbox)

    (message,) = outbox.messages
    event = adapter().validate_python(written(message))
    assert (event.event_type, event.event_id) == (event_type, event_id)
    assert event.correlation_id == "corr-1"
    assert event.source == sample(event_type)["source"]
    assert message.topic is topic_of(event_type)


@pytest.mark.parametrize("event_type", PUBLISHERS)
def test_each_publisher_refuses_a_payload_that_breaks_the_contract(event_type):
    outbox = RecordingPublisher()

    with pytest.raises(InvalidInputError):
        PUBLISHERS[event_type]({}, publisher=outbox)

    assert outbox.messages == []


def test_one_payment_always_publishes_the_same_command():
    outbox = RecordingPublisher()
    payload = sample("command.checkout")["payload"]

    for _ in range(2):
        publish.publish_checkout_command(payload, publisher=outbox)

    assert outbox.ids() == [checkout_event_id_for(payload["paymentId"])] * 2


def test_many_events_to_different_topics_leave_in_one_request():
    outbox = RecordingPublisher()
    events: list[Event] = [validated(models()[kind], sample(kind)) for kind in EVENT_TYPES]

    ids = publish.publish_events(events, publisher=outbox)

    (batch,) = outbox.batches
    assert [message.event_id for message in batch] == ids
    assert {message.topic for message in batch} == {topic_of(kind) for kind in EVENT_TYPES}


def test_low_level_publish_sets_topic_delay_and_retries():
    outbox = RecordingPublisher()
    event = validated(models()["order.created"], sample("order.created"))

    publish.publish_event("analytics", event, delay=60, retries=5, publisher=outbox)

    (message,) = outbox.messages
    assert (message.topic.value, message.delay, message.retries) == ("analytics", 60, 5)


@pytest.mark.parametrize("options", [{"retries": 6}, {"retries": -1}, {"delay": -1}])
def test_delay_and_retries_out_of_range_are_refused_by_name(options):
    outbox = RecordingPublisher()
    event = validated(models()["order.created"], sample("order.created"))

    with pytest.raises(InvalidInputError, match=next(iter(options))):
        publish.publish_event("orders", event, publisher=outbox, **options)

    assert outbox.messages == []


def test_three_retries_are_the_default():
    outbox = RecordingPublisher()

    publish.publish_audit_log(sample("analytics.audit")["payload"], publisher=outbox)

    assert outbox.messages[0].retries == 3
    assert outbox.messages[0].delay is None
