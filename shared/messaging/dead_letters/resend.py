"""Sending a dead letter's event again: the same event, to the configured address of its topic (I18)."""

from shared.contracts.envelope import VERSION
from shared.contracts.topics import Topic, topic_of
from shared.kernel import strict_json
from shared.kernel.errors import PermanentError
from shared.kernel.ids import is_id
from shared.messaging.dead_letters.dead_letter import MAX_KEPT_BYTES
from shared.messaging.outbox import Outbound


def parsed(original: str) -> dict[str, object] | None:
    """A dead letter's original, None if it is not an object."""
    try:
        values = strict_json.loads(original.encode(), max_bytes=2 * MAX_KEPT_BYTES)
    except PermanentError:
        return None
    return values if isinstance(values, dict) else None


def obstacle(event_id: str, topic: str, event_type: str, values: object) -> str | None:
    """Why a dead letter cannot be sent again, or None if it can.

    Args:
        event_id: the failed event's own id.
        values: the original, parsed.
    """
    if topic_of(event_type).value != topic:
        return "its topic is not that of its event type"
    if not isinstance(values, dict) or "unreadable" in values:
        return "its original is not a whole event"
    if values.get("eventId") != event_id or not is_id(event_id):
        return "its original has no usable event id"
    if not is_id(values.get("eventType")) or not is_id(values.get("version", VERSION)):
        return "its original is not an event"
    if values["eventType"] != event_type:
        return "its original is of another event type"
    return None


def message_of(
    event_id: str,
    topic: str,
    event_type: str,
    original: str,
    *,
    deduplication_id: str,
    values: dict[str, object],
) -> Outbound:
    """The message: the event's own id, so that what was handled stays handled once, and a new
    deduplication id, so that QStash does not take it for a repetition and drop it.

    Args:
        original: the event's JSON, to the byte.
        values: the same, parsed; ``obstacle`` found nothing in it.
    """
    correlation, source = values.get("correlationId"), values.get("source")
    return Outbound(
        topic=Topic(topic),
        event_id=event_id,
        event_type=event_type,
        version=str(values.get("version", VERSION)),
        source=source if is_id(source) else "api",
        correlation_id=correlation if is_id(correlation) else None,
        body=original,
        deduplication_id=deduplication_id,
    )


def deduplication_id(key: str, sendings: int) -> str:
    """Of a dead letter's next sending, after so many before it, by operators or by itself: never the
    same twice, whichever program sends it."""
    return f"{key}-replay-{sendings + 1}"
