"""Which metrics the shop's own programs may write through ``analytics.metric``.

Declared with the deployment, so that no event can create a series (and its cost) that the shop did not choose:
``checkout.duration:step=payment/address,page.views:page=home/cart+device=phone/desktop``. No sign
in it means anything to a shell.
"""

import re
from collections.abc import Mapping

from shared.telemetry.metrics import METRICS, SERVICE, Metric

MOST_METRICS = 50
MOST_DIMENSIONS = 3
MOST_SERIES = 100
"""Of one metric: the product of the sizes of its dimensions, each with ``other``."""

_METRIC = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,127}")
_DIMENSION = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_VALUE = re.compile(r"[A-Za-z0-9._-]{1,40}")


def declared(text: str) -> Mapping[str, Metric]:
    """The declared metrics by name.

    Raises:
        ValueError: naming the metric and the rule that its declaration breaks.
    """
    metrics: dict[str, Metric] = {}
    for declaration in filter(None, (part.strip() for part in text.split(","))):
        metric = _metric(declaration)
        if metric.name in metrics:
            raise ValueError(f"{metric.name} is declared twice")
        metrics[metric.name] = metric
    if len(metrics) > MOST_METRICS:
        raise ValueError(f"must declare at most {MOST_METRICS} metrics")
    return metrics


def check(text: str) -> str:
    """The text itself if it declares what may be declared.

    Raises:
        ValueError: naming the metric and the rule.
    """
    declared(text)
    return text


def _metric(declaration: str) -> Metric:
    name, _, given = (part.strip() for part in declaration.partition(":"))
    if not _METRIC.fullmatch(name):
        raise ValueError("a metric's name must be a letter, then up to 127 of A-Z a-z 0-9 . _ -")
    if name in METRICS:
        raise ValueError(f"{name} is a metric of the pipeline itself")
    dimensions: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (part.strip() for part in given.split("+"))):
        dimension, values = _dimension(name, part)
        if dimension in dimensions:
            raise ValueError(f"{name} has dimension {dimension} twice")
        dimensions[dimension] = values
    if len(dimensions) > MOST_DIMENSIONS:
        raise ValueError(f"{name} must have at most {MOST_DIMENSIONS} dimensions")
    meaning = "declared by the deployment"
    metric = Metric(name, meaning, ("analytics",), "None", dimensions)
    if metric.series > MOST_SERIES:
        raise ValueError(f"{name} must have at most {MOST_SERIES} series, not {metric.series}")
    return metric


def _dimension(metric: str, text: str) -> tuple[str, tuple[str, ...]]:
    name, _, listed = (part.strip() for part in text.partition("="))
    values = tuple(value.strip() for value in listed.split("/"))
    if not _DIMENSION.fullmatch(name) or name == SERVICE:
        raise ValueError(
            f"{metric}: a dimension's name must be a letter, then up to 39 of A-Z a-z 0-9 _, "
            f"and not {SERVICE}"
        )
    if not all(_VALUE.fullmatch(value) for value in values) or len(set(values)) < len(values):
        raise ValueError(
            f"{metric}: dimension {name} must list different values of A-Z a-z 0-9 . _ -, "
            "with / between them"
        )
    return name, values
