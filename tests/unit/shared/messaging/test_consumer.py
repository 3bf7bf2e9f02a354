"""What QStash, and anybody else, is answered; and what is asked of the stores before that."""

import base64
import json
from typing import Any

import pytest

from shared.kernel import errors
from shared.kernel.errors import PipelineError, TransientError, UnauthenticatedError
from tests.builders import Context, answer_of, body_of, checkout_command, request
from tests.signing import by_hand, claims_for, sign
from tests.unit.shared.bench import URL, Bench

MADE: dict[type[PipelineError], PipelineError] = {
    errors.PipelineError: errors.PipelineError("x"),
    errors.ConfigurationError: errors.ConfigurationError({"STAGE": "missing"}),
    errors.UnauthenticatedError: errors.UnauthenticatedError("wrong_key"),
    errors.InvalidInputError: errors.InvalidInputError("a", "b", others=(("c", "d"),)),
    errors.InvalidJsonError: errors.InvalidJsonError("body", "no"),
    errors.UnsupportedEncodingError: errors.UnsupportedEncodingError("body", "is gzip"),
    errors.OutOfStockError: errors.OutOfStockError("items[0]", "mug", 1),
    errors.PriceChangedError: errors.PriceChangedError("total", "1.00"),
    errors.UnreadableRowError: errors.UnreadableRowError("orders", "ord_1", "KeyError"),
}


def every(cls: type[PipelineError]) -> list[type[PipelineError]]:
    return [cls, *(found for child in cls.__subclasses__() for found in every(child))]


# Only errors of the product: a test elsewhere may subclass too.
CLASSES = [cls for cls in dict.fromkeys(every(PipelineError)) if cls.__module__ == errors.__name__]
PERMANENT = [cls for cls in CLASSES if not cls.retryable]
TRANSIENT = [cls for cls in CLASSES if issubclass(cls, TransientError)]
OTHERS = [
    errors.PipelineError,
    errors.ConfigurationError,
    errors.UnreadableRowError,
    # Of the API alone, which no message goes through.
    errors.AllowanceUsedError,
]


def failing(cls: type[PipelineError]) -> Bench:
    def decide(_event: object) -> Any:
        raise MADE.get(cls) or cls("because")

    return Bench(decide)


def test_every_error_of_the_tree_is_in_one_row_of_the_table():
    rows = [*PERMANENT, *TRANSIENT, *OTHERS, UnauthenticatedError]

    assert sorted(rows, key=repr) == sorted(CLASSES, key=repr)
    assert len({cls.code for cls in CLASSES}) == len(CLASSES)


@pytest.mark.parametrize("cls", PERMANENT)
def test_permanent_failure_is_never_retried_by_qstash(cls):
    response = failing(cls).deliver()

    assert response["statusCode"] == 489
    assert response["headers"]["Upstash-NonRetryable-Error"] == "true"
    assert answer_of(response)["error"]["code"] == cls.code


@pytest.mark.parametrize("cls", PERMANENT)
def test_permanent_failure_is_a_4xx_to_a_direct_caller(cls):
    response = failing(cls).deliver(message_id=None)

    assert response["statusCode"] == cls.status
    assert 400 <= cls.status < 489
    assert "Upstash-NonRetryable-Error" not in response["headers"]


@pytest.mark.parametrize("message_id", ["msg_1", None])
@pytest.mark.parametrize("cls", TRANSIENT)
def test_transient_failure_is_retried_after_a_while(cls, message_id):
    response = failing(cls).deliver(message_id=message_id)

    assert response["statusCode"] == 503
    assert int(response["headers"]["retry-after"]) >= 1
    assert "Upstash-NonRetryable-Error" not in response["headers"]


def test_retry_after_is_what_the_error_says():
    def decide(_event: object) -> Any:
        raise TransientError("later", retry_after=17)

    assert Bench(decide).deliver()["headers"]["retry-after"] == "17"


@pytest.mark.parametrize("cls", OTHERS)
def test_any_other_error_of_ours_is_500_and_retried(cls):
    response = failing(cls).deliver()

    assert response["statusCode"] == 500
    assert "Upstash-NonRetryable-Error" not in response["headers"]


@pytest.mark.parametrize("bug", [KeyError("canary"), ZeroDivisionError(), OverflowError("canary")])
def test_bug_is_500_says_nothing_and_is_counted(bug):
    def decide(_event: object) -> Any:
        raise bug

    bench = Bench(decide)

    response = bench.deliver()

    assert response["statusCode"] == 500
    assert answer_of(response)["error"] == {"code": "internal_error", "message": "internal error"}
    assert bench.telemetry.counts["UnexpectedFailures"] == 1


def test_handled_event_is_answered_as_the_contract_says():
    bench = Bench()

    first, second = bench.deliver(), bench.deliver()

    answer = {"success": True, "eventId": "evt-1", "eventType": "command.checkout"}
    assert first["statusCode"] == second["statusCode"] == 200
    assert answer_of(first) == answer | {"duplicate": False}
    assert answer_of(second) == answer | {"duplicate": True}


