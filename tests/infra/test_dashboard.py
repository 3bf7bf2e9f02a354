"""The dashboard: readable, within CloudWatch's limits, and plotting only what is written."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.functions import FUNCTIONS
from shared.telemetry.metrics import METRICS, SERVICE
from tests.infra.assembly import Assembly

# What CloudWatch takes.
MOST_WIDGETS = 500
MOST_METRICS_OF_A_WIDGET = 500
MOST_METRICS = 2500
MOST_BYTES = 200_000
COLUMNS = 24

QUESTIONS = [
    "Is the shop or a customer losing money right now?",
    "How fast are we?",
    "What is stuck?",
    "What is failing?",
    "What does doing it twice cost us?",
    "And the shop?",
]
UNITS = {"Count": "count", "Milliseconds": "ms", "Seconds": "seconds", "None": "EUR"}


def body(assembly: Assembly) -> str:
    """What CloudWatch is given, with references as text."""
    (board,) = assembly.resources("AWS::CloudWatch::Dashboard")
    assert board.properties["DashboardName"] == f"order-pipeline-{assembly.stage}"
    return assembly.text(board.properties["DashboardBody"])


def widgets(assembly: Assembly) -> list[dict[str, Any]]:
    """Every widget, in reading order."""
    found: list[dict[str, Any]] = json.loads(body(assembly))["widgets"]
    return sorted(found, key=lambda widget: (widget["y"], widget["x"]))


def plotted(assembly: Assembly) -> Iterator[tuple[dict[str, Any], str, str, dict[str, str], str]]:
    """Widget, namespace, name, dimensions and statistic of every series."""
    for widget in widgets(assembly):
        for series in widget["properties"].get("metrics", []):
            namespace, name, *rest = series
            options = rest.pop()
            dimensions = _pairs(rest)
            yield widget, namespace, name, dimensions, options.get("stat", "Average")


def _pairs(flat: list[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def test_the_body_is_json_within_what_cloudwatch_takes(assembly: Assembly):
    """An emulator takes anything; CloudWatch refuses the whole stack."""
    text, found = body(assembly), widgets(assembly)

    assert len(text.encode()) < MOST_BYTES
    assert len(found) <= MOST_WIDGETS
    counts = [len(widget["properties"].get("metrics", [])) for widget in found]
    assert max(counts) <= MOST_METRICS_OF_A_WIDGET
    assert sum(counts) <= MOST_METRICS


def test_widgets_fill_the_grid_and_do_not_overlap(assembly: Assembly):
    """Every cell of every row belongs to one widget."""
    cells = [
        (x, y)
        for widget in widgets(assembly)
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]

    assert len(cells) == len(set(cells))
    height = max(y for _, y in cells) + 1
    assert set(cells) == set(itertools.product(range(COLUMNS), range(height)))


def test_questions_come_in_the_order_in_which_they_are_asked(assembly: Assembly):
    """Each with something below it, in plain words."""
    kinds = [widget["type"] for widget in widgets(assembly)]
    texts = [w["properties"]["markdown"] for w in widgets(assembly) if w["type"] == "text"]

    assert [text.splitlines()[0].removeprefix("## ") for text in texts] == QUESTIONS
    assert all(text.splitlines()[1] for text in texts)
    assert kinds[:3] == ["text", "alarm", "metric"]
    assert ("text", "text") not in set(itertools.pairwise(kinds))
    assert kinds[-1] == "metric"


def test_every_alarm_is_on_it(assembly: Assembly):
    """Whatever rings is seen first."""
    (status,) = [w for w in widgets(assembly) if w["type"] == "alarm"]
    rung = {f"<{_logical(r.logical_id)}.Arn>" for r in assembly.resources("AWS::CloudWatch::Alarm")}

    assert set(status["properties"]["alarms"]) == rung
    assert 0 < len(rung) <= 100


def test_own_metrics_are_plotted_as_the_code_writes_them(assembly: Assembly):
    """By namespace, name, exact dimensions, a statistic that fits the unit, and its name at the axis."""
    for widget, namespace, name, dimensions, statistic in plotted(assembly):
        if namespace.startswith("AWS/"):
            continue
        metric = METRICS[name]
        assert namespace == f"OrderPipeline/{assembly.stage}"
        assert set(dimensions) == {SERVICE, *metric.dimensions}
        assert dimensions.pop(SERVICE) in metric.written_by
        for dimension, value in dimensions.items():
            assert value in metric.values(dimension)
        fitting = {"Milliseconds": {"p50", "p95", "p99"}, "Seconds": {"Maximum"}}
        # A state that is seen every minute: five looks do not add up.
        seen = {"Maximum"} if metric.name == "MessagesWaiting" else {"Sum"}
        assert statistic in fitting.get(metric.unit, seen)
        assert widget["properties"]["yAxis"]["left"]["label"] == UNITS[metric.unit]


def test_every_series_that_can_be_written_is_on_it_once(prod: Assembly):
    """A metric that nobody looks at need not be written."""
    found = [
        (name, tuple(sorted(dimensions.items())), statistic)
        for _, namespace, name, dimensions, statistic in plotted(prod)
        if not namespace.startswith("AWS/")
    ]
    series = {(name, dimensions) for name, dimensions, _ in found}

    assert len(found) == len(set(found))
    assert len(series) == sum(metric.series for metric in METRICS.values())
    assert {name for name, _ in series} == set(METRICS)


@pytest.mark.parametrize("name", ["Errors", "Throttles", "Duration", "Invocations"])
def test_every_function_is_on_it(assembly: Assembly, name: str):
    """By the name it is deployed under; also one that writes no metrics of its own."""
    shown = [
        dimensions["FunctionName"]
        for _, namespace, found, dimensions, _ in plotted(assembly)
        if (namespace, found) == ("AWS/Lambda", name)
    ]

    assert shown == [f"order-pipeline-{assembly.stage}-{spec.name}" for spec in FUNCTIONS]


def test_the_api_is_on_it(assembly: Assembly):
    """Its time to answer, and whose fault its refusals are."""
    shown = {
        (name, statistic)
        for _, namespace, name, dimensions, statistic in plotted(assembly)
        if namespace == "AWS/ApiGateway" and dimensions["ApiId"].startswith("<IngressApi")
    }

    assert shown == {
        *(("Latency", found) for found in ("p50", "p95", "p99")),
        *((name, "Sum") for name in ("Count", "4xx", "5xx")),
    }


def test_every_graph_says_what_it_shows(assembly: Assembly):
    """A title of its own, series with names, and a scale that begins at nought."""
    graphs = [w["properties"] for w in widgets(assembly) if w["type"] == "metric"]

    titles = [graph["title"] for graph in graphs]
    assert len(titles) == len(set(titles))
    for graph in graphs:
        labels = [series[-1]["label"] for series in graph["metrics"]]
        assert len(labels) == len(set(labels)), graph["title"]
        assert graph["yAxis"]["left"]["min"] == 0


def _logical(name: str) -> str:
    return name[:-8]
