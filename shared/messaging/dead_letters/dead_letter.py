"""What a dead letter is, whatever way it was reported."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts.analytics import DeadLetterPayload, DeadLetterReported
from shared.contracts.content import canonical
from shared.contracts.envelope import MAX_EVENT_BYTES
from shared.kernel import strict_json
from shared.kernel.clock import iso
from shared.kernel.errors import PermanentError
from shared.kernel.ids import is_id
from shared.messaging.dead_letters.answers import EVENT_ID_REUSED, LastAnswer
from shared.storage.records.dead_letter import DeadLetterKind

# What a topic reads is kept whole: cut off, it could not be sent again.
MAX_KEPT_BYTES = MAX_EVENT_BYTES
# An item holds 400 KB, and a dead letter has more than its original.
MAX_STORED_BYTES = 300_000
_SHOWN = 4_000
_VARYING = re.compile(r"[0-9a-f]{8,}|[0-9]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One failed event. Reports by any route and any number of times converge on one (I16).

    Args:
        key: what the dead letter is known by: the event's own id; its message's where it had none; id
            and digest where the id was handled before with other content, so that the one dead letter
            never stands for the other.
        event_id: the failed event's own id, empty where it had none.
        kind: whether our code refused it for good, or the way to it was blocked.
        cause: class of the failure, such as ``HTTP 489 invalid_field``.
        fingerprint: the same for failures that differ only in ids and numbers.
        attempts: deliveries of this message that failed, as far as the report tells.
        failed_at: when the last of them did.
        published_at: when the message was published; when it failed, where that is not said.
        original: the event as it was.
    """

    key: str
    event_id: str
    topic: str
    event_type: str
    kind: DeadLetterKind
    cause: str
    error: str
    fingerprint: str
    attempts: int
    failed_at: str
    published_at: str
    reported_by: str
    message_id: str | None
    original: Mapping[str, object]

    @property
    def contested(self) -> bool:
        """Whether the ledger's record under this event id is of another content: then it says
        nothing about this dead letter."""
        return is_contested(self.key)


def is_contested(key: str) -> bool:
    """Whether a dead letter's key says that its event id belongs to other content."""
    return "#" in key


def event_id_of(key: str) -> str:
    """The event's id in a dead letter's key; ``#`` is in no id."""
    return key.partition("#")[0]


def dead_letter_of(report: DeadLetterReported) -> DeadLetter:
    """The dead letter that a report speaks of."""
    payload = report.payload
    found = payload.original_event.get("eventId")
    event_id = found if is_id(found) else ""
    answer = LastAnswer(payload.status or 0, payload.error_code)
    # Who reports with an event of their own may say the status in words only.
    cause = cause_of(payload.error) if payload.status is None else answer.cause
    return DeadLetter(
        key=_key(report, event_id, answer),
        event_id=event_id,
        topic=payload.original_topic,
        event_type=payload.original_event_type,
        kind=answer.kind,
        cause=cause,
        error=payload.error,
        fingerprint=fingerprint_of(payload.original_event_type, cause, payload.error),
        attempts=payload.retry_count + 1,
        failed_at=iso(payload.failed_at),
        published_at=iso(payload.published_at or payload.failed_at),
        reported_by=payload.reported_by,
        message_id=payload.message_id,
        original=_storable(payload.original_event),
    )


def _storable(original: dict[str, Any]) -> dict[str, Any]:
    """The original as it is kept with its dead letter: numbers may be longer written out than they came."""
    text = strict_json.dumps(original).encode()
    return original if len(text) <= MAX_STORED_BYTES else original_of(text)


def _key(report: DeadLetterReported, event_id: str, answer: LastAnswer) -> str:
    payload: DeadLetterPayload = report.payload
    if not event_id:
        return f"message:{payload.message_id or report.event_id}"
    if answer.code == EVENT_ID_REUSED:
        return f"{event_id}#{content_digest(payload.original_event)}"
    return event_id


def content_digest(original: Mapping[str, object]) -> str:
    """Tells contents of one event id apart: by its type and payload, whatever carried them and
    however they are spelled; a dead letter that is sent again spells its numbers anew."""
    text = canonical([original.get("eventType"), original.get("payload")])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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
