"""What only diagnoses or decorates never decides a business outcome (I31)."""

import json
from typing import Any

import pytest

from shared.adapters.qstash_publisher import PublisherOptions, headers_of
from shared.kernel.ids import is_id
from tests.builders import (
    Context,
    body_of,
    checkout_command,
    checkout_payload,
    line,
    request,
    stock,
)
from tests.contracts.samples import PATHS, name_of, sample, values_of
from tests.pipeline import URLS, Pipeline
from tests.signing import sign

ODD: list[Any] = [
    "",
    "a b",
    "a,b",
    "x" * 5000,
    "ä☕",
    "a\r\nUpstash-Forward-Evil: 1",
    '{"level":"ERROR"}',
    7,
    True,
    ["a"],
    {"a": 1},
]
_SAFE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-"


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock())
    return pipeline


def captured(shop: Pipeline) -> list[dict[str, str]]:
    """The headers of everything that was published, as they go to QStash."""
    options = PublisherOptions("https://qstash", "t", URLS, "https://a.example/failures", "label")
    return [headers_of(message, options) for message in shop.outbox.messages]


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("field", ["correlationId", "causationId", "source"])
def test_a_paid_cart_becomes_an_order_whatever_its_envelope_says_beside(shop, field, value):
    response = shop.deliver("commands", checkout_command() | {field: value})
    shop.drain()

    assert response["statusCode"] == 200
    assert len(shop.memory.all("orders")) == 1
    told = [f["reason"] for text, f in shop.telemetry.lines if text == "Ignored odd diagnostics"]
    # A source may be any line of text in an event, and only an identifier in a header.
    fine = field == "source" and isinstance(value, str) and value.isprintable() and value.strip()
    silent = value == "" or (fine and len(value) < 200)
    assert told == ([] if silent else [field])
    for headers in captured(shop):
        forwarded = {n: v for n, v in headers.items() if n.startswith("Upstash-Forward-")}
        assert all(v and set(v) <= set(_SAFE) and len(v) <= 128 for v in forwarded.values())
    assert {m.correlation_id for m in shop.outbox.messages} == {
        "evt-1" if field == "correlationId" else "corr-1"
    }


@pytest.mark.parametrize("path", PATHS, ids=map(name_of, PATHS))
def test_no_event_of_the_contract_is_refused_for_its_diagnostics(shop, path):
    event = values_of(path)
    odd = {"correlationId": "a b", "causationId": "", "source": "\n"}

    plain = Pipeline()
    plain.memory.seed("stock", stock())
    topic = {"command": "commands", "order": "orders", "notification": "notifications"}.get(
        event["eventType"].partition(".")[0], event["eventType"].partition(".")[0]
    )

    assert (
        shop.deliver(topic, event | odd)["statusCode"] == plain.deliver(topic, event)["statusCode"]
    )


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 5000, 7, None, ["Mug"]])
def test_the_client_s_name_of_a_product_decides_nothing(shop, name):
    item = line() | {"productName": name}
    command = checkout_command(event_id="evt-2", items=[item], paymentId="pay-2")

    assert shop.checkout(checkout_payload(items=[item]))["statusCode"] == 202
    assert shop.deliver("commands", command)["statusCode"] == 200
    shop.drain()
    assert [order["items"][0]["productName"] for order in shop.memory.all("orders")] == ["Mug"] * 2


@pytest.mark.parametrize("field", ["userId", "acceptedAt"])
@pytest.mark.parametrize("value", ["", "a b", "x" * 5000, 7])
def test_a_mail_is_sent_whatever_it_says_for_the_trail_and_the_clock(shop, field, value):
    event = sample("notification.email")
    event["payload"][field] = value

    assert shop.deliver("notifications", event)["statusCode"] == 200
    assert len(shop.mailer.sent) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"x-event-id": "evt-other", "x-event-type": "order.created", "x-correlation-id": "other"},
        {"x-event-id": "", "x-event-type": "", "x-event-version": "9.9", "x-event-source": ""},
        {"x-event-id": "a b", "x-event-version": "ä", "x-event-source": "\x00"},
        {"upstash-retried": "many", "x-event-type": "x" * 5000},
    ],
)
def test_headers_that_do_not_match_the_body_decide_nothing(shop, headers):
    body = body_of(checkout_command())
    token = sign(URLS["commands"], body, shop.clock.now().timestamp())
    real = {"upstash-signature": token, "upstash-message-id": "msg_1"}
    call = request(body, headers={**headers, **real})

    answer = shop.consumer("commands")(call, Context())

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["eventId"] == "evt-1"
    assert len(shop.memory.all("orders")) == 1
    lines = [f for _, f in shop.telemetry.lines if "correlation_id" in f]
    assert {f["correlation_id"] for f in lines} == {"corr-1"}
    assert all(is_id(f["event_id"]) for f in lines if "event_id" in f)
