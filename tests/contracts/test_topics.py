"""Which topic each event goes to: the first segment of its type decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.catalog import models
from shared.contracts.envelope import validated
from shared.contracts.sources import source_of
from shared.contracts.topics import EVENT_TYPES, Topic, topic_of
from shared.messaging.outbox import Outbound
from tests.contracts.samples import sample

TOPIC_OF_SEGMENT = {
    "command": "commands",
    "order": "orders",
    "notification": "notifications",
    "inventory": "inventory",
    "analytics": "analytics",
}


def test_there_are_the_five_topics_of_the_contract():
    assert [topic.value for topic in Topic] == [
        "commands",
        "orders",
        "notifications",
        "inventory",
        "analytics",
    ]


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_event_goes_to_the_topic_of_its_first_segment(event_type):
    assert topic_of(event_type).value == TOPIC_OF_SEGMENT[event_type.partition(".")[0]]


@given(st.text(max_size=30))
def test_every_other_type_goes_to_analytics(event_type):
    known = event_type.partition(".")[0] in TOPIC_OF_SEGMENT

    assert known or topic_of(event_type) is Topic.ANALYTICS


@pytest.mark.parametrize(
    "event_type", ["", "orders.created", "Order.created", "payment.failed", "x"]
)
def test_types_that_only_look_alike_go_to_analytics(event_type):
    assert topic_of(event_type) is Topic.ANALYTICS


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_published_message_goes_to_the_topic_of_its_event(event_type):
    message = Outbound.of(validated(models()[event_type], sample(event_type)))

    assert message.topic is topic_of(event_type)
    assert message.event_type == event_type
    assert message.event_id == sample(event_type)["eventId"]


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_source_of_our_own_events_is_one_the_contract_knows(event_type):
    assert source_of(event_type) in {"checkout-api", "orders-service", "api"}
    assert source_of(event_type) == sample(event_type)["source"]
