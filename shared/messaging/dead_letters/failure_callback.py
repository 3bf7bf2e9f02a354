"""QStash's failure callback as an event of ours.

The callback is an ordinary signed message whose body describes the one that failed. Only facts are
taken from it: its ``url`` and headers are kept for the reader and never requested (S13).
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.contracts.analytics import DeadLetterReported
from shared.kernel import strict_json
from shared.kernel.errors import InvalidInputError
from shared.messaging.dead_letters.answers import LastAnswer
from shared.messaging.dead_letters.dead_letter import original_of
from shared.messaging.dead_letters.qstash_values import count_of, status_of, times_of
from shared.messaging.dead_letters.report import (
    FailedMessage,
    event_type_of,
    identifier,
    report_of,
)

MAX_CALLBACK_BYTES = 4_000_000


def decode(body: bytes, *, now: datetime) -> DeadLetterReported:
    """The callback's bytes as a dead letter report.

    Raises:
        InvalidInputError: not a failure callback; names the field.
    """
    values = strict_json.loads(body, max_bytes=MAX_CALLBACK_BYTES)
    if not isinstance(values, dict):
        raise InvalidInputError("body", "must be an object")
    source_id = _id(values, "sourceMessageId")
    original = original_of(_bytes(values, "sourceBody"))
    answer_body = _bytes(values, "body")
    times = times_of(values, now=now)
    failed = FailedMessage(
        message_id=source_id,
        dlq_id=identifier(values, "dlqId"),
        original=original,
        event_type=event_type_of(original, values.get("sourceHeader")),
        answer=LastAnswer.of(status_of(values.get("status")), answer_body),
        answer_body=answer_body,
        retried=count_of(values.get("retried")),
        times=times,
    )
    return report_of(failed, reported_by="callback", failed_at=times.failed_at or now, at=now)


def _bytes(values: Mapping[str, Any], field: str) -> bytes:
    text = values.get(field)
    if text is None:
        return b""
    # What is no text is no base64 either, although `True` and `1234` would pass for it as words.
    if not isinstance(text, str):
        raise InvalidInputError(field, "must be base64")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInputError(field, "must be base64") from error


def _id(values: Mapping[str, Any], field: str) -> str:
    found = identifier(values, field)
    if found is None:
        raise InvalidInputError(field, "is required")
    return found
