"""What logging and measuring need from outside."""

from typing import Protocol

from shared.telemetry.measurement import Measure


class Telemetry(Protocol):
    """Structured log lines and metrics; only allow-listed fields ever leave (S18)."""

    def bind(self, **fields: str | int) -> None:
        """Fields for every following line of this invocation; replaces what was bound before."""
        ...

    def info(self, message: str, **fields: str | int | bool) -> None:
        """A line that a reader of a healthy system wants."""
        ...

    def warning(self, message: str, **fields: str | int | bool) -> None:
        """A line that explains why something is answered with an error."""
        ...

    def failure(self, message: str, error: BaseException, **fields: str | int | bool) -> None:
        """A bug: where it happened, without the values that were there."""
        ...

    def count(self, metric: str, value: int = 1) -> None:
        """Add to a metric of this service."""
        ...

    def measure(self, measure: Measure) -> None:
        """Write a business metric with its own dimensions."""
        ...

    def flush(self) -> None:
        """Write out the metrics of this invocation."""
        ...
