"""The report of a failed message. It is built only here, for every source of the failure.

QStash tells of it in a callback, and in its dead letter queue. Both speak of the same message, so
both reports have the same event id, and one is a duplicate of the other (I16).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from shared.contracts.analytics import DeadLetterPayload, DeadLetterReported
from shared.contracts.sources import API
from shared.contracts.topics import topic_of
from shared.kernel.ids import caused_event_id, is_id
from shared.messaging.dead_letters.answers import LastAnswer
from shared.messaging.dead_letters.dead_letter import error_text
from shared.messaging.dead_letters.qstash_values import Times

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FailedMessage:
    """What QStash says of a message that it gave up on.

    Args:
        message_id: the failed message's.
        dlq_id: QStash's id for its entry in the dead letter queue, None if it does not say.
        original: the event that the message carried.
        event_type: the event's type, ``unknown`` if it cannot be told.
        answer: what our code answered last.
        answer_body: the same to the byte.
        retried: deliveries after the first.
    """

    message_id: str
    dlq_id: str | None
    original: dict[str, Any]
    event_type: str
    answer: LastAnswer
    answer_body: bytes
    retried: int
    times: Times


def report_of(
    failed: FailedMessage,
    *,
    reported_by: Literal["callback", "pull"],
    failed_at: datetime,
    at: datetime,
) -> DeadLetterReported:
    """The report of a failed message.

    Args:
        reported_by: how we heard of it.
        failed_at: when it failed, or the nearest moment that is known.
        at: the report's own time.
    """
    return DeadLetterReported(
        event_id=caused_event_id(failed.message_id, "analytics.dlq", 0),
        timestamp=at,
        source=API,
        correlation_id=identifier(failed.original, "correlationId"),
        payload=DeadLetterPayload(
            original_topic=topic_of(failed.event_type).value,
            original_event_type=failed.event_type,
            original_event=failed.original,
            error=error_text(failed.answer.status, failed.answer_body),
            failed_at=failed_at,
            retry_count=failed.retried,
            message_id=failed.message_id,
            dlq_id=failed.dlq_id,
            reported_by=reported_by,
            published_at=failed.times.published_at,
            status=failed.answer.status,
            error_code=failed.answer.code,
        ),
    )


def event_type_of(original: Mapping[str, Any], headers: object) -> str:
    """The type of a failed message's event: of the event itself, else of its header, else unknown.

    Whatever tells of the failure, the answer is the same (I16), and it is an identifier: the type
    decides the topic, and is stored and told.

    Args:
        headers: the message's, as QStash shows them: names to a text or a list of texts.
    """
    return identifier(original, "eventType") or _in_header(headers, "x-event-type") or UNKNOWN


def _in_header(headers: object, name: str) -> str | None:
    if not isinstance(headers, Mapping):
        return None
    for key, value in headers.items():
        if str(key).lower() == name:
            found = value[0] if isinstance(value, list) and value else value
            return found if is_id(found) else None
    return None


def identifier(values: Mapping[str, Any], field: str) -> str | None:
    """An identifier among values from outside, None if there is none or it is none."""
    found = values.get(field)
    return found if is_id(found) else None
