"""Cron expressions at minute resolution: five fields in UTC, or in a zone named by a `CRON_TZ=` prefix."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local.qstash.errors import BadRequestError

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
        start=1,
    )
}
_WEEKDAYS = {
    name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))
}
# A leap day on a given weekday recurs within 28 years, but for skipped leap years such as 2100.
_HORIZON_DAYS = 41 * 366


@dataclass(frozen=True, slots=True)
class Cron:
    """When a schedule fires."""

    text: str
    zone: ZoneInfo
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day_matches: bool  # both day fields are restricted: either may match, as in classic cron

    def next_after(self, moment_ms: int) -> int | None:
        """Return the first matching minute after the moment, in ms; None if there's none in the next decades.

        A local time that a clock change skips doesn't fire; one that occurs twice fires the first time.
        """
        after = datetime.fromtimestamp(moment_ms / 1000, UTC)
        local = after.astimezone(self.zone)
        day = local.date()
        for _ in range(_HORIZON_DAYS):
            if self._matches_day(day.month, day.day, (day.weekday() + 1) % 7):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        candidate = datetime(
                            day.year, day.month, day.day, hour, minute, tzinfo=self.zone
                        )
                        instant = candidate.astimezone(UTC)
                        if instant > after and _exists(candidate, instant):
                            return int(instant.timestamp()) * 1000
            day += timedelta(days=1)
        return None

    def _matches_day(self, month: int, day: int, weekday: int) -> bool:
        if month not in self.months:
            return False
        if self.any_day_matches:
            return day in self.days or weekday in self.weekdays
        return day in self.days and weekday in self.weekdays


def parse_cron(text: str) -> Cron:
    """Check and parse `m h d m w`, raising a client error that names the faulty field."""
    fields = text.split()
    zone = ZoneInfo("UTC")
    if fields and fields[0].startswith("CRON_TZ="):
        zone = _zone(fields.pop(0).removeprefix("CRON_TZ="))
    if len(fields) != 5:
        raise BadRequestError(f"invalid cron {text!r}: expected 5 fields, got {len(fields)}")
    minute, hour, day, month, weekday = fields
    return Cron(
        text=text,
        zone=zone,
        minutes=_field(minute, "minute", 0, 59),
        hours=_field(hour, "hour", 0, 23),
        days=_field(day, "day of month", 1, 31),
        months=_field(month, "month", 1, 12, _MONTHS),
        weekdays=frozenset(value % 7 for value in _field(weekday, "day of week", 0, 7, _WEEKDAYS)),
        any_day_matches=day[0] not in "*?" and weekday[0] not in "*?",
    )


def _exists(local: datetime, instant: datetime) -> bool:
    back = instant.astimezone(local.tzinfo)
    return (back.hour, back.minute) == (local.hour, local.minute)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadRequestError(f"invalid cron: unknown time zone {name!r}") from error


def _field(
    text: str, label: str, low: int, high: int, names: dict[str, int] | None = None
) -> frozenset[int]:
    values: set[int] = set()
    for part in text.split(","):
        span, _, step_text = part.partition("/")
        step = _number(step_text, label, {}) if step_text else 1
        if span in {"*", "?"}:
            start, end = low, high
        else:
            first, dash, last = span.partition("-")
            start = _number(first, label, names or {})
            end = _number(last, label, names or {}) if dash else (high if step_text else start)
        if not (low <= start <= end <= high) or step < 1 or part.endswith("/"):
            raise BadRequestError(
                f"invalid cron: {part!r} isn't a {label} between {low} and {high}"
            )
        values.update(range(start, end + 1, step))
    return frozenset(values)


def _number(text: str, label: str, names: dict[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise BadRequestError(f"invalid cron: {text!r} isn't a {label}")
    return int(text)
