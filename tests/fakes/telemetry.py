"""Telemetry that remembers, so that a test can ask what an operator would see."""

from dataclasses import dataclass, field
from typing import Any

from shared.telemetry.measurement import Measure


@dataclass
class RecordingTelemetry:
    """The ``Telemetry`` port over lists."""

    lines: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    measures: list[Measure] = field(default_factory=list)
    bound: dict[str, Any] = field(default_factory=dict)

    def bind(self, **fields: str | int) -> None:
        self.bound = dict(fields)

    def info(self, message: str, **fields: str | int | bool) -> None:
        self.lines.append((message, {**self.bound, **fields}))

    def warning(self, message: str, **fields: str | int | bool) -> None:
        self.lines.append((message, {**self.bound, **fields}))

    def failure(self, message: str, error: BaseException, **fields: str | int | bool) -> None:
        self.lines.append((message, {**self.bound, **fields, "error": repr(error)}))

    def count(self, metric: str, value: int = 1) -> None:
        self.counts[metric] = self.counts.get(metric, 0) + value

    def measure(self, measure: Measure) -> None:
        self.measures.append(measure)

    def flush(self) -> None:
        """Nothing to write out."""

    def messages(self) -> list[str]:
        """The message texts, in order."""
        return [message for message, _ in self.lines]
