"""Time as a port: nothing in the pipeline asks the operating system directly."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the pipeline needs of time. Seconds throughout."""

    def now(self) -> datetime:
        """The current moment, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back; only differences mean anything."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; a test's clock only moves itself forward."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """The current moment, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since an arbitrary start."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block this thread."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Deadline:
    """When this invocation ends, as seconds left. ``remaining`` counts down."""

    remaining: Callable[[], float]

    @classmethod
    def after(cls, clock: Clock, seconds: float) -> "Deadline":
        """A deadline that many seconds from now on ``clock``."""
        end = clock.monotonic() + seconds
        return cls(lambda: end - clock.monotonic())


def iso(moment: datetime) -> str:
    """ISO-8601 in UTC with milliseconds and ``Z``: fixed width, so text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
