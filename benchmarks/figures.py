"""Figures from samples: medians, their ratio, its noise, and whether the budget is met."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report.

    Args:
        what: the thing that was measured.
        ours: its median, in ``unit``.
        against: what it is compared with; empty for a plain count or size.
        baseline: the median of that, in ``unit``.
        value: what the budget is about: the ratio, or the count itself.
        noise: how far ``value`` may be off, in the unit of ``value``; 0 for what is counted.
        budget: most that ``value`` may be; None for information only.
    """

    what: str
    ours: float
    unit: str
    against: str
    baseline: float | None
    value: float
    noise: float
    budget: float | None

    @property
    def is_over(self) -> bool:
        """Whether the budget is exceeded by more than the noise explains."""
        return self.budget is not None and self.value - self.noise > self.budget

    @property
    def verdict(self) -> str:
        """``ok``, ``over``, or a dash where there is no budget."""
        if self.budget is None:
            return "-"
        return "over" if self.is_over else "ok"

    def as_json(self) -> dict[str, Any]:
        """Every field, and the verdict."""
        return {**asdict(self), "verdict": self.verdict}


def median_absolute_deviation(values: Sequence[float]) -> float:
    """The median distance from the median: one wild sample does not move it.

    Raises:
        statistics.StatisticsError: without values.
    """
    middle = statistics.median(values)
    return statistics.median(abs(value - middle) for value in values)


def ratio_figure(
    what: str,
    ours: Sequence[float],
    against: str,
    baseline: Sequence[float],
    *,
    budget: float | None,
    unit: str = "ms",
) -> Figure:
    """Compare samples that took turns: the n-th of ours ran beside the n-th of the baseline.

    The value is the ratio of the medians. The noise is the median absolute deviation of the
    ratios pair by pair, for whatever slowed the machine for a while slowed both of a pair.

    Args:
        ours: seconds.
        baseline: seconds, as many.

    Raises:
        ValueError: when the two are not pairs.
    """
    pairs = [mine / other for mine, other in zip(ours, baseline, strict=True)]
    scale = {"ms": 1e3, "us": 1e6}[unit]
    mine, other = statistics.median(ours), statistics.median(baseline)
    return Figure(
        what=what,
        ours=mine * scale,
        unit=unit,
        against=against,
        baseline=other * scale,
        value=mine / other,
        noise=median_absolute_deviation(pairs),
        budget=budget,
    )


def count_figure(
    what: str,
    ours: float,
    *,
    budget: float | None,
    unit: str = "",
    against: str = "",
    baseline: float | None = None,
) -> Figure:
    """Something that is counted, not timed: the budget is about the number itself."""
    return Figure(what, ours, unit, against, baseline, value=ours, noise=0.0, budget=budget)
