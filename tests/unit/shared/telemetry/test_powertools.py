"""What leaves the process as logs and metrics: only what is on the list."""

import itertools
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.telemetry.measurement import Measure
from shared.telemetry.powertools import ALLOWED_FIELDS, PowertoolsTelemetry, where

NAMES = itertools.count()
CANARIES = {
    "customer_name": "Canary Name",
    "customer_email": "canary@example.com",
    "customer_address": "1 Canary Street",
    "to": "canary@example.com",
    "body": "canary",
    "token": "canary",
    "phone_number": "+4915112345678",
    "url": "https://canary.example",
}


def started(level: str = "INFO") -> PowertoolsTelemetry:
    """One of its own per test: Powertools keeps a logger, and the stdout it met, by service name."""
    return PowertoolsTelemetry(service=f"unit-{next(NAMES)}", stage="test", level=level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.err == ""
    return [json.loads(text) for text in captured.out.splitlines()]


@pytest.mark.parametrize("level", ["info", "warning"])
def test_field_that_is_not_on_the_list_is_dropped(capsys, level):
    telemetry = started()
    getattr(telemetry, level)("hello", order_id="ord_1", **CANARIES)

    (line,) = lines(capsys)
    assert line["message"] == "hello"
    assert line["order_id"] == "ord_1"
    assert "canary" not in json.dumps(line).lower()
    assert set(CANARIES).isdisjoint(line)


FIELDS = st.from_regex(r"[a-z][a-z_]{0,30}", fullmatch=True) | st.sampled_from(
    [*sorted(CANARIES), *sorted(ALLOWED_FIELDS), *map(str.upper, sorted(ALLOWED_FIELDS))]
)
# What a line has by itself.
OWN = {"level", "location", "message", "timestamp", "service", "stage", "error_type", "stack"}


@pytest.mark.parametrize("level", ["info", "warning", "failure", "bind"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.sets(FIELDS, max_size=8))
def test_whatever_a_line_is_given_it_has_only_fields_that_are_on_the_list(capsys, level, names):
    reserved = {"self", "message", "error"}
    fields = {name: f"value of {name}" for name in names - reserved}
    telemetry = started()
    if level == "bind":
        telemetry.bind(**fields)
        telemetry.info("hello")
    elif level == "failure":
        telemetry.failure("hello", ValueError("canary"), **fields)
    else:
        getattr(telemetry, level)("hello", **fields)

    (line,) = lines(capsys)
    assert set(line) <= OWN | ALLOWED_FIELDS
    assert set(fields) & ALLOWED_FIELDS <= set(line)
    refused = {value for name, value in fields.items() if name not in ALLOWED_FIELDS}
    assert not refused & {str(value) for value in line.values()}


def test_bound_field_that_is_not_on_the_list_is_dropped(capsys):
    telemetry = started()
    telemetry.bind(event_id="evt-1", **CANARIES)
    telemetry.info("hello")

    (line,) = lines(capsys)
    assert line["event_id"] == "evt-1"
    assert "canary" not in json.dumps(line).lower()


def test_binding_replaces_what_was_bound_before(capsys):
    telemetry = started()
    telemetry.bind(event_id="evt-1", correlation_id="corr-1")
    telemetry.bind(event_id="evt-2")
    telemetry.info("hello")
    telemetry.bind()
    telemetry.info("hello")

    first, second = lines(capsys)
    assert first["event_id"] == "evt-2"
    assert "correlation_id" not in first
    assert "event_id" not in second


def test_every_line_names_service_stage_level_and_time(capsys):
    telemetry = started()
    telemetry.info("hello")

    (line,) = lines(capsys)
    assert line["stage"] == "test"
    assert line["service"].startswith("unit-")
    assert line["level"] == "INFO"
    assert line["timestamp"].endswith(("Z", "+0000", "+00:00"))


def test_failure_is_logged_by_class_and_place_and_never_by_its_text(capsys):
    telemetry = started()

    def fail() -> None:
        raise KeyError("canary@example.com")

    with pytest.raises(KeyError) as failed:
        fail()
    telemetry.failure("Unexpected failure", failed.value, **CANARIES)

    (line,) = lines(capsys)
    assert line["error_type"] == "KeyError"
    assert "test_powertools.py" in line["stack"]
    assert line["stack"].endswith("fail")
    assert "canary" not in json.dumps(line).lower()
    assert "exception" not in line


def test_failure_inside_an_except_block_logs_no_traceback(capsys):
    telemetry = started()
    try:
        int("canary")
    except ValueError as error:
        telemetry.failure("Unexpected failure", error)

    assert "canary" not in json.dumps(lines(capsys))


def test_place_of_an_error_that_was_never_raised_is_empty():
    assert where(ValueError("canary")) == ""


def test_line_break_or_escape_in_a_value_cannot_forge_a_line(capsys):
    telemetry = started()
    telemetry.warning("hello", reason='a\n{"level":"ERROR"}\x1b[31m')

    (line,) = lines(capsys)
    assert line["level"] == "WARNING"


def test_counters_are_written_once_when_flushed(capsys):
    telemetry = started()
    telemetry.count("EventsHandled")
    telemetry.count("EventsHandled", 2)
    assert lines(capsys) == []

    telemetry.flush()
    telemetry.flush()

    (line,) = lines(capsys)
    assert sum(line["EventsHandled"]) == 3
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"].startswith("OrderPipeline")


def test_measure_is_a_metric_with_its_own_dimensions(capsys):
    telemetry = started()
    telemetry.measure(Measure("Revenue", Decimal("12.50"), {"reason": "out_of_stock"}))

    (line,) = lines(capsys)
    assert line["Revenue"] == [12.5]
    assert line["reason"] == "out_of_stock"
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["service", "reason"]]


def test_level_decides_what_is_written(capsys):
    quiet = started("ERROR")

    quiet.info("hello")
    quiet.warning("hello")

    assert lines(capsys) == []


def test_list_holds_no_field_that_could_be_personal():
    personal = {"name", "email", "address", "phone", "to", "subject", "body", "payload", "ip"}

    words = {word for field in ALLOWED_FIELDS for word in field.split("_")}
    assert words.isdisjoint(personal)
