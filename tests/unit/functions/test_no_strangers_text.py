"""A canary in every place of a request, an event or an error: no log line sings (S34)."""

import base64
import itertools
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from shared.contracts.topics import topic_of
from shared.kernel import strict_json
from shared.telemetry.powertools import PowertoolsTelemetry
from tests.builders import Context, body_of, checkout_payload, request, stock, vouched
from tests.contracts.samples import PATHS, values_of
from tests.pipeline import URLS, Pipeline
from tests.signing import sign
from tests.unit.shared.faults import Faults

NAMES = itertools.count()
# No identifier has a blank: where the contract wants one in the log, this is refused.
CANARY = "Canary sings"
TRACES = ("canary", "sings")
# What is no identifier of the shop's must not be logged even if it looks like one.
TOKEN = "canary-sings"
ONE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def watched_shop() -> Pipeline:
    shop = Pipeline()
    service = f"unit-strangers-{next(NAMES)}"
    shop.telemetry = PowertoolsTelemetry(service=service, stage="test", level="DEBUG")  # type: ignore[assignment]
    shop.memory.seed("stock", stock(available=3))
    return shop


def assert_silent(capsys: pytest.CaptureFixture[str]) -> None:
    """Something was written, and no canary in it."""
    captured = capsys.readouterr()
    assert captured.out
    text = (captured.out + captured.err).lower()
    assert not [trace for trace in TRACES if trace in text], text


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a document, the root among it."""
    yield path
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(child, (*path, key))


def planted(document: Any, path: tuple[Any, ...], plant: str) -> Any:
    """The document with the canary at a place: as value, as one more key, or as the key's name."""
    if path:
        first, *rest = path
        copy = dict(document) if isinstance(document, dict) else list(document)
        if plant == "name" and not rest and isinstance(copy, dict):
            copy[CANARY] = copy.pop(first)
        else:
            copy[first] = planted(document[first], tuple(rest), plant)
        return copy
    if plant == "key" and isinstance(document, dict):
        return {**document, CANARY: CANARY}
    return CANARY


EVENTS = st.sampled_from(PATHS).map(values_of)


@st.composite
def singing(draw: st.DrawFn) -> tuple[str, bytes]:
    """A topic and the bytes of an event with a canary in it."""
    event = draw(EVENTS)
    topic = topic_of(event["eventType"]).value
    path = draw(st.sampled_from(list(places(event))))
    changed = planted(event, path, draw(st.sampled_from(["value", "key", "name"])))
    text = strict_json.dumps(changed)
    torn = {
        "whole": text,
        "twice": json.dumps(text),
        "cut": text[: draw(st.integers(0, len(text)))] + CANARY,
        "repeated": f'{{"{CANARY}":1,"{CANARY}":2,{text[1:]}',
        "number": text.replace(f'"{CANARY}"', "1" * 40 + "e" + "9" * 9),
    }
    return topic, torn[draw(st.sampled_from(sorted(torn)))].encode()


@ONE
@given(message=singing())
def test_no_key_or_value_of_an_event_reaches_a_line(capsys, message):
    topic, body = message
    shop = watched_shop()

    assert shop.deliver(topic, body)["statusCode"] in {200, 400, 409, 489, 503}
    shop.drain()

    assert_silent(capsys)


@pytest.mark.parametrize(
    "values",
    [
        {"eventType": TOKEN},
        {"eventType": f"command.{TOKEN}"},
        {"version": f"1.0{TOKEN}"},
        {"version": "7.0", "source": TOKEN},
        {"source": TOKEN},
        {TOKEN: TOKEN},
    ],
)
def test_what_only_looks_like_an_identifier_reaches_no_line_either(capsys, values):
    shop = watched_shop()
    event = values_of(next(path for path in PATHS if path.parent.name == "command.checkout"))

    assert shop.deliver("commands", event | values)["statusCode"] in {200, 489}

    assert_silent(capsys)


@pytest.mark.parametrize("name", [CANARY, "jane.doe", "4915112345678", TOKEN])
def test_a_dimension_s_name_and_an_undeclared_metric_s_reach_no_line(capsys, name):
    shop = watched_shop()
    event = values_of(next(path for path in PATHS if path.parent.name == "analytics.metric"))
    for payload in (
        {"metric": "canary.sings", "value": 4711, "dimensions": {name: CANARY}},
        {"metric": "checkout.duration", "value": 1, "dimensions": {name: 7}},
        {"metric": "checkout.duration", "value": 1, "dimensions": {"step": TOKEN, name: TOKEN}},
    ):
        shop.redis.flush()
        changed = event | {"eventId": f"evt-{len(json.dumps(payload))}", "payload": payload}
        assert shop.deliver("analytics", changed)["statusCode"] in {200, 489}

    captured = capsys.readouterr().out.lower()
    assert captured
    assert not [t for t in (*TRACES, "jane.doe", "4915112345678", "4711") if t in captured]


HEADERS = st.sampled_from(
    [
        "upstash-message-id",
        "upstash-retried",
        "x-event-type",
        "x-event-id",
        "x-event-version",
        "x-event-source",
        "user-agent",
        "content-type",
        "content-encoding",
        "origin",
        "host",
        CANARY,
    ]
)


