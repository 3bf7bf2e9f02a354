"""QStash's failure callback, read: whatever it says, it is a report, or an error that names a field."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.analytics import DeadLetterReported
from shared.contracts.content import canonical
from shared.contracts.envelope import plain
from shared.kernel.errors import (
    InvalidInputError,
    InvalidJsonError,
    PayloadTooLargeError,
    PermanentError,
)
from shared.kernel.strict_json import loads
from shared.messaging.dead_letters.dead_letter import MAX_KEPT_BYTES, dead_letter_of
from shared.messaging.dead_letters.failure_callback import MAX_CALLBACK_BYTES, decode
from tests.builders import body_of
from tests.contracts.samples import sample
from tests.fakes.clock import ManualClock

NOW = ManualClock().now()
ORIGINAL = sample("order.created")
SOURCE = body_of(ORIGINAL)
# Alone these two are refused if they are wrong: without an id there is nothing to count by, and
# what is not base64 is not what QStash sent.
IDENTITY, BASE64 = "sourceMessageId", ("sourceBody", "body")


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


WHOLE: dict[str, Any] = {
    "status": 500,
    "header": {"Content-Type": ["application/json"]},
    "body": b64(b'{"success":false,"error":{"code":"internal_error"}}'),
    "retried": 3,
    "maxRetries": 3,
    "dlqId": "1725323658779-0",
    "sourceMessageId": "msg_abc",
    "url": "https://orders.example.com/",
    "method": "POST",
    "sourceHeader": {"X-Event-Type": ["order.created"]},
    "sourceBody": b64(SOURCE),
    "notBefore": 1701198458025,
    "createdAt": 1701198447054,
    "callerIP": "178.247.74.179",
}
OPTIONAL = sorted(set(WHOLE) - {IDENTITY})
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def read(values: object) -> DeadLetterReported:
    return decode(json.dumps(values).encode(), now=NOW)


def is_readable(document: object) -> bool:
    try:
        loads(json.dumps(document).encode(), max_bytes=MAX_CALLBACK_BYTES)
    except PermanentError:
        return False
    return True


def is_whole(report: DeadLetterReported) -> None:
    """It can be published, read again and kept."""
    again = DeadLetterReported.model_validate(plain(report))
    assert canonical(plain(again)) == canonical(plain(report))
    assert dead_letter_of(report).key


@given(left=st.sets(st.sampled_from(OPTIONAL)))
def test_any_field_but_the_message_s_id_may_be_missing(left):
    report = read({name: value for name, value in WHOLE.items() if name not in left})

    is_whole(report)
    assert report.payload.message_id == "msg_abc"


@given(empty=st.sets(st.sampled_from(OPTIONAL)))
def test_any_field_but_the_message_s_id_may_be_null(empty):
    report = read({name: None if name in empty else value for name, value in WHOLE.items()})

    is_whole(report)
    assert report.payload.message_id == "msg_abc"


@given(st.dictionaries(st.sampled_from(sorted(WHOLE)), VALUES, max_size=4))
def test_fields_of_any_type_make_a_report_or_an_error_that_names_the_field(changes):
    try:
        report = read(WHOLE | changes)
    except InvalidJsonError:
        # Such as a number of too many digits: no document from outside may have it.
        field = None
        assert not is_readable(changes)
    except InvalidInputError as error:
        field = error.field
    else:
        field = None
        is_whole(report)

    assert field is None or field in {IDENTITY, *BASE64} & set(changes)


@pytest.mark.parametrize("value", [10**6, 10**7, "9999999", -1, 3.0, "3.0", True, [3], 2**70])
def test_a_count_or_status_that_is_none_counts_as_zero(value):
    report = read(WHOLE | {"retried": value, "status": value})

    is_whole(report)
    assert report.payload.retry_count == 0
    assert report.payload.status == 0


@given(VALUES)
def test_what_is_no_object_is_refused(document):
    if isinstance(document, dict):
        document = [document]

    with pytest.raises(PermanentError):
        read(document)


@pytest.mark.parametrize("value", [None, "", " ", "msg\n", "a b", 7, True, [], {}, ["msg_abc"]])
def test_a_callback_without_a_usable_message_id_is_refused_by_that_name(value):
    with pytest.raises(InvalidInputError) as refused:
        read(WHOLE | {IDENTITY: value})

    assert refused.value.field == IDENTITY


@pytest.mark.parametrize("field", BASE64)
@pytest.mark.parametrize(
    "text",
    ["%", "YQ", "YQ=", "Y Q==", "YQ==\n", "YQ-_", "\uff39", "a", 7.5, True, False, 0, 1234, [], {}],
)
def test_a_body_that_is_not_base64_is_refused_by_its_name(field, text):
    with pytest.raises(InvalidInputError) as refused:
        read(WHOLE | {field: text})

    assert refused.value.field == field


@given(st.binary(max_size=300))
def test_any_original_is_kept(original):
    report = read(WHOLE | {"sourceBody": b64(original)})

    is_whole(report)
    kept = report.payload.original_event
    assert kept.get("bytes", len(original)) == len(original)


@given(st.binary(max_size=300))
def test_any_answer_is_one_line_after_its_status(answer):
    report = read(WHOLE | {"body": b64(answer)})

    is_whole(report)
    assert report.payload.error.startswith("HTTP 500")
    assert len(report.payload.error.splitlines()) == 1


@pytest.mark.parametrize("more", [0, 1])
def test_an_original_is_kept_whole_up_to_a_size_and_in_part_above_it(more):
    head, tail = b'{"eventId":"evt-1","eventType":"order.created","pad":"', b'"}'
    size = MAX_KEPT_BYTES - len(head) - len(tail) + more

    report = read(WHOLE | {"sourceBody": b64(head + b"x" * size + tail)})

    is_whole(report)
    assert ("unreadable" in report.payload.original_event) is bool(more)


def test_a_callback_that_is_too_large_is_refused_before_it_is_read():
    with pytest.raises(PayloadTooLargeError):
        decode(b" " * (MAX_CALLBACK_BYTES + 1), now=NOW)


@given(
    st.sampled_from(["X-Event-Type", "x-event-type", "X-EVENT-TYPE", "x-Event-type"]),
    st.booleans(),
)
def test_the_type_of_an_unreadable_original_is_in_its_header_however_that_is_spelled(name, listed):
    value = ["order.created"] if listed else "order.created"

    report = read(WHOLE | {"sourceBody": b64(b"\xff"), "sourceHeader": {name: value}})

    assert report.payload.original_event_type == "order.created"
    assert report.payload.original_topic == "orders"


@pytest.mark.parametrize("name", ["SourceMessageId", "source_message_id", "messageId"])
def test_the_message_s_id_has_one_spelling(name):
    values = {key: value for key, value in WHOLE.items() if key != IDENTITY}

    with pytest.raises(InvalidInputError) as refused:
        read(values | {name: "msg_abc"})

    assert refused.value.field == IDENTITY
