"""Numbers and times of a failed message, as QStash writes them in callbacks and dead letters."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

# QStash numbers its dead letters by the moment: milliseconds, and a running number.
_DLQ_ID = re.compile(r"(\d{13})-\d+")
_CLOCKS_DIFFER = timedelta(minutes=5)
_LATEST = 32_503_680_000_000


@dataclass(frozen=True, slots=True)
class Times:
    """When a message was published and when it was given up, None where that is not told."""

    published_at: datetime | None
    failed_at: datetime | None


def times_of(values: Mapping[str, Any], *, now: datetime) -> Times:
    """The times of a failed message: when it failed, not when we hear of it (``dlqId``)."""
    created = moment_of(values.get("createdAt"))
    found = _DLQ_ID.fullmatch(str(values.get("dlqId") or ""))
    failed = moment_of(int(found[1])) if found else None
    # A number that is no time of this message is none at all.
    if failed is not None and not (created or failed) <= failed <= now + _CLOCKS_DIFFER:
        failed = None
    return Times(created, failed)


def count_of(value: object) -> int:
    """A count; documented as number, seen as text."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else "0"
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0


def status_of(value: object) -> int:
    """An HTTP status; 0 for none, or for what is none."""
    status = count_of(value)
    return status if status <= 999 else 0


def moment_of(milliseconds: object) -> datetime | None:
    """A moment, None if it is no time that QStash wrote."""
    text = str(milliseconds) if isinstance(milliseconds, int | str) else ""
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        return None
    number = int(text)
    return datetime.fromtimestamp(number / 1000, UTC) if 0 < number <= _LATEST else None
