"""Failed messages: QStash's callback becomes one dead letter per event, whatever is in it."""

import base64
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.envelope import MAX_EVENT_BYTES
from shared.kernel.errors import InvalidInputError, PayloadTooLargeError, PermanentError
from shared.kernel.strict_json import loads
from shared.messaging.dead_letters.failure_callback import decode
from tests.builders import Context, answer_of, body_of, order_row, request
from tests.contracts.samples import sample
from tests.fakes.clock import ManualClock
from tests.pipeline import URLS, Pipeline
from tests.signing import sign

ORIGINAL = sample("order.created")
SKIP = object()
NOW = ManualClock().now()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def callback(**changes: Any) -> bytes:
    """QStash's report of a failed ``order.created``; SKIP leaves a field out."""
    values = {
        "status": 500,
        "header": {"Content-Type": ["application/json"]},
        "body": b64(b'{"success":false,"error":{"code":"internal_error"}}'),
        "retried": 3,
        "maxRetries": 3,
        "dlqId": "1725323658779-0",
        "sourceMessageId": "msg_abc",
        "url": URLS["orders"],
        "method": "POST",
        "sourceHeader": {"X-Event-Type": ["order.created"]},
        "sourceBody": b64(body_of(ORIGINAL)),
        "notBefore": 1701198458025,
        "createdAt": 1701198447054,
        "callerIP": "178.247.74.179",
        **changes,
    }
    return json.dumps({name: v for name, v in values.items() if v is not SKIP}).encode()


def twice(body: bytes) -> bytes:
    """As a producer sends it that makes JSON of JSON."""
    return json.dumps(body.decode()).encode()


@pytest.fixture
def shop() -> Pipeline:
    return Pipeline()


def report(shop: Pipeline, body: bytes) -> dict[str, Any]:
    return shop.deliver("analytics", body, suffix="failures")


def letter(shop: Pipeline) -> dict[str, Any]:
    """The only dead letter."""
    (found,) = shop.memory.all("dead_letters")
    return dict(found)


def test_callback_becomes_a_dead_letter_with_topic_cause_payload_and_attempts(shop):
    assert report(shop, callback())["statusCode"] == 200

    found = letter(shop)
    assert found["eventId"] == ORIGINAL["eventId"]
    assert (found["topic"], found["eventType"]) == ("orders", "order.created")
    assert (found["state"], found["attempts"]) == ("open", 4)
    assert found["error"].startswith("HTTP 500: ")
    assert found["cause"] == "HTTP 500 internal_error"
    assert (found["messageId"], found["reportedBy"]) == ("msg_abc", "callback")
    assert json.loads(found["originalEvent"]) == json.loads(body_of(ORIGINAL))


@pytest.mark.parametrize(
    "changes",
    [
        {"createdAt": "1701198447054", "notBefore": "1701198458025"},
        {"retried": "3", "status": "500"},
        {"sourceHeader": {"X-Event-Type": "order.created"}},
        {"sourceHeader": {"x-event-type": ["order.created"]}},
        {"sourceHeader": None},
        {"header": SKIP, "maxRetries": SKIP, "callerIP": SKIP, "notBefore": SKIP},
        {"topicName": "t", "endpointName": "e", "scheduleId": "s", "unheard": {"a": 1}},
    ],
)
def test_every_documented_form_of_the_callback_gives_the_same_letter(shop, changes):
    other = Pipeline()
    report(other, callback())

    assert report(shop, callback(**changes))["statusCode"] == 200

    assert letter(shop) == letter(other)


def test_callback_delivered_again_is_the_same_report(shop):
    report(shop, callback())
    shop.clock.advance(7200)

    assert answer_of(report(shop, callback()))["duplicate"] is True
    assert letter(shop)["attempts"] == 4
    assert [m.name for m in shop.telemetry.measures] == ["DeadLetters"]


def test_event_that_fails_again_under_another_message_is_still_one_letter(shop):
    report(shop, callback())
    report(shop, callback(sourceMessageId="msg_replayed", retried=0, status=503))

    found = letter(shop)
    assert found["attempts"] == 5
    assert found["messageId"] == "msg_replayed"
    assert found["error"].startswith("HTTP 503")
    assert [entry["action"] for entry in found["history"]] == ["failed", "failed again"]


