"""Durations, booleans and whole numbers as QStash, a Go program, reads them from headers."""

from __future__ import annotations

import re

from local.qstash.errors import BadRequestError

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_GO_UNITS_MS = {
    "ns": 1e-6,
    "us": 1e-3,
    "µs": 1e-3,
    "ms": 1.0,
    "s": float(SECOND_MS),
    "m": float(MINUTE_MS),
    "h": float(HOUR_MS),
}
# Publishers may also count in days; destinations (Retry-After) may not.
_UNITS_MS = {**_GO_UNITS_MS, "d": float(DAY_MS)}

_PART = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)(ns|us|µs|ms|s|m|h|d)")
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def parse_duration_ms(text: str) -> int:
    """Read `50s`, `3m` or `1d10h30m`; a bare number is refused, as the real server does."""
    if text.strip().isdigit() and text.strip() != "0":
        raise BadRequestError(f'time: missing unit in duration "{text}"')
    duration = _sum_parts(text.strip(), _UNITS_MS)
    if duration is None:
        raise BadRequestError(f'time: invalid duration "{text}"')
    return duration


def go_duration_ms(text: str) -> int | None:
    """Read Go's own form (`6m5s`), as destinations use it; None if it's something else."""
    return _sum_parts(text.strip(), _GO_UNITS_MS)


def _sum_parts(text: str, units: dict[str, float]) -> int | None:
    if text == "0":
        return 0
    total = 0.0
    position = 0
    while position < len(text):
        part = _PART.match(text, position)
        if part is None or part[2] not in units:
            return None
        total += float(part[1]) * units[part[2]]
        position = part.end()
    return round(total) if text else None


def parse_bool(text: str, *, name: str) -> bool:
    """Read a flag like Go's ParseBool, which also takes the `True` that the Python SDK sends."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise BadRequestError(f"invalid {name}: expected true or false, got {text!r}")


def parse_count(text: str, *, name: str) -> int:
    """Read a whole number that isn't negative."""
    stripped = text.strip()
    if not (stripped.isascii() and stripped.isdigit() and len(stripped) <= 18):
        raise BadRequestError(f"invalid {name}: expected a whole number, got {text!r}")
    return int(stripped)
