"""A canary customer goes through the whole pipeline; nothing of them shows in any output (S18)."""

import itertools
from typing import Any

import pytest

from shared.kernel.errors import DependencyError
from shared.telemetry.powertools import PowertoolsTelemetry
from tests.builders import checkout_payload, line, stock
from tests.pipeline import Pipeline
from tests.unit.shared.faults import Faults

NAMES = itertools.count()
CUSTOMER = {
    "customerName": "Canary Bird",
    "customerEmail": "canary.bird@example.com",
    "customerAddress": "7 Canary Lane, Birdtown",
}
TRACES = ("canary", "bird", "lane")


def watched_shop() -> Pipeline:
    """The pipeline with the telemetry of production, on captured output."""
    pipeline = Pipeline()
    service = f"unit-flow-{next(NAMES)}"
    pipeline.telemetry = PowertoolsTelemetry(  # type: ignore[assignment]
        service=service, stage="test", level="DEBUG"
    )
    pipeline.memory.seed("stock", stock(available=3))
    return pipeline


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    """Everything that was written, which must be something."""
    captured = capsys.readouterr()
    assert captured.out
    return (captured.out + captured.err).lower()


def assert_clean(text: str) -> None:
    assert not [trace for trace in TRACES if trace in text]


def test_confirmed_order_leaves_no_trace_of_the_customer(capsys):
    shop = watched_shop()
    assert shop.checkout(checkout_payload(**CUSTOMER))["statusCode"] == 202
    assert {status for _, status in shop.drain()} == {200}

    text = shown(capsys)
    assert "created order" in text
    assert_clean(text)


def test_rejected_checkout_leaves_no_trace_of_the_customer(capsys):
    shop = watched_shop()
    shop.checkout(checkout_payload(items=[line(quantity=2)], **CUSTOMER))
    shop.memory.seed("stock", stock(available=0))
    shop.drain()

    text = shown(capsys)
    assert "rejected checkout" in text
    assert_clean(text)


@pytest.mark.parametrize(
    "broken",
    [
        {"customerName": "Canary\nBird"},
        {"customerEmail": "canary bird@example.com"},
        {"customerAddress": "Canary Lane\x00"},
        {"paymentId": "canary bird"},
        {"userId": "Canary Bird"},
        {"items": [line("canary bird")]},
        {"items": [line(quantity="Canary")]},
        {"customerEmail": "canary.bird@example.com, canary@example.com"},
    ],
)
def test_refused_request_and_refused_command_leave_no_trace(capsys, broken):
    shop = watched_shop()
    payload: dict[str, Any] = {**checkout_payload(), **CUSTOMER, **broken}
    event = {
        "eventId": "evt-1",
        "eventType": "command.checkout",
        "timestamp": "2026-03-01T12:00:00Z",
        "version": "1.0",
        "source": "checkout-api",
        "payload": payload,
    }

    assert shop.checkout(payload)["statusCode"] == 400
    assert shop.deliver("commands", event)["statusCode"] == 489

    assert_clean(shown(capsys))


@pytest.mark.parametrize("port", ["tables", "publisher"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: RuntimeError("no room for Canary Bird"),
        lambda: KeyError("canary.bird@example.com"),
        lambda: DependencyError("DynamoDB: timeout"),
    ],
)
def test_exceptions_that_carry_the_customer_leave_no_trace(capsys, port, make):
    shop = watched_shop()
    shop.checkout(checkout_payload(**CUSTOMER))
    command = shop.outbox.messages[0]
    faults = Faults({(0, "before"): make, (2, "after"): make})
    inner = {"tables": shop.memory, "publisher": shop.outbox}[port]
    setattr(shop, port, faults.wrap(port, inner))

    for _ in range(3):
        shop.redis.flush()
        assert shop.send(command)["statusCode"] in {200, 500, 503}

    assert faults.raised >= 1
    assert_clean(shown(capsys))


@pytest.mark.parametrize("mode", ["throttled", "refused", "lost_reply", "timeout"])
def test_mail_that_fails_leaves_no_trace_of_its_recipient(capsys, mode):
    shop = watched_shop()
    shop.mailer.mode = mode
    shop.checkout(checkout_payload(**CUSTOMER))
    shop.drain()

    assert_clean(shown(capsys))


def test_dead_letter_of_the_customers_order_leaves_no_trace(capsys):
    shop = watched_shop()
    shop.checkout(checkout_payload(**CUSTOMER))
    event = {
        "eventId": "evt-dead",
        "eventType": "analytics.dlq",
        "timestamp": "2026-03-01T12:00:00Z",
        "version": "1.0",
        "source": "api",
        "payload": {
            "originalTopic": "commands",
            "originalEventType": "command.checkout",
            "originalEvent": {"eventId": "evt-1", "payload": checkout_payload(**CUSTOMER)},
            "error": "HTTP 500: Canary Bird",
            "failedAt": "2026-03-01T12:00:00Z",
            "retryCount": 3,
        },
    }

    assert shop.deliver("analytics", event)["statusCode"] == 200

    assert_clean(shown(capsys))


def test_the_canary_would_be_seen_if_anything_sang(capsys):
    """The net has no hole: an allowed field with the name in it is found."""
    shop = watched_shop()
    shop.telemetry.info("hello", reason=CUSTOMER["customerName"])

    with pytest.raises(AssertionError):
        assert_clean(shown(capsys))