def test_event_that_reports_a_failure_meets_the_callback_in_one_letter(shop):
    report(shop, callback())

    assert shop.deliver("analytics", sample("analytics.dlq"))["statusCode"] == 200
    assert letter(shop)["eventId"] == ORIGINAL["eventId"]
    assert [entry["by"] for entry in letter(shop)["history"]] == ["callback", "event"]


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 2)), max_size=10))
def test_reports_in_any_number_and_order_converge(reports):
    """One letter per event, one count per failed message (I16)."""
    shop = Pipeline()
    shop.redis.down = True
    for event_id, message in reports:
        source = b64(body_of(ORIGINAL | {"eventId": event_id}))
        report(shop, callback(sourceBody=source, sourceMessageId=f"{event_id}-{message}"))

    letters = {row["eventId"]: row["attempts"] for row in shop.memory.all("dead_letters")}
    distinct = set(reports)
    assert letters == {
        event_id: 4 * sum(known == event_id for known, _ in distinct)
        for event_id in {event_id for event_id, _ in distinct}
    }


HOSTILE = "http://169.254.169.254/latest/meta-data"


def test_hostile_address_in_a_callback_is_never_used(shop):
    """Nothing is published, and what a replay will read knows no address at all (S13)."""
    report(shop, callback(url=HOSTILE, callback=HOSTILE, sourceHeader={"Upstash-Forward-X": ["y"]}))

    assert shop.outbox.messages == []
    assert HOSTILE not in str(letter(shop))
    assert letter(shop)["topic"] == "orders"


def test_topic_of_a_letter_comes_from_its_type_and_not_from_the_callback(shop):
    foreign = body_of(ORIGINAL | {"eventType": "payment.failed", "topic": "commands"})

    report(shop, callback(sourceBody=b64(foreign), url=URLS["commands"], topicName="commands"))

    assert letter(shop)["topic"] == "analytics"


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"not json", b"[1]", b"", b'{"a":1,"a":2}', b"[" * 5000, b'{"x":NaN}']
)
def test_body_that_is_no_event_is_kept_in_part_with_its_hash(shop, body):
    assert report(shop, callback(sourceBody=b64(body)))["statusCode"] == 200

    found = letter(shop)
    kept = json.loads(found["originalEvent"])
    assert found["eventId"] == "message:msg_abc"
    assert found["eventType"] == "order.created", "from the travelling header"
    assert kept["bytes"] == len(body)
    assert kept["sha256"] == hashlib.sha256(body).hexdigest()


def test_huge_body_is_truncated_and_its_hash_kept(shop):
    huge = body_of(ORIGINAL | {"padding": "x" * 1_500_000})

    assert report(shop, callback(sourceBody=b64(huge)))["statusCode"] == 200

    found = letter(shop)
    kept = json.loads(found["originalEvent"])
    assert len(str(found)) < 20_000
    assert (kept["bytes"], kept["sha256"]) == (len(huge), hashlib.sha256(huge).hexdigest())


def test_callback_that_is_larger_than_any_of_qstash_is_refused():
    with pytest.raises(PayloadTooLargeError):
        decode(callback(sourceBody="A" * 5_000_000), now=NOW)


@pytest.mark.parametrize("event_id", ["a b", "a\r\nX: 1", "", 7, None, "x" * 129])
def test_event_whose_id_is_unusable_is_known_by_its_message(shop, event_id):
    report(shop, callback(sourceBody=b64(body_of(ORIGINAL | {"eventId": event_id}))))

    assert letter(shop)["eventId"] == "message:msg_abc"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sourceMessageId": SKIP}, "sourceMessageId"),
        ({"sourceMessageId": "a b"}, "sourceMessageId"),
        ({"sourceMessageId": 7}, "sourceMessageId"),
        ({"sourceBody": "not base64!"}, "sourceBody"),
        ({"body": "ä"}, "body"),
    ],
)
def test_report_that_is_no_callback_is_refused_by_its_field(changes, field):
    with pytest.raises(InvalidInputError) as refused:
        decode(callback(**changes), now=NOW)

    assert refused.value.field == field


def test_answer_of_the_consumer_is_kept_on_one_line_and_short(shop):
    noise = ("\x1b[31mred\r\nX: 1\u2028" + "y" * 5000).encode()

    report(shop, callback(body=b64(noise)))

    error = letter(shop)["error"]
    assert error.isprintable()
    assert len(error) < 1100


json_values = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just([[1]])


@given(st.dictionaries(st.sampled_from(sorted(json.loads(callback()))), json_values, max_size=4))
def test_any_values_in_a_callback_make_a_report_or_one_typed_refusal(changes):
    try:
        event = decode(callback(**changes), now=NOW)
    except PermanentError:
        return
    assert event.payload.retry_count >= 0


def test_unsigned_callback_and_one_signed_for_the_topic_itself_are_refused(shop):
    body = callback()
    now = shop.clock.now().timestamp()
    for token in ("", sign(URLS["analytics"], body, now), sign(URLS["orders"], body, now)):
        call = request(body, headers={"upstash-signature": token}, path="/failures")

        assert shop.consumer("analytics")(call, Context())["statusCode"] == 401

    assert shop.memory.all("dead_letters") == []


