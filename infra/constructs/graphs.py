"""Graphs over the product's metrics.

Series are spelled out with all their dimensions, which closed sets make possible: unlike a metric
query, such a graph reaches back as far as CloudWatch keeps the metric, and needs nothing but it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.functions import FUNCTIONS
from infra.settings import StageSettings
from shared.telemetry.metrics import NAMESPACE, SERVICE, Metric

COLUMNS = 24
PERCENTILES = ("p50", "p95", "p99")
_HEIGHT = 6
_PERIOD = Duration.minutes(5)

Statistic = Literal["Sum", "Maximum"]
Series = Sequence[cloudwatch.IMetric]


@dataclass(frozen=True, slots=True)
class Plot:
    """One graph: what it shows, in which unit, and whether its parts make a whole."""

    title: str
    series: Series
    unit: str = "count"
    stacked: bool = False


class Graphs:
    """The series of one stage."""

    def __init__(self, stage: StageSettings, api_id: str) -> None:
        self._stage, self._api_id = stage, api_id

    def own(self, *plotted: Metric, statistic: Statistic = "Sum") -> Series:
        """Every series that the metrics can have; several metrics are told apart by name."""
        return [
            self._series(metric, service, values, statistic, several=len(plotted) > 1)
            for metric in plotted
            for service, *values in product(
                metric.written_by, *(metric.values(name) for name in metric.dimensions)
            )
        ]

    def _series(
        self,
        metric: Metric,
        service: str,
        values: Sequence[str],
        statistic: Statistic,
        *,
        several: bool,
    ) -> cloudwatch.IMetric:
        parts = [*values, *([service] if len(metric.written_by) > 1 else [])]
        label = " ".join([metric.name, *parts] if several or not parts else parts)
        return self._metric(
            metric,
            {SERVICE: service, **dict(zip(metric.dimensions, values, strict=True))},
            statistic,
            label,
        )

    def _metric(
        self, metric: Metric, dimensions: Mapping[str, str], statistic: str, label: str
    ) -> cloudwatch.IMetric:
        return cloudwatch.Metric(
            namespace=f"{NAMESPACE}/{self._stage.stage}",
            metric_name=metric.name,
            dimensions_map=dict(dimensions),
            statistic=statistic,
            period=_PERIOD,
            label=label,
        )

    def percentiles(self, metric: Metric) -> Series:
        """A time of one service: half, 95 and 99 of a hundred were faster."""
        (service,) = metric.written_by
        return [self._metric(metric, {SERVICE: service}, found, found) for found in PERCENTILES]

    def api(self, name: str, statistic: str, label: str) -> cloudwatch.IMetric:
        """A metric of the public API."""
        return cloudwatch.Metric(
            namespace="AWS/ApiGateway",
            metric_name=name,
            dimensions_map={"ApiId": self._api_id},
            statistic=statistic,
            period=_PERIOD,
            label=label,
        )

    def functions(self, name: str, statistic: Statistic) -> Series:
        """One series per function, by its name: a reference would tie the stacks together."""
        return [
            cloudwatch.Metric(
                namespace="AWS/Lambda",
                metric_name=name,
                dimensions_map={"FunctionName": self._stage.function_name(spec.name)},
                statistic=statistic,
                period=_PERIOD,
                label=spec.name,
            )
            for spec in FUNCTIONS
        ]


def graph(plot: Plot, width: int) -> cloudwatch.GraphWidget:
    """The plot as a widget."""
    return cloudwatch.GraphWidget(
        title=plot.title,
        left=list(plot.series),
        width=width,
        height=_HEIGHT,
        stacked=plot.stacked,
        left_y_axis=cloudwatch.YAxisProps(label=plot.unit, min=0, show_units=False),
        legend_position=cloudwatch.LegendPosition.BOTTOM,
    )
