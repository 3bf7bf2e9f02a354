"""Everything the pipeline writes to CloudWatch, whatever arrives: only series that are in the table."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from shared.telemetry.metrics import METRICS
from shared.telemetry.powertools import PowertoolsTelemetry
from tests.builders import Context, checkout_payload, envelope, line, reserve_command, stock, units
from tests.contracts.samples import PATHS, sample, values_of
from tests.pipeline import Pipeline

NAMES = itertools.count()
HOSTILE = "ord_0123456789abcdef"


def watched_shop() -> Pipeline:
    """The pipeline with the telemetry of production, on captured output."""
    shop = Pipeline()
    shop.telemetry = PowertoolsTelemetry(  # type: ignore[assignment]
        service=f"unit-series-{next(NAMES)}", stage="test", level="ERROR"
    )
    shop.memory.seed("stock", stock(available=3), stock("bowl", available=1))
    return shop


def written(capsys: pytest.CaptureFixture[str]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Name, unit and dimensions (without the service) of every metric on the output."""
    for text in capsys.readouterr().out.splitlines():
        line_: dict[str, Any] = json.loads(text)
        for directive in line_.get("_aws", {}).get("CloudWatchMetrics", []):
            (names,) = directive["Dimensions"]
            dimensions = {name: line_[name] for name in names if name != "service"}
            for metric in directive["Metrics"]:
                yield metric["Name"], metric["Unit"], dimensions


def assert_bounded(found: list[tuple[str, str, dict[str, str]]]) -> None:
    for name, unit, dimensions in found:
        metric = METRICS[name]
        assert unit == metric.unit
        assert set(dimensions) == set(metric.dimensions)
        for dimension, value in dimensions.items():
            assert value in metric.values(dimension), (name, dimension, value)


def test_every_sample_of_the_contract_stays_within_the_table(capsys):
    shop = watched_shop()
    for path in PATHS:
        event = values_of(path)
        topic = event["eventType"].partition(".")[0]
        topics = {"command": "commands", "order": "orders", "notification": "notifications"}
        shop.deliver(topics.get(topic, topic), event)
    shop.drain()

    found = [entry for entry in written(capsys) if entry[0] != "checkout.duration"]
    assert len(found) > 10
    assert_bounded(found)


def test_the_life_of_a_shop_stays_within_the_table(capsys):
    shop = watched_shop()
    shop.checkout(checkout_payload())
    shop.checkout(checkout_payload(items=[line("bowl")], paymentId="pay-2"))
    shop.checkout(checkout_payload(items=[line("bowl")], paymentId="pay-3"))
    shop.deliver("commands", reserve_command("ord_9", items=[units("mug", 1)]))
    shop.drain()
    for message in list(shop.outbox.messages):
        shop.send(message)

    found = list(written(capsys))
    names = {name for name, _, _ in found}
    assert names >= {
        *("OrdersCreated", "Revenue", "OrdersRejected", "RefundsRequested", "HoldsPlaced"),
        *("MailSent", "LowStockAlerts", "EventsHandled", "DuplicatesSkipped"),
        *("CheckoutToConfirmation", "CheckoutToMail", "CheckoutsAccepted"),
    }
    assert_bounded(found)


@pytest.mark.parametrize("topic", ["orders", HOSTILE])
def test_a_dead_letter_names_its_topic_or_none(capsys, topic):
    shop = watched_shop()
    event = sample("analytics.dlq")
    shop.deliver("analytics", event | {"payload": event["payload"] | {"originalTopic": topic}})

    found = list(written(capsys))
    assert ("DeadLetters", "Count", {"topic": "other" if topic == HOSTILE else topic}) in found
    assert_bounded(found)


def test_a_metric_from_outside_opens_no_series(capsys):
    """Neither by its name, nor by a dimension, nor by a value."""
    shop = watched_shop()
    payloads = [
        {"metric": HOSTILE, "value": 1, "dimensions": {HOSTILE: HOSTILE}},
        {"metric": "Revenue", "value": 1_000_000, "dimensions": {}},
        {"metric": "checkout.duration", "value": 3, "dimensions": {"step": HOSTILE, HOSTILE: "x"}},
        {"metric": "checkout.duration", "value": 3, "dimensions": {"value": "x", "self": "y"}},
    ]
    for number, payload in enumerate(payloads):
        event = envelope("analytics.metric", payload, eventId=f"evt-{number}")
        assert shop.deliver("analytics", event)["statusCode"] == 200

    lines = capsys.readouterr().out
    found = [json.loads(text) for text in lines.splitlines()]
    measured = [entry for entry in found if "EventsHandled" not in entry]
    assert [entry.get("UndeclaredMetrics") for entry in measured] == [[1.0], [1.0], None, None]
    assert [entry.get("event_id") for entry in measured[:2]] == ["evt-0", "evt-1"]
    assert HOSTILE not in lines
    for entry in measured[2:]:
        assert entry["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service", "step"]]
        assert (entry["checkout.duration"], entry["step"]) == ([3.0], "other")


def test_a_report_of_a_bounce_stays_within_the_table(capsys):
    shop = watched_shop()
    bounced = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "a@example.com"}]}
    message = json.dumps({"eventType": "Bounce", "bounce": bounced})
    shop.consumer("notifications")({"Records": [{"Sns": {"Message": message}}]}, Context())

    found = list(written(capsys))
    assert "MailSuppressions" in {name for name, _, _ in found}
    assert_bounded(found)
