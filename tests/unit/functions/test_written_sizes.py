"""What counts is how long an event is where it is stored and sent on, not how long it came (S32)."""

import json
import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.envelope import MAX_EVENT_BYTES
from shared.contracts.topics import EVENT_TYPES, topic_of
from tests.builders import answer_of, body_of, order_row, stock
from tests.contracts.samples import sample
from tests.pipeline import Pipeline

FREE = [
    ("notification.email", "templateData"),
    ("notification.push", "data"),
    ("analytics.audit", "previousState"),
    ("analytics.audit", "newState"),
    ("analytics.audit", "metadata"),
    ("analytics.dlq", "originalEvent"),
]


def shop_with_everything() -> Pipeline:
    shop = Pipeline()
    shop.memory.seed(
        "stock",
        stock("mug-classic"),
        stock("shirt", sku="shirt#red-m", variationId="red-m", price=Decimal("29.99")),
    )
    return shop


def with_text(event_type: str, field: str, text: str) -> bytes:
    """A sample whose free field has one more member, as it stands in the JSON."""
    event = sample(event_type)
    event["payload"][field] = {**(event["payload"].get(field) or {}), "more": "HERE"}
    return body_of(event).replace(b'"HERE"', text.encode())


def numbers(spelling: str, count: int) -> str:
    return "[" + ",".join([spelling] * count) + "]"


def deliver(shop: Pipeline, event_type: str, body: bytes) -> dict[str, Any]:
    return shop.deliver(topic_of(event_type).value, body)


@pytest.mark.parametrize(("event_type", "field"), FREE)
@pytest.mark.parametrize(
    ("spelling", "count"), [("1e23", 38_000), ("-1E+24", 30_000), ("9.5e22", 36_000)]
)
def test_numbers_that_grow_are_refused_for_good_before_anything_is_sent_or_stored(
    event_type, field, spelling, count
):
    shop = shop_with_everything()
    body = with_text(event_type, field, numbers(spelling, count))
    assert len(body) < MAX_EVENT_BYTES

    response = deliver(shop, event_type, body)

    if event_type == "analytics.dlq":  # the last word about an event is kept, if only in part
        assert response["statusCode"] == 200
        (letter,) = shop.memory.all("dead_letters")
        assert "unreadable" in str(letter["originalEvent"])
        return
    assert response["statusCode"] == 489
    error = answer_of(response)["error"]
    assert error["code"] == "payload_too_large"
    assert error["message"].startswith("payload: must be at most 262144 bytes")
    assert shop.mailer.sent == []
    assert shop.pushes.sent == []
    assert [shop.memory.all(t) for t in ("ledger", "notifications", "audit")] == [[], [], []]


def test_numbers_that_fit_written_out_are_taken():
    shop = shop_with_everything()
    body = with_text("notification.email", "templateData", numbers("1e23", 9_000))

    assert deliver(shop, "notification.email", body)["statusCode"] == 200
    (record,) = [row for row in shop.memory.all("notifications") if "event" in row]
    assert len(str(record["event"])) > 5 * len(body) // 2


@pytest.mark.parametrize("length", [MAX_EVENT_BYTES, MAX_EVENT_BYTES - 1])
def test_an_event_of_the_greatest_length_is_taken(length):
    """Nothing grows in it, so it is as long where it is stored."""
    shop = shop_with_everything()
    short = with_text("analytics.audit", "metadata", '""')
    body = with_text("analytics.audit", "metadata", f'"{"x" * (length - len(short))}"')
    assert len(body) == length

    assert deliver(shop, "analytics.audit", body)["statusCode"] == 200


@pytest.mark.parametrize(("event_type", "field"), FREE)
@pytest.mark.parametrize(
    "text",
    [
        '{"' + "n" * 70_000 + '":1}',
        '"' + "\\u0001" * 40_000 + '"',
        '"' + "\\ud83d\\ude00" * 20_000 + '"',
        '"' + "ü" * 125_000 + '"',
        '"' + '\\"' * 120_000 + '"',
        "[" * 27 + "]" * 27,
        "[" * 28 + "1e-24" + "]" * 28,
        json.dumps(json.dumps(json.dumps({"a": '"' * 10_000}))),
        numbers("0.00000000000000000000000123456789012345678", 5_000),
        numbers('""', 80_000),
        "[" + "{}," * 80_000 + "1]",
    ],
    ids=lambda text: text[:12],
)
def test_odd_text_is_taken_or_refused_and_never_a_bug(event_type, field, text):
    shop = shop_with_everything()

    response = deliver(shop, event_type, with_text(event_type, field, text))

    assert response["statusCode"] in {200, 489, 503}


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(["1e23", "-1e24", "1e-24", "0.1", "123456789012345678901234", "1E+3"]),
    st.integers(-(10**23), 10**23).map(str),
    st.text(max_size=20).map(json.dumps),
)
_JSON = st.recursive(
    _SCALARS.map(lambda value: value if isinstance(value, str) else json.dumps(value)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda parts: "[" + ",".join(parts) + "]"),
        st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4).map(
            lambda parts: "{" + ",".join(f"{json.dumps(k)}:{v}" for k, v in parts.items()) + "}"
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(
    event_type=st.sampled_from(sorted(EVENT_TYPES)),
    text=_JSON,
    times=st.sampled_from([1, 1, 1, 300, 9_000]),
    seed=st.integers(0, 2**16),
)
def test_no_value_of_any_field_of_any_event_is_answered_as_a_bug(event_type, text, times, seed):
    """Any field of the payload becomes any JSON, short or as long as an event may be."""
    shop = shop_with_everything()
    event = sample(event_type)
    field = random.Random(seed).choice([*event["payload"], "more"])
    order_id = event["payload"].get("orderId")
    if order_id is not None:
        shop.memory.seed("orders", order_row(orderId=order_id))
    times = min(times, 200_000 // (len(text.encode()) + 1))
    value = text if times <= 1 else "[" + ",".join([text] * times) + "]"
    event["payload"][field] = "HERE"

    response = deliver(shop, event_type, body_of(event).replace(b'"HERE"', value.encode(), 1))

    assert response["statusCode"] in {200, 489, 503}, answer_of(response)
