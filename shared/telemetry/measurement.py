"""Measurements as data: written once the decision that they tell of is durable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

Unit = Literal["Count", "Milliseconds", "Seconds", "None"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A business metric to write once the decision is durable; ``shared.telemetry.metrics`` makes them.

    Args:
        notes: what stands beside it in the log and makes no series of its own.
    """

    name: str
    value: Decimal | int
    dimensions: Mapping[str, str] = field(default_factory=dict)
    unit: Unit = "Count"
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Duration:
    """A time to measure, in milliseconds; it ends when the decision is durable.

    Args:
        until: when it ended already, such as when a mail left.
    """

    name: str
    since: datetime
    until: datetime | None = None

    def milliseconds(self, now: datetime) -> int:
        """How long it took. Negative when the clocks of two machines disagree."""
        return round(((self.until or now) - self.since).total_seconds() * 1000)
