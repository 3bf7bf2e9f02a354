"""What a dead letter is, whatever way it was reported."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared import strict_json
from shared.clock import iso
from shared.contracts.analytics import DeadLetterReported
from shared.errors import PermanentError
from shared.ids import is_id

MAX_KEPT_BYTES = 200_000
_SHOWN = 4_000
_VARYING = re.compile(r"[0-9a-f]{8,}|[0-9]+", re.IGNORECASE)


class LetterState(StrEnum):
    """Open until somebody replays it (replaying, then resolved) or discards it."""

    OPEN = "open"
    REPLAYING = "replaying"
    RESOLVED = "resolved"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One failed event. Reports by any route and any number of times converge on one (I16).

    Args:
        event_id: the failed event's own id, or its message's where it had none.
        cause: class of the failure, such as ``HTTP 489 invalid_field``.
        fingerprint: the same for failures that differ only in ids and numbers.
        attempts: deliveries that failed, as far as the reports tell.
        original: the event as it was.
    """

    event_id: str
    topic: str
    event_type: str
    cause: str
    error: str
    fingerprint: str
    attempts: int
    failed_at: str
    reported_by: str
    message_id: str | None
    original: Mapping[str, object]


def letter_of(report: DeadLetterReported) -> DeadLetter:
    """The dead letter that a report speaks of."""
    payload = report.payload
    event_id = payload.original_event.get("eventId")
    cause = cause_of(payload.error)
    return DeadLetter(
        # An event without a usable id is known by its message.
        event_id=event_id
        if is_id(event_id)
        else f"message:{payload.message_id or report.event_id}",
        topic=payload.original_topic,
        event_type=payload.original_event_type,
        cause=cause,
        error=payload.error,
        fingerprint=fingerprint_of(payload.original_event_type, cause, payload.error),
        attempts=payload.retry_count + 1,
        failed_at=iso(payload.failed_at),
        reported_by=payload.reported_by,
        message_id=payload.message_id,
        original=payload.original_event,
    )


def cause_of(error: str) -> str:
    """Class of a failure: the HTTP status, and our own error code where the answer carried one."""
    status, _, answer = error.partition(": ")
    code = _code(answer)
    return f"{status[:40]} {code}" if code else status[:40]


def _code(answer: str) -> str | None:
    try:
        values = strict_json.loads(answer.encode(), max_bytes=MAX_KEPT_BYTES)
    except PermanentError:
        return None
    inner = values.get("error") if isinstance(values, dict) else None
    code = inner.get("code") if isinstance(inner, dict) else None
    return code if is_id(code) else None


def fingerprint_of(event_type: str, cause: str, error: str) -> str:
    """Groups failures of one kind: ids and numbers do not count."""
    shape = _VARYING.sub("#", error)
    return hashlib.sha256(f"{event_type}\n{cause}\n{shape}".encode()).hexdigest()[:12]


def original_of(body: bytes) -> dict[str, Any]:
    """A failed message's event; what is too long or not JSON is kept in part (S14)."""
    if len(body) <= MAX_KEPT_BYTES:
        try:
            values = strict_json.loads_message(body, max_bytes=MAX_KEPT_BYTES)
        except PermanentError:
            values = None
        if isinstance(values, dict):
            return values
    return {
        "unreadable": body[: 4 * _SHOWN].decode("utf-8", "replace")[:_SHOWN],
        "bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }


def error_text(status: int, answer: bytes) -> str:
    """What the consumer said when it refused: the status, and its answer on one line."""
    text = answer[:1_000].decode("utf-8", "replace")
    line = "".join(c if c.isprintable() else " " for c in text).strip()
    return f"HTTP {status}: {line}" if line else f"HTTP {status}"
