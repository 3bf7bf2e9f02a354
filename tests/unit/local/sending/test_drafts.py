"""What becomes of a file before it is sent."""

import json
from datetime import UTC, datetime

import pytest

from local.sending.drafts import DraftError, encoded, event_in, renewed, with_changes

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
EVENT = {
    "eventId": "evt_1",
    "timestamp": "2026-03-01T12:00:00.000Z",
    "correlationId": "ord_1",
    "payload": {"orderId": "ord_1", "items": [{"quantity": 1}, {"quantity": 2}]},
}


def test_an_event_is_read_as_it_is():
    assert event_in(json.dumps(EVENT).encode(), "file") == EVENT


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is not JSON"),
        (b"{bad", "line 1 column 2"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b"\xff\xfe{", "is not"),
        (b'{"a": "\xff"}', "is not UTF-8"),
        (b"[1]", "holds no JSON object"),
        (b'"text"', "holds no JSON object"),
        (b"[" * 100_000, "is not JSON"),
    ],
)
def test_what_is_no_event_is_refused_by_name_and_can_be_sent_raw(content, why):
    with pytest.raises(DraftError, match=why) as refused:
        event_in(content, "orders.json")

    assert str(refused.value).startswith("orders.json ")
    assert "`--raw` sends it as it is" in str(refused.value)


def test_a_renewed_event_has_an_id_and_a_time_of_its_own():
    event = renewed(EVENT, NOW, lambda: "evt_new")

    assert (event["eventId"], event["timestamp"]) == ("evt_new", "2026-05-04T12:00:00.000Z")
    assert event["payload"] == EVENT["payload"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("59.5", 59.5),
        ("true", True),
        ("null", None),
        ('"3"', "3"),
        ("[]", []),
        ("", ""),
        ("ord_2", "ord_2"),
        ("a=b", "a=b"),
        ("NaN", "NaN"),
        ("{half", "{half"),
    ],
)
def test_a_value_is_json_if_it_can_be_and_text_otherwise(text, value):
    assert with_changes(EVENT, [f"payload.note={text}"])["payload"]["note"] == value


def test_a_path_leads_into_lists_too_and_the_given_event_stays_as_it_was():
    changed = with_changes(EVENT, ["payload.items.1.quantity=9", "version=2.0.0"])

    assert changed["payload"]["items"] == [{"quantity": 1}, {"quantity": 9}]
    assert changed["version"] == "2.0.0"
    assert EVENT["payload"] == {"orderId": "ord_1", "items": [{"quantity": 1}, {"quantity": 2}]}


def test_another_order_takes_the_correlation_along():
    assert with_changes(EVENT, ["payload.orderId=ord_2"])["correlationId"] == "ord_2"


def test_a_correlation_that_was_given_or_is_another_stays():
    given = with_changes(EVENT, ["payload.orderId=ord_2", "correlationId=ord_1"])
    other = with_changes({**EVENT, "correlationId": "c"}, ["payload.orderId=ord_2"])

    assert (given["correlationId"], other["correlationId"]) == ("ord_1", "c")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("payload.orderId", "must be PATH=VALUE"),
        ("=x", "must be PATH=VALUE"),
        ("payload..x=1", "must be PATH=VALUE"),
        ("cargo.x=1", "there is no cargo"),
        ("payload.items.2.quantity=1", "2 is no position in a list of 2"),
        ("payload.items.first=1", "first is no position"),
        ("payload.items.-1=1", "-1 is no position"),
        ("payload.orderId.x=1", "payload.orderId is a plain value"),
        ("eventId.x.y=1", "there is no x"),
    ],
)
def test_a_change_that_leads_nowhere_is_named(change, why):
    with pytest.raises(DraftError, match=why):
        with_changes(EVENT, [change])


def test_what_travels_is_utf_8():
    assert json.loads(encoded({"name": "Zoë"}).decode("utf-8")) == {"name": "Zoë"}
    assert "Zoë".encode() in encoded({"name": "Zoë"})
