"""The table of metrics: nothing is measured beside it, and no value opens a series it does not know."""

import ast
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.notifications.channels.email.template_data import TEMPLATES
from functions.orders.domain import Verdict
from infra.functions import FUNCTIONS
from shared.contracts.channels import CHANNELS, EMAIL
from shared.contracts.commands import ReleasePayload
from shared.contracts.orders import CancelledPayload, RefundPayload, RejectedPayload
from shared.contracts.statuses import OrderStatus
from shared.telemetry import metrics
from shared.telemetry.metrics import METRICS, OTHER, Metric
from shared.telemetry.powertools import PowertoolsTelemetry

ROOT = Path(__file__).parents[4]
SOURCES = sorted(
    path for folder in ("shared", "functions") for path in (ROOT / folder).rglob("*.py")
)
# Only here may a measurement be put together: from an entry of the table.
MAKERS = {
    "shared/telemetry/metrics.py",
    "shared/messaging/effects.py",
    "shared/messaging/processor.py",
}


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield path.relative_to(ROOT).as_posix(), node


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _counted() -> Iterator[tuple[str, str]]:
    """Every name that the code counts under, with its file; anything but plain text is ``?``."""
    for path, call in _calls():
        counting = (
            isinstance(call.func, ast.Attribute)
            and call.func.attr == "count"
            and ast.unparse(call.func.value).endswith("telemetry")
        )
        if counting:
            yield from _texts(path, call.args[0])
        elif _name(call.func) == "failure_counter":
            yield from _texts(path, call.args[1])


def _texts(path: str, argument: ast.expr) -> Iterator[tuple[str, str]]:
    choices = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
    for choice in choices:
        if isinstance(choice, ast.Name) and choice.id == "metric":
            continue  # `failure_counter` itself: its callers are looked at
        yield path, str(choice.value) if isinstance(choice, ast.Constant) else "?"


def _used() -> Iterator[tuple[str, str]]:
    """Every entry of the table that the code takes, with its file."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Attribute(value=ast.Name(id="metrics"), attr=name):
                    yield path.relative_to(ROOT).as_posix(), name


def _sent() -> Iterator[tuple[str, str]]:
    """What the channels count of their sends, each in the service of its own folder."""
    for channel in CHANNELS:
        path = f"functions/notifications/channels/{channel.name}/service.py"
        assert f"metrics.SENDS[{channel.name.upper()}]" in (ROOT / path).read_text("utf-8"), path
        yield from ((path, metric.name) for metric in metrics.SENDS[channel].values())


def test_nothing_is_measured_beside_the_table():
    made = {path for path, call in _calls() if _name(call.func) in {"Measure", "Duration"}}

    assert made <= MAKERS


def test_every_name_that_is_counted_is_in_the_table_as_a_plain_counter():
    counted = set(_counted())

    assert ("shared/messaging/consumer.py", "EventsHandled") in counted
    assert ("shared/runtime/compose.py", "RedisUnavailable") in counted
    for path, name in counted:
        assert name in METRICS, f"{path} counts {name}, which is not in shared/telemetry/metrics.py"
        assert (METRICS[name].unit, dict(METRICS[name].dimensions)) == ("Count", {})


def test_every_metric_of_the_table_is_written_and_by_the_services_that_it_names():
    entries = {key: value for key, value in vars(metrics).items() if isinstance(value, Metric)}
    written = {(path, entries[name].name) for path, name in _used() if name in entries}
    written |= set(_counted()) | set(_sent())

    assert {name for _, name in written} == set(METRICS)
    for path, name in written:
        folder, _, rest = path.partition("/")
        if folder == "functions":
            assert rest.partition("/")[0] in METRICS[name].written_by, (path, name)


def test_services_are_the_functions_that_there_are():
    assert set(metrics.SERVICES) == {spec.name for spec in FUNCTIONS}
    for metric in METRICS.values():
        assert set(metric.written_by) <= set(metrics.SERVICES)


@pytest.mark.parametrize(
    ("metric", "dimension", "values"),
    [
        (
            metrics.ORDERS_REJECTED,
            "reason",
            get_args(RejectedPayload.model_fields["reason"].annotation),
        ),
        (
            metrics.REFUNDS_REQUESTED,
            "reason",
            get_args(RefundPayload.model_fields["reason"].annotation),
        ),
        (
            metrics.HOLDS_RELEASED,
            "reason",
            get_args(ReleasePayload.model_fields["reason"].annotation),
        ),
        (metrics.ORDERS_MOVED, "status", get_args(OrderStatus)),
        (
            metrics.ORDERS_CANCELLED,
            "by",
            get_args(CancelledPayload.model_fields["cancelled_by"].annotation),
        ),
        (
            metrics.MOVES_IGNORED,
            "verdict",
            set(Verdict) - {Verdict.APPLIED, Verdict.CORRECTED, Verdict.RECORDED},
        ),
        (metrics.SENDS[EMAIL]["sent"], "template", TEMPLATES),
    ],
    ids=lambda value: value.name if isinstance(value, Metric) else "",
)
def test_closed_sets_are_those_of_the_contract(metric, dimension, values):
    assert set(metric.dimensions[dimension]) == set(values)


def test_the_bill_is_known_when_the_file_is_read():
    """Series, each of which CloudWatch charges for."""
    assert sum(metric.series for metric in METRICS.values()) < 200
    assert all(metric.series <= 12 for metric in METRICS.values())


@given(
    st.sampled_from(sorted(METRICS)),
    st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=5),
    st.text(max_size=20),
)
def test_whatever_is_measured_has_the_declared_dimensions_with_values_of_their_sets(
    name, others, value
):
    metric = METRICS[name]
    given_values = {**others, **dict.fromkeys(metric.dimensions, value)}

    measure = metric.of(1, **given_values)

    assert set(measure.dimensions) == set(metric.dimensions)
    for dimension, found in measure.dimensions.items():
        assert found in metric.values(dimension)
        assert found == (value if value in metric.dimensions[dimension] else OTHER)


def test_a_dimension_may_be_called_like_a_parameter():
    assert metrics.REVENUE.of(1, value="x", self="y").dimensions == {}


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric_is_written_with_its_unit_and_dimensions(name, capsys):
    metric = METRICS[name]
    PowertoolsTelemetry(service="any", stage="test", level="INFO").measure(
        metric.of(Decimal("2.5"))
    )

    line: dict[str, Any] = json.loads(capsys.readouterr().out)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Metrics"] == [{"Name": name, "Unit": metric.unit}]
    assert directive["Dimensions"] == [["service", *sorted(metric.dimensions)]]
    assert line[name] == [2.5]
