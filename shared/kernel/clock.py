"""Time as a port: nothing in the pipeline asks the operating system directly."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
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


TIME_RULE = "must be a time of RFC 3339, such as 2026-01-31T12:00:00Z"
# Any producer's spelling of RFC 3339: lower case, a blank for the T, fractions of any length up to
# what a line of this length holds; and a whole minute without its seconds, as Java writes it.
# Digits are ASCII; `$` would let a line break pass.
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,15}))?)?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)


def moment_of(text: str) -> datetime:
    """A time of RFC 3339 as the moment that it names, in UTC.

    Finer than a microsecond is cut off. A leap second is the first moment after it, for no clock of
    ours has one; it must stand where leap seconds stand, in the last minute of a month of UTC.

    Raises:
        ValueError: with the rule.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(TIME_RULE)
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    fraction = int((match[7] or "")[:6].ljust(6, "0"))
    leap = second == 60
    try:
        local = datetime(
            year, month, day, hour, minute, 59 if leap else second, fraction, _zone(match)
        )
        moment = local.astimezone(UTC) + timedelta(seconds=leap)
    except (ValueError, OverflowError):  # no such day, or beyond what a datetime can hold
        raise ValueError(TIME_RULE) from None
    if leap and (moment.day, moment.hour, moment.minute, moment.second) != (1, 0, 0, 0):
        raise ValueError(TIME_RULE)
    return moment


def _zone(match: re.Match[str]) -> timezone:
    hours, minutes = int(match[9] or 0), int(match[10] or 0)
    if minutes > 59:
        raise ValueError(TIME_RULE)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if match[8] == "-" else offset)