def test_callback_signed_for_its_own_address_is_no_event_for_the_topic(shop):
    body = callback()
    token = sign(URLS["analytics"] + "failures", body, shop.clock.now().timestamp())
    call = request(body, headers={"upstash-signature": token}, path="/")

    assert shop.consumer("analytics")(call, Context())["statusCode"] == 401


def test_letter_of_an_event_that_was_encoded_twice_is_the_event_itself(shop):
    report(shop, callback(sourceBody=b64(twice(body_of(ORIGINAL)))))

    found = letter(shop)
    assert found["eventId"] == ORIGINAL["eventId"]
    assert (found["topic"], found["eventType"]) == ("orders", "order.created")
    assert loads(found["originalEvent"].encode(), max_bytes=100_000) == ORIGINAL


def test_letter_of_text_within_text_is_kept_as_it_came(shop):
    body = twice(twice(body_of(ORIGINAL)))
    report(shop, callback(sourceBody=b64(body)))

    kept = json.loads(letter(shop)["originalEvent"])
    assert kept["unreadable"].encode() == body
    assert letter(shop)["eventType"] == "order.created"  # its header says so


def told(event: dict[str, Any], event_id: str = "evt-told", **changes: Any) -> dict[str, Any]:
    """A report of a failure by a program of the shop's own."""
    values = sample("analytics.dlq")
    payload = {**values["payload"], "originalEvent": event, **changes}
    return {**values, "eventId": event_id, "payload": payload}


def test_numbers_that_are_longer_written_out_do_not_fill_the_letter(shop):
    """Each takes five bytes on the way and four times as many in the store."""
    body = body_of(told({})).replace(
        b'"originalEvent":{}',
        b'"originalEvent":{"eventId":"evt-long","payload":[%s1]}' % (b"1e20," * 40_000),
    )
    assert shop.deliver("analytics", body)["statusCode"] == 200

    found = letter(shop)
    assert found["eventId"] == "evt-long"
    assert "unreadable" in found["originalEvent"]
    assert len(str(found)) < 20_000


def test_letter_of_the_longest_event_that_a_topic_reads_is_the_whole_event(shop):
    long = {**ORIGINAL, "payload": {**ORIGINAL["payload"], "more": ""}}
    long["payload"]["more"] = "x" * (MAX_EVENT_BYTES - len(body_of(long)))
    assert len(body_of(long)) == MAX_EVENT_BYTES

    report(shop, callback(sourceBody=b64(body_of(long))))

    assert loads(letter(shop)["originalEvent"].encode(), max_bytes=300_000) == long


def test_a_failure_in_the_future_is_one_of_now(shop):
    """It would otherwise describe the letter for ever, whatever failed after it."""
    shop.deliver("analytics", told(ORIGINAL, failedAt="2999-01-01T00:00:00Z"))
    report(shop, callback(status=489, dlqId=SKIP))

    found = letter(shop)
    assert found["lastFailedAt"] == "2026-03-01T12:00:00.000Z"
    assert found["kind"] == "refused"


def test_more_attempts_than_anybody_makes_are_refused_by_name(shop):
    answer = shop.deliver("analytics", told(ORIGINAL, retryCount=10**8))

    assert answer["statusCode"] == 489
    assert answer_of(answer)["error"]["field"] == "payload.retryCount"


def test_a_callback_after_the_event_was_handled_opens_nothing(shop):
    """What is done stays done, in whatever order reports arrive (I15)."""
    pipeline = Pipeline()
    pipeline.memory.seed("orders", order_row(orderId=ORIGINAL["payload"]["orderId"]))
    assert pipeline.deliver("orders", ORIGINAL)["statusCode"] == 200

    report(pipeline, callback())
    report(pipeline, callback(sourceMessageId="msg_other", status=489))

    assert letter(pipeline)["state"] == "resolved"
    assert letter(pipeline)["failures"] == 2
    assert "DeadLettersRefused" not in [m.name for m in pipeline.telemetry.measures]


def test_only_what_waits_for_a_person_counts_as_refused(shop):
    """Once, however often it fails; and once more after something else was in its way."""
    for number, status in enumerate((429, 489, 489, 503, 489)):
        shop.clock.advance(60)
        report(shop, callback(sourceMessageId=f"msg_{number}", status=status))

    names = [measure.name for measure in shop.telemetry.measures]
    assert names.count("DeadLetters") == 1
    assert names.count("DeadLettersRefused") == 2
