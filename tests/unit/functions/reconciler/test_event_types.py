"""Callback and pull say the same of a message, whatever its event and its headers claim (I16)."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.reconciler.failed_messages import pulled
from shared.contracts.topics import Topic
from shared.kernel.ids import is_id
from shared.messaging.dead_letters.failure_callback import decode
from tests.builders import checkout_command
from tests.fakes.clock import ManualClock

NOW = ManualClock().now()
ODD = [
    "an order was made",
    "order.created\n",
    "order.created; DROP",
    "\u0663.created",
    "x" * 129,
    "",
    " ",
    None,
    7,
    True,
    {"type": "order.created"},
    ["order.created"],
]
VALUES = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=140)


def told_by_both(body: bytes, headers: object) -> tuple[str, str]:
    """Type and topic of a failed message, after the two ways of hearing of it agreed on them."""
    callback: dict[str, Any] = {
        "status": 500,
        "sourceMessageId": "msg_1",
        "sourceHeader": headers,
        "sourceBody": base64.b64encode(body).decode(),
    }
    entry: dict[str, Any] = {
        "messageId": "msg_1",
        "dlqId": "1-0",
        "header": headers,
        "bodyBase64": base64.b64encode(body).decode(),
        "responseStatus": 500,
    }
    heard = decode(json.dumps(callback).encode(), now=NOW)
    fetched = pulled(entry, now=NOW)
    types = {heard.payload.original_event_type, fetched.payload.original_event_type}
    topics = {heard.payload.original_topic, fetched.payload.original_topic}
    assert heard.event_id == fetched.event_id
    [event_type], [topic] = types, topics
    assert is_id(event_type)
    assert topic in {known.value for known in Topic}
    return event_type, topic


def event(event_type: object) -> bytes:
    return json.dumps(checkout_command() | {"eventType": event_type}, default=float).encode()


@pytest.mark.parametrize("event_type", ODD)
def test_a_type_that_is_no_identifier_is_that_of_the_header(event_type):
    headers = {"X-Event-Type": ["command.checkout"]}

    assert told_by_both(event(event_type), headers) == ("command.checkout", "commands")


@pytest.mark.parametrize("event_type", ODD)
@pytest.mark.parametrize("header", ODD)
def test_where_the_header_has_none_either_it_is_unknown(event_type, header):
    found = told_by_both(event(event_type), {"X-Event-Type": header})

    expected = "order.created" if header == ["order.created"] else "unknown"
    assert found[0] == expected


@pytest.mark.parametrize("headers", [None, [], "x", {}, {"x-event-type": []}, {"Other": ["a"]}])
def test_a_message_without_headers_is_known_by_its_event_or_not_at_all(headers):
    assert told_by_both(b"\xff", headers) == ("unknown", "analytics")
    assert told_by_both(event("order.created"), headers) == ("order.created", "orders")


def test_the_event_s_own_type_wins_over_its_header():
    assert told_by_both(event("order.created"), {"X-Event-Type": ["command.checkout"]}) == (
        "order.created",
        "orders",
    )


@given(
    VALUES,
    st.sampled_from(["X-Event-Type", "x-event-type", "X-EVENT-TYPE"]),
    VALUES | st.lists(VALUES),
)
def test_both_say_the_same_whatever_the_sender_wrote(event_type, name, header):
    told_by_both(event(event_type), {name: header})