def test_every_refused_signature_is_answered_with_the_same_bytes():
    """Whoever forges deliveries learns nothing from the answer (S29)."""
    bench = Bench()
    now = bench.clock.now().timestamp()
    body = body_of(checkout_command())
    claims = claims_for(URL, body, now)
    genuine = sign(URL, body, now)
    tokens = {
        "": "missing",
        "x.y.z": "malformed_token",
        "a" * 5000: "malformed_token",
        by_hand({"alg": "none"}, claims, "k"): "wrong_algorithm",
        sign(URL, body, now, key="sig_attacker0123456789abcdefghij"): "wrong_key",
        sign(URL, body, now - 1000): "expired",
        sign(URL, body, now + 1000): "not_yet_valid",
        sign(URL, body, now, exp=int(now) + 9999): "lifetime_too_long",
        sign(URL, body, now, iss="Downstash"): "wrong_issuer",
        sign(URL, body, now, aud="me"): "wrong_audience",
        sign("https://orders.example.com/", body, now): "wrong_url",
        sign(URL, body + b" ", now): "wrong_body",
        sign(URL, body, now, jti=None): "bad_claim_jti",
        genuine[:-3]: "wrong_key",
    }

    answers = {json.dumps(bench.deliver(token=token)) for token in tokens}
    causes = [fields["cause"] for message, fields in bench.telemetry.lines if "cause" in fields]

    assert len(answers) == 1
    assert json.loads(answers.pop())["statusCode"] == 401
    assert causes == list(tokens.values())
    assert bench.memory.calls == []
    assert bench.redis.calls == []
    assert bench.outbox.messages == []


def test_signature_is_checked_before_the_body_is_read():
    bench = Bench()

    response = bench.deliver(b"{not json", token="x.y.z")

    assert response["statusCode"] == 401


def test_signed_delivery_of_a_body_that_is_no_event_is_refused_for_good():
    bench = Bench()

    for body in (b"", b"{not json", b"\xff", b"[]", b"[" * 100_000, b"x" * 300_000):
        call = bench.call(body)
        call["body"], call["isBase64Encoded"] = base64.b64encode(body).decode(), True

        assert bench.consumer()(call, Context())["statusCode"] == 489

    assert bench.memory.calls == []


def test_base64_body_is_the_bytes_that_were_signed():
    bench = Bench()
    call = bench.call()
    call["body"] = base64.b64encode(call["body"].encode()).decode()
    call["isBase64Encoded"] = True

    assert bench.consumer()(call, Context())["statusCode"] == 200


def test_host_of_the_request_plays_no_part():
    bench = Bench()
    body = body_of(checkout_command())
    token = sign("https://evil.example/", body, bench.clock.now().timestamp())
    spoofed = {"host": "evil.example", "x-forwarded-host": "evil.example"}
    call = request(body, headers={"upstash-signature": token, **spoofed})

    assert bench.consumer()(call, Context())["statusCode"] == 401


@pytest.mark.parametrize("name", ["Upstash-Signature", "UPSTASH-SIGNATURE", "upstash-signature"])
def test_signature_header_is_found_in_any_case(name):
    bench = Bench()
    call = bench.call()
    call["headers"][name] = call["headers"].pop("upstash-signature")

    assert bench.consumer()(call, Context())["statusCode"] == 200


@pytest.mark.parametrize("event", [{}, {"headers": None, "body": None}, {"requestContext": None}])
def test_anything_that_is_no_delivery_gets_an_answer(event):
    assert Bench().consumer()(event, Context())["statusCode"] == 401


def test_answers_are_json_and_never_cached():
    headers = Bench().deliver()["headers"]

    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store"


def test_log_lines_of_a_delivery_are_those_of_the_contract():
    bench = Bench()

    bench.deliver(retried=2)
    bench.deliver()

    messages = bench.telemetry.messages()
    assert messages[0] == "Received command.checkout (retry: 2)"
    assert "Published analytics.audit" in messages
    assert messages[-1] == "Skipped duplicate command.checkout"
    assert all(fields["event_id"] == "evt-1" for _, fields in bench.telemetry.lines)
    assert all(fields["correlation_id"] == "corr-1" for _, fields in bench.telemetry.lines)


def test_flood_of_forged_deliveries_is_one_line_and_one_count_a_minute():
    bench = Bench()
    function = bench.consumer()

    def forged(times: int) -> None:
        for _ in range(times):
            assert function(bench.call(token="x.y.z"), Context())["statusCode"] == 401

    forged(1000)
    assert [fields["count"] for _, fields in bench.telemetry.lines] == [1]
    bench.clock.advance(59.9)
    forged(1)
    assert len(bench.telemetry.lines) == 1

    bench.clock.advance(0.1)
    forged(1)

    assert [fields["count"] for _, fields in bench.telemetry.lines] == [1, 1001]
    assert bench.telemetry.counts == {"SignatureRefused": 1002}
    assert bench.memory.calls == bench.redis.calls == []


def test_refusals_of_a_flood_that_ended_are_told_by_the_next_genuine_delivery():
    bench = Bench()
    function = bench.consumer()
    for _ in range(3):
        function(bench.call(token="x.y.z"), Context())
    bench.clock.advance(60)

    function(bench.call(), Context())
    function(bench.call(), Context())

    told = [fields for message, fields in bench.telemetry.lines if message == "Refused deliveries"]
    assert told == [{"cause": "malformed_token", "count": n} for n in (1, 2)]
    assert bench.telemetry.counts["SignatureRefused"] == 3
