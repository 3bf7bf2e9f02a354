"""What a dead letter is, whatever way it was reported."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.clock import iso
from shared.contracts.analytics import DeadLetterReported
from shared.ids import is_id


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One failed event. Reports by any route and any number of times converge on one (I16).

    Args:
        event_id: the failed event's own id, or its message's where it had none.
        attempts: deliveries that failed, as far as the reports tell.
        original: the event as it was.
    """

    event_id: str
    topic: str
    event_type: str
    error: str
    attempts: int
    first_failed_at: str
    last_failed_at: str
    reported_by: str
    message_id: str | None
    dlq_id: str | None
    original: Mapping[str, object]


def letter_of(report: DeadLetterReported) -> DeadLetter:
    """The dead letter that a report speaks of."""
    payload = report.payload
    failed_at = iso(payload.failed_at)
    return DeadLetter(
        event_id=_identity(payload.original_event.get("eventId"), payload.message_id, report),
        topic=payload.original_topic,
        event_type=payload.original_event_type,
        error=payload.error,
        attempts=payload.retry_count + 1,
        first_failed_at=failed_at,
        last_failed_at=failed_at,
        reported_by=payload.reported_by,
        message_id=payload.message_id,
        dlq_id=payload.dlq_id,
        original=payload.original_event,
    )


def _identity(event_id: object, message_id: str | None, report: DeadLetterReported) -> str:
    # An event without a usable id is known by its message.
    return event_id if is_id(event_id) else f"message:{message_id or report.event_id}"
