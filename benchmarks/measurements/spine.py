"""Whole events, in processor time: what a function spends on them, waiting left out."""

from benchmarks.figures import Figure, ratio_figure
from benchmarks.run import Run


def measure(run: Run) -> list[Figure]:
    """A checkout of five lines, its duplicate, and an event that causes no others."""
    taken = run.warm(
        (
            "spine.checkout",
            "spine.duplicate",
            "spine.audit",
            "spine.api",
            "spine.bare",
            "spine.bare.duplicate",
            "spine.powertools",
            "spine.powertools.duplicate",
            "spine.plain_sdks",
            "spine.plain_sdks.duplicate",
            "spine.floor",
            "log",
        )
    )

    def figure(what: str, ours: str, against: str, baseline: str, budget: float | None) -> Figure:
        return ratio_figure(what, taken[ours], against, taken[baseline], budget=budget, unit="ms")

    # docs/performance.md says which of these are looser than what was aimed for, and why.
    return [
        figure("spine around no work", "spine.bare", "toolkit", "spine.powertools", 1.15),
        figure(
            "its duplicate", "spine.bare.duplicate", "toolkit", "spine.powertools.duplicate", 0.9
        ),
        figure("command.checkout", "spine.checkout", "plain SDKs", "spine.plain_sdks", 1.8),
        figure("command.checkout", "spine.checkout", "the floor", "spine.floor", 11.0),
        figure("its duplicate", "spine.duplicate", "plain SDKs", "spine.plain_sdks.duplicate", 2.5),
        figure("its duplicate", "spine.duplicate", "the event itself", "spine.checkout", 0.15),
        figure("analytics.audit", "spine.audit", "plain SDKs' checkout", "spine.plain_sdks", None),
        figure("POST /api/checkout", "spine.api", "plain SDKs' checkout", "spine.plain_sdks", None),
        figure("a log line and its metric", "log", "command.checkout", "spine.checkout", 0.03),
    ]
