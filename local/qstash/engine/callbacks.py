"""The reports that `Upstash-Callback` and `Upstash-Failure-Callback` ask for: new messages about a message."""

from __future__ import annotations

import base64
import json
from typing import Any

from local.qstash.model.drafts import Draft, Hook
from local.qstash.model.messages import Message, Outcome

_MAX_ANSWER_BYTES = 512 * 1024


def attempt_report(message: Message, outcome: Outcome, *, now_ms: int) -> Draft | None:
    """Report one attempt, successful or not, if the publisher asked for that."""
    hook = message.draft.callback
    return None if hook is None else _report(hook, message, outcome, now_ms=now_ms)


def failure_report(
    message: Message, outcome: Outcome, *, dead_letter_id: str, now_ms: int
) -> Draft | None:
    """Report the final failure, naming the dead letter, if the publisher asked for that."""
    hook = message.draft.failure_callback
    if hook is None:
        return None
    return _report(hook, message, outcome, now_ms=now_ms, extra={"dlqId": dead_letter_id})


def _report(
    hook: Hook,
    message: Message,
    outcome: Outcome,
    *,
    now_ms: int,
    extra: dict[str, Any] | None = None,
) -> Draft:
    source = message.draft
    # The real service truncates a long response, too.
    answer = (outcome.body or (outcome.error or "").encode())[:_MAX_ANSWER_BYTES]
    content: dict[str, Any] = {
        "status": outcome.status,
        "header": outcome.headers,
        "body": _base64(answer),
        "retried": message.retried,
        "maxRetries": source.max_retries,
        **(extra or {}),
        "sourceMessageId": message.id,
        "url": source.url,
        "method": source.method,
        "sourceHeader": source.headers,
        "sourceBody": _base64(source.body),
        "notBefore": source.not_before_ms,
        "createdAt": message.created_ms,
        "callerIP": source.caller_ip,
    }
    optional = {
        "topicName": source.topic,
        "endpointName": source.endpoint,
        "scheduleId": source.schedule_id,
    }
    content.update({name: value for name, value in optional.items() if value is not None})
    return Draft(
        url=hook.url,
        method=hook.method,
        body=json.dumps(content, separators=(",", ":")).encode(),
        headers={"Content-Type": ["application/json"], **hook.headers},
        max_retries=source.max_retries if hook.retries is None else hook.retries,
        retry_delay=hook.retry_delay,
        timeout_ms=hook.timeout_ms or source.timeout_ms,
        not_before_ms=now_ms,
        caller_ip=source.caller_ip,
        labels=source.labels,
        source_id=message.id,
        held_queue=source.queue,
    )


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
