"""What an event says: the same by value, whatever its spelling."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.catalog import models
from shared.contracts.commands import CheckoutPayload
from shared.contracts.content import digest_of, may_be_same, shape_of
from shared.contracts.envelope import Event, WireModel, read_event
from tests.builders import body_of, checkout_command, envelope, line
from tests.contracts.samples import PATHS, name_of, text_of, values_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def said(event: dict[str, Any] | bytes) -> str:
    return digest_of(read_event(event if isinstance(event, bytes) else body_of(event), models()))


def backwards(value: Any) -> Any:
    """The same values, every object's keys in the opposite order."""
    if isinstance(value, dict):
        return {name: backwards(value[name]) for name in reversed(value)}
    return [backwards(child) for child in value] if isinstance(value, list) else value


@pytest.mark.parametrize("path", PATHS, ids=map(name_of, PATHS))
def test_every_event_of_the_contract_says_the_same_in_any_order_of_keys(path):
    assert said(body_of(backwards(values_of(path)))) == said(text_of(path))


@pytest.mark.parametrize("spelling", ["30", "30.0", "30.00", "3e1", "300e-1"])
def test_the_spelling_of_a_number_makes_no_difference(spelling):
    event = checkout_command(items=[line(price=30)])
    spelled = body_of(event).replace(b":30", b":" + spelling.encode())

    assert said(spelled) == said(event)


@pytest.mark.parametrize("value", [1, Decimal("1.0"), Decimal("1.00")])
def test_numbers_in_free_objects_are_told_by_value_too(value):
    payload = {"action": "a", "entityType": "order", "entityId": "o", "newState": {"n": value}}
    other = payload | {"newState": {"n": 2}}

    assert said(envelope("analytics.audit", payload)) == said(
        envelope("analytics.audit", payload | {"newState": {"n": 1}})
    )
    assert said(envelope("analytics.audit", payload)) != said(envelope("analytics.audit", other))


def test_what_is_not_payload_makes_no_difference():
    """Whoever sends an event again writes a new time; the traces are not what it says."""
    event = checkout_command()
    again = {"timestamp": "2026-03-02T00:00:00+01:00", "source": "x", "correlationId": "y"}

    assert said(event | again | {"version": "1.7", "causationId": "z"}) == said(event)


def test_absent_null_unknown_and_default_are_one():
    event = checkout_command(items=[line(variationId=None)], loyalty={"points": 7})

    assert said(event) == said(checkout_command(items=[line()]))


@pytest.mark.parametrize(
    "other",
    [
        {"items": [line(quantity=2)]},
        {"items": [line("bowl")]},
        {"items": [line(variationId="red")]},
        {"items": [line(), line("bowl")]},
        {"customerEmail": "eva@example.com"},
        {"customerAddress": "1 Test Street, Testvillf"},
        {"paymentId": "pay-2"},
    ],
)
def test_another_value_anywhere_is_other_content(other):
    assert not may_be_same(said(checkout_command(**other)), said(checkout_command()))


def test_another_type_with_the_same_payload_is_other_content():
    event = values_of(next(path for path in PATHS if name_of(path) == "order.confirmed/v1"))

    assert not may_be_same(said(event), said(event | {"eventType": "order.created"}))


def test_digests_of_versions_that_know_other_fields_are_not_compared():
    """A redelivery to the neighbouring version during a deployment is no other event (I25)."""

    class Payload(WireModel):
        name: str

    class Newer(Payload):
        hint: str | None = None

    def event(payload: WireModel) -> str:
        return digest_of(Event(event_id="e", event_type="t", timestamp=NOW, payload=payload))

    assert may_be_same(event(Payload(name="a")), event(Newer(name="a", hint="b")))
    assert not may_be_same(event(Newer(name="a")), event(Newer(name="a", hint="b")))


@pytest.mark.parametrize("digest", ["12345678.12345678.abc", None])
def test_a_record_from_before_there_were_digests_counts_as_the_same(digest):
    assert may_be_same(None, digest)
    assert may_be_same(digest, None)


def test_shape_covers_what_is_nested():
    class Line(WireModel):
        sku: str

    class Longer(Line):
        note: str | None = None

    class One(WireModel):
        items: tuple[Line, ...]

    class Other(WireModel):
        items: tuple[Longer, ...]

    assert shape_of(One) != shape_of(Other)
    assert shape_of(CheckoutPayload) == shape_of(CheckoutPayload)


texts = st.text(max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | texts,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(texts, children, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(texts, values, max_size=4), st.dictionaries(texts, values, max_size=4))
def test_two_free_objects_are_the_same_exactly_when_their_values_are(one, other):
    def event(state: Any) -> str:
        payload = {"action": "a", "entityType": "order", "entityId": "o", "newState": state}
        model = models()["analytics.audit"]
        values = envelope("analytics.audit", payload)
        return digest_of(model.model_validate(values))

    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (event(one) == event(other)) == same
    assert event(one) == event(backwards(one))
