"""Bytes to events: what a reader ignores, refuses, and how it names what is wrong."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.contracts.analytics import AuditPayload
from shared.contracts.catalog import models
from shared.contracts.commands import CheckoutCommand
from shared.contracts.envelope import Event, path_of, read_event, validated
from shared.contracts.notifications import EmailPayload
from shared.contracts.orders import OrderCreated
from shared.kernel.errors import (
    InvalidInputError,
    InvalidJsonError,
    PayloadTooLargeError,
    UnknownEventTypeError,
    UnsupportedVersionError,
)
from shared.kernel.strict_json import dumps, loads
from shared.messaging.outbox import Outbound
from tests.builders import body_of, checkout_command, checkout_payload, line

COMMANDS: dict[str, type[Event]] = {"command.checkout": CheckoutCommand}


def read(event: dict[str, Any]) -> Event:
    return read_event(body_of(event), COMMANDS)


def refusal(event: dict[str, Any]) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as refused:
        read(event)
    return refused.value


def test_event_is_read_with_its_payload_typed():
    event = read(checkout_command())

    assert isinstance(event, CheckoutCommand)
    assert event.event_id == "evt-1"
    assert event.correlation_id == "corr-1"
    assert event.timestamp == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert event.payload.items[0].product_id == "mug"


def test_unknown_fields_are_ignored_at_every_level():
    items = [line(colour="red", nested={"a": [1]})]
    event = checkout_command(items=items, giftWrap=True) | {"traceparent": "00-1", "payloads": {}}

    assert read(event) == read(checkout_command())


@pytest.mark.parametrize("version", ["1.0", "1.7", "1.9999"])
def test_any_minor_of_the_known_major_is_read(version):
    assert read(checkout_command() | {"version": version}).version == version


@pytest.mark.parametrize("version", ["2.0", "0.9", "10.0", "9999.1"])
def test_another_major_is_permanent_and_said_before_anything_else(version):
    """Its payload, even its type, may mean something else by then."""
    event = {"version": version, "eventType": "command.unheard"}

    with pytest.raises(UnsupportedVersionError, match=f"version: {version} is not supported"):
        read(event)


@pytest.mark.parametrize(
    "version",
    [None, 1, 1.0, "1", "v1.0", "1.0.0", "", "1.0\n", " 1.0", "1.\u0660", "\u0661.0", ["1.0"]],
)
def test_version_that_is_none_is_refused_by_its_name(version):
    assert refusal(checkout_command() | {"version": version}).field == "version"


def test_type_of_another_topic_is_refused_and_the_known_ones_are_named():
    event = checkout_command() | {"eventType": "order.created"}

    with pytest.raises(
        UnknownEventTypeError, match=r"order\.created is not handled here"
    ) as refused:
        read(event)

    assert "command.checkout" in str(refused.value)


@pytest.mark.parametrize("event_type", ["a\r\nX: 1", "x" * 129, "\x1b[31m", "\u2028"])
def test_type_that_could_forge_a_log_line_is_not_repeated(event_type):
    with pytest.raises(UnknownEventTypeError) as refused:
        read(checkout_command() | {"eventType": event_type})

    assert event_type not in str(refused.value)


@pytest.mark.parametrize("event_type", [None, 1, ["command.checkout"]])
def test_type_that_is_no_text_is_refused_by_its_name(event_type):
    assert refusal(checkout_command() | {"eventType": event_type}).field == "eventType"


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"[]"', b'"1"', b'"null"'])
def test_json_that_is_no_object_is_refused(body):
    with pytest.raises(InvalidInputError, match="body: must be an object"):
        read_event(body, COMMANDS)


def test_empty_correlation_is_none():
    assert read(checkout_command() | {"correlationId": ""}).correlation_id is None


def test_event_that_was_encoded_twice_is_the_same_event():
    body = body_of(checkout_command(customerName='Zoë "Z" 한'))

    assert read_event(json.dumps(body.decode()).encode(), COMMANDS) == read_event(body, COMMANDS)


def test_event_that_was_encoded_three_times_is_refused_by_name():
    body = json.dumps(json.dumps(body_of(checkout_command()).decode())).encode()

    with pytest.raises(InvalidJsonError) as refused:
        read_event(body, COMMANDS)

    assert (refused.value.field, refused.value.rule) == (
        "body",
        "must not be encoded more than twice",
    )


def test_no_json_and_too_much_json_are_refused_as_such():
    with pytest.raises(InvalidJsonError):
        read_event(b"{", COMMANDS)
    with pytest.raises(PayloadTooLargeError):
        read_event(body_of(checkout_command()), COMMANDS, max_bytes=10)


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"items": []}, "payload.items", "at least 1"),
        ({"items": {}}, "payload.items", "must be a list"),
        ({"items": [line(), 1]}, "payload.items[1]", "must be an object"),
        ({"items": [line(), line(quantity=0)]}, "payload.items[1].quantity", "greater than"),
        ({"items": [line(quantity="1")]}, "payload.items[0].quantity", "must be a whole number"),
        ({"items": [line(quantity=True)]}, "payload.items[0].quantity", "must be a whole number"),
        ({"items": [{"productId": "mug"}]}, "payload.items[0].quantity", "is required"),
        ({"customerName": 7}, "payload.customerName", "must be text"),
        ({"customerName": ""}, "payload.customerName", "at least 1"),
        ({"customerName": "x" * 201}, "payload.customerName", "at most 200"),
        ({"customerName": "a\nb"}, "payload.customerName", "must not contain line breaks"),
        ({"customerAddress": "a\x00b"}, "payload.customerAddress", "must not contain control"),
        ({"customerEmail": "a@b"}, "payload.customerEmail", "must end in a domain name"),
        ({"paymentId": "a b"}, "payload.paymentId", "must be 1 to 128 characters"),
        ({"totalAmount": "25"}, "payload.totalAmount", "must be a JSON number"),
    ],
)
def test_field_path_and_rule_are_named_as_the_sender_wrote_them(changes, field, rule):
    event = checkout_command()
    event["payload"] |= changes

    refused = refusal(event)

    assert refused.field == field
    assert rule in refused.rule


def test_payload_that_is_missing_or_no_object_is_named():
    without = {name: value for name, value in checkout_command().items() if name != "payload"}

    assert refusal(without).field == "payload"
    assert refusal(without | {"payload": []}).field == "payload"


def test_every_broken_field_is_named_at_once_and_no_value_is_repeated():
    refused = refusal(
        checkout_command(customerName="Canary\n", customerEmail="canary@", userId="c c")
    )

    fields = {refused.field, *(field for field, _ in refused.others)}
    assert fields == {"payload.userId", "payload.customerName", "payload.customerEmail"}
    assert "canary" not in f"{refused} {refused.details()}".lower()


FORGERIES = ["a\r\nUpstash-Forward-Evil: 1", "a\nb", "\x00", "a\x7f", "a\u2028", "x" * 5000]
NO_IDS = ["ä", "Upstash-Forward-X: 1", "a,b", "a b", 7, True, ["a"], {"a": 1}]


@pytest.mark.parametrize("value", ["", *FORGERIES, *NO_IDS])
def test_event_id_that_could_forge_a_header_is_refused(value):
    assert refusal(checkout_command() | {"eventId": value}).field == "eventId"


@pytest.mark.parametrize("field", ["correlationId", "causationId"])
@pytest.mark.parametrize("value", FORGERIES + NO_IDS)
def test_odd_diagnostic_id_counts_as_left_out_and_is_named(field, value):
    """It would travel as an HTTP header (S12), and no paid cart is refused for its sake (I31)."""
    event = read(checkout_command() | {field: value})

    kept = {"correlationId": event.correlation_id, "causationId": event.causation_id}
    assert kept[field] is None
    assert event.ignored == (field,)
    assert event.payload == read(checkout_command()).payload


@pytest.mark.parametrize("value", [*FORGERIES, 7, True, ["a"]])
def test_odd_source_is_unknown_and_is_named(value):
    event = read(checkout_command() | {"source": value})

    assert (event.source, event.ignored) == ("unknown", ("source",))


@pytest.mark.parametrize("field", ["source", "correlationId", "causationId"])
@pytest.mark.parametrize("there", [(), (None,), ("",)])
def test_absent_and_empty_diagnostics_are_nothing_odd(field, there):
    """Producers that know no correlation write an empty one."""
    values = {n: v for n, v in checkout_command().items() if n != field}

    event = read(values | dict.fromkeys([field] * len(there), *there))

    assert event.ignored == ()


def test_source_is_kept_in_the_event_and_goes_into_a_header_only_as_an_identifier():
    event = read(checkout_command() | {"source": "Kasse 3 ☕"})

    assert event.source == "Kasse 3 ☕"
    assert Outbound.of(event).source == "unknown"
    assert Outbound.of(read(checkout_command() | {"source": "till-3"})).source == "till-3"


@pytest.mark.parametrize(
    "moment",
    [
        "2026-03-01T12:00:00Z",
        "2026-03-01T13:00:00+01:00",
        "2026-03-01T12:00:00.000000+00:00",
        "2026-03-01t12:00:00.000000000z",
    ],
)
def test_times_of_any_offset_are_the_same_moment(moment):
    assert read(checkout_command() | {"timestamp": moment}) == read(checkout_command())


@pytest.mark.parametrize(
    "moment",
    [
        "2026-03-01T12:00:00",
        "2026-03-01",
        "yesterday",
        "",
        1_772_366_400,
        None,
        "2026-13-01T00:00Z",
    ],
)
def test_time_without_an_offset_or_none_is_refused(moment):
    assert refusal(checkout_command() | {"timestamp": moment}).field == "timestamp"


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example, evil@x.example",
        "Ada <ada@example.com>",
        "ada@example.com\r\nBcc: evil@x.example",
        '"a b"@example.com',
        "ada@example.com;evil@x.example",
        "ada@exam ple.com",
        "ada@@example.com",
        "ada@-example.com",
        "ada@127.0.0.1",
        "@example.com",
        "ada(comment)@example.com",
        "ädä@example.com",
        "a" * 65 + "@example.com",
        "ada@" + "a." * 130 + "com",
    ],
)
def test_only_one_plain_recipient_is_an_address(address):
    with pytest.raises(InvalidInputError) as refused:
        validated(
            EmailPayload, {"to": address, "subject": "s", "templateId": "t", "templateData": {}}
        )

    assert refused.value.field == "to"


@pytest.mark.parametrize("address", ["ada@example.com", "a.b+c@x.y.example", "o'neil@a-b.example"])
def test_plain_addresses_are_kept_as_they_are(address):
    command = read(checkout_command(customerEmail=address))

    assert isinstance(command, CheckoutCommand)
    assert command.payload.customer_email == address


def test_event_on_the_wire_is_camel_case_without_absent_fields():
    event = checkout_command()
    del event["correlationId"]

    written = loads(read(event).to_json().encode(), max_bytes=10_000)

    assert written == loads(dumps(event).encode(), max_bytes=10_000)
    assert "correlationId" not in written
    assert "variationId" not in written["payload"]["items"][0]


def test_events_are_immutable():
    with pytest.raises(ValueError, match="frozen"):
        read(checkout_command()).event_id = "evt-2"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("location", "text"),
    [
        (("payload", "items", 0, "price"), "payload.items[0].price"),
        ((0,), "[0]"),
        ((), "body"),
    ],
)
def test_location_is_written_as_a_path(location, text):
    assert path_of(location) == text


def test_free_objects_keep_what_they_hold():
    state = {"total": 12, "list": [1, {"a": None}], "text": "ä"}
    payload = {"action": "a", "entityType": "order", "entityId": "o", "newState": state}

    assert validated(AuditPayload, payload).new_state == state


def test_each_class_reads_only_its_own_type():
    values = checkout_payload()

    with pytest.raises(InvalidInputError) as refused:
        validated(OrderCreated, checkout_command() | {"payload": values})

    assert refused.value.field == "eventType"
    assert models()["order.created"] is OrderCreated
