"""How long to wait before the next attempt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from local.qstash.syntax.durations import DAY_MS, SECOND_MS, go_duration_ms
from local.qstash.syntax.headers import HeaderMap, first
from local.qstash.syntax.retry_expression import parse_retry_expression

_DELAY_HEADERS = (
    "Retry-After",
    "X-RateLimit-Reset",
    "X-RateLimit-Reset-Requests",
    "X-RateLimit-Reset-Tokens",
)


@dataclass(frozen=True, slots=True)
class Pace:
    """Shortens what publishers and this server choose to wait; 1.0 is real time.

    A destination's `Retry-After` isn't shortened: it's about the destination's own clock (a lease, a rate window).
    """

    scale: float = 1.0

    def scaled(self, delay_ms: int) -> int:
        """Shorten a delay."""
        return round(delay_ms * self.scale)


def default_backoff_ms(retry: int) -> int:
    """Return QStash's own curve, `min(86400, e^(2.5 n))` seconds, with n = 1 for the first retry."""
    return round(min(float(DAY_MS), math.exp(min(2.5 * retry, 50.0)) * SECOND_MS))


def destination_delay_ms(headers: HeaderMap, *, now_ms: int) -> int | None:
    """Read the delay the destination asks for: seconds, an HTTP date or a Go duration, at most a day.

    A longer one is ignored, which also disposes of epoch-style `X-RateLimit-Reset` values.
    """
    for name in _DELAY_HEADERS:
        text = first(headers, name)
        delay = None if text is None else _delay(text.strip(), now_ms)
        if delay is not None and delay <= DAY_MS:
            return delay
    return None


def retry_delay_ms(
    *,
    retried: int,
    expression: str | None,
    response_headers: HeaderMap,
    now_ms: int,
    pace: Pace,
) -> int:
    """Choose between the destination's wish, the publisher's expression and the default, in this order."""
    asked = destination_delay_ms(response_headers, now_ms=now_ms)
    if asked is not None:
        return asked
    if expression is not None:
        return pace.scaled(parse_retry_expression(expression).delay_ms(retried))
    return pace.scaled(default_backoff_ms(retried + 1))


def _delay(text: str, now_ms: int) -> int | None:
    try:
        seconds = float(text)
    except ValueError:
        return _date_delay(text, now_ms) if "," in text else go_duration_ms(text)
    return round(seconds * SECOND_MS) if 0 <= seconds < math.inf else None


def _date_delay(text: str, now_ms: int) -> int | None:
    try:
        at_ms = round(parsedate_to_datetime(text).timestamp() * SECOND_MS)
    except (ValueError, OverflowError):  # no date, or one beyond what can be computed with
        return None
    return max(0, at_ms - now_ms)