PLACES: dict[str, Callable[[dict[str, Any], str, str], object]] = {
    "header": lambda call, name, value: call["headers"].update({name: value}),
    "path": lambda call, _name, value: call.update(rawPath=f"/{value}"),
    "query": lambda call, name, value: call.update(
        rawQueryString=f"{name}={value}", queryStringParameters={name: value}
    ),
    "base64": lambda call, _name, value: call.update(body=value, isBase64Encoded=True),
    "method": lambda call, _name, value: call["requestContext"]["http"].update(method=value),
    "parameter": lambda call, _name, value: call.update(pathParameters={"orderId": value}),
    "claim": lambda call, _name, value: vouched(call, value),
}


# What changes an order is told by the end of its path.
CHANGES = {"cancel", "contact"}


@ONE
@given(
    name=HEADERS,
    place=st.sampled_from(sorted(PLACES)),
    topic=st.sampled_from([*URLS, "checkout", "status", "cancel", "contact"]),
    signed=st.booleans(),
    value=st.sampled_from([CANARY, f"{CANARY}\n", f"application/json; charset={TOKEN}"]),
)
def test_no_part_of_a_request_reaches_a_line(capsys, name, place, topic, signed, value):
    shop = watched_shop()
    body = body_of(checkout_payload())
    headers = {"upstash-message-id": "msg_1"}
    if signed and topic in URLS:
        headers["upstash-signature"] = sign(URLS[topic], body, shop.clock.now().timestamp())
    call = request(body, headers=headers, path=f"/{topic}" if topic in CHANGES else "/")
    if topic in {"status", *CHANGES}:
        call["pathParameters"] = {"orderId": "ord_" + "0" * 32}
    PLACES[place](call, name, value)

    function = shop.consumer(topic) if topic in URLS else shop._api()
    assert function(call, Context())["statusCode"] < 500

    shop.telemetry.info("done")  # a request that is fine all the same writes nothing
    assert_silent(capsys)


@pytest.mark.parametrize("header", ["upstash-message-id", "upstash-retried", "x-event-source"])
def test_no_header_of_a_genuine_delivery_reaches_a_line(capsys, header):
    """A signature covers the body, and no header."""
    shop = watched_shop()
    event = body_of(values_of(next(p for p in PATHS if p.parent.name == "command.checkout")))
    token = sign(URLS["commands"], event, shop.clock.now().timestamp())
    call = request(event, headers={"upstash-signature": token, header: CANARY})

    assert shop.consumer("commands")(call, Context())["statusCode"] == 200

    assert_silent(capsys)


def a_pydantic_error() -> Exception:
    try:
        TypeAdapter(int).validate_python(CANARY)
    except ValueError as error:
        return error
    raise AssertionError


def a_json_error() -> Exception:
    try:
        json.loads(f"{{{CANARY}")
    except ValueError as error:
        return error
    raise AssertionError


def a_decimal_error() -> Exception:
    try:
        Decimal(CANARY)
    except ArithmeticError as error:
        error.add_note(CANARY)
        return error
    raise AssertionError


def a_base64_error() -> Exception:
    try:
        base64.b64decode(CANARY, validate=True)
    except ValueError as error:
        return type(error)(f"{error}: {CANARY}")
    raise AssertionError


def an_aws_error() -> Exception:
    problem = {"Code": "ValidationException", "Message": f"invalid: {CANARY}"}
    error: Exception = ClientError({"Error": problem}, "UpdateItem")
    return error


ERRORS = [a_pydantic_error, a_json_error, a_decimal_error, a_base64_error, an_aws_error]


@pytest.mark.parametrize("port", ["tables", "publisher"])
@pytest.mark.parametrize("make", ERRORS)
def test_no_exception_that_quotes_its_input_reaches_a_line(capsys, port, make):
    for path in PATHS:
        shop = watched_shop()
        event = values_of(path)
        inner = {"tables": shop.memory, "publisher": shop.outbox}[port]
        setattr(shop, port, Faults({(0, "before"): make}).wrap(port, inner))

        answer = shop.deliver(topic_of(event["eventType"]).value, event)
        assert answer["statusCode"] in {200, 489, 500, 503}

    assert_silent(capsys)


@pytest.mark.parametrize("make", ERRORS)
def test_what_has_no_answer_to_give_raises_nothing_that_quotes_its_input(capsys, make):
    shop = watched_shop()
    shop.tables = Faults({(0, "before"): make}).wrap("tables", shop.memory)
    bounced = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "a@b.example"}]}
    report = json.dumps({"eventType": "Bounce", "bounce": bounced})

    with pytest.raises(Exception, match=r"^[A-Za-z]+$") as failed:
        shop.consumer("notifications")({"Records": [{"Sns": {"Message": report}}]}, Context())

    # Lambda writes the text of what was raised.
    assert CANARY not in str(failed.value)
    assert_silent(capsys)


@pytest.mark.parametrize(
    "message", [CANARY, f"{{{CANARY}", json.dumps({"eventType": CANARY, CANARY: CANARY}), None]
)
def test_a_report_about_mail_that_is_none_reaches_no_line(capsys, message):
    watched_shop().consumer("notifications")(
        {"Records": [{"Sns": {"Message": message}}]}, Context()
    )

    assert_silent(capsys)


def test_the_canary_would_be_heard(capsys):
    watched_shop().telemetry.info("hello", reason=CANARY)

    with pytest.raises(AssertionError):
        assert_silent(capsys)
