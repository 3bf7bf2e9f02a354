"""The API's JSON shapes: camelCase, and an absent key instead of an empty value."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from local.qstash.model.drafts import Draft, Hook
from local.qstash.model.flow_control import FlowKey
from local.qstash.model.messages import Message
from local.qstash.model.queue import Queue
from local.qstash.state.records import DeadLetter, Delivery, LogEntry, Schedule, UrlGroup
from local.qstash.syntax.durations import SECOND_MS
from local.qstash.syntax.headers import HeaderMap, canonical

Json = dict[str, Any]


def message_view(message: Message) -> Json:
    """Show a message as `/v2/messages` does."""
    draft = message.draft
    return _present(
        {
            "messageId": message.id,
            **_common(draft),
            "url": draft.url,
            "notBefore": draft.not_before_ms,
            "createdAt": message.created_ms,
            **_payload(draft),
            "callbackHeader": _hook_options(draft.callback),
            "failureCallbackHeader": _hook_options(draft.failure_callback),
            "retryDelayExpression": draft.retry_delay,
        }
    ) | {"maxRetries": draft.max_retries}


def dead_letter_view(letter: DeadLetter) -> Json:
    """Show a dead letter: its message, and the last answer of the destination."""
    outcome = letter.outcome
    view = message_view(letter.message) | {
        "dlqId": letter.id,
        "responseStatus": outcome.status,
        "retried": letter.message.retried,
    }
    if outcome.headers:
        view["responseHeader"] = outcome.headers
    content = outcome.body or (outcome.error or "").encode()
    try:
        view["responseBody"] = content.decode()
    except UnicodeDecodeError:
        view["responseBodyBase64"] = base64.b64encode(content).decode()
    return view


def log_view(entry: LogEntry, message: Message) -> Json:
    """Show a log entry. Two names per field where the SDK and the API description disagree."""
    draft = message.draft
    body = _hash(draft.body) if draft.redaction.body else base64.b64encode(draft.body).decode()
    return _present(
        {
            "time": entry.time_ms,
            "messageId": message.id,
            "state": entry.state.value,
            "error": entry.error,
            "nextDeliveryTime": entry.next_ms,
            **_common(draft),
            "url": draft.url,
            "timeout": draft.timeout_ms,
            "header": _shown_headers(draft),
            "body": body,
            "responseStatus": entry.status,
            "responseBody": entry.response_base64,
            "responseHeader": entry.response_headers,
            "responseHeaders": entry.response_headers,
            "callbackHeaders": _hook_options(draft.callback),
            "failureCallbackHeaders": _hook_options(draft.failure_callback),
            "retryDelayExpr": draft.retry_delay,
            "retryDelayExpression": draft.retry_delay,
        }
    ) | {"maxRetries": draft.max_retries}


def schedule_view(schedule: Schedule, last_states: dict[str, str]) -> Json:
    """Show a schedule."""
    draft = schedule.draft
    return _present(
        {
            **_common(draft),
            "callerIp": draft.caller_ip,  # both spellings are documented
            "scheduleId": schedule.id,
            "destination": schedule.destination,
            "cron": schedule.cron,
            "createdAt": schedule.created_ms,
            **_payload(draft),
            "callbackHeader": _hook_options(draft.callback),
            "failureCallbackHeader": _hook_options(draft.failure_callback),
            "retryDelayExpression": draft.retry_delay,
            "delay": schedule.delay_ms // SECOND_MS,
            "timeout": draft.timeout_ms // SECOND_MS,
            "isPaused": schedule.paused,
            "lastScheduleTime": schedule.last_ms,
            "nextScheduleTime": schedule.next_ms,
            "lastScheduleStates": last_states,
        }
    ) | {"retries": draft.max_retries}


def queue_view(queue: Queue, lag: int) -> Json:
    """Show a queue; the SDK requires every key."""
    return {
        "name": queue.name,
        "parallelism": queue.parallelism,
        "createdAt": queue.created_ms,
        "updatedAt": queue.updated_ms,
        "lag": lag,
        "paused": queue.paused,
    }


def group_view(group: UrlGroup) -> Json:
    """Show a URL group."""
    return {
        "name": group.name,
        "createdAt": group.created_ms,
        "updatedAt": group.updated_ms,
        "endpoints": group.endpoints,
    }


def flow_key_view(state: FlowKey, waiting: int) -> Json:
    """Show a flow-control key, with the limits that count at this moment."""
    rate, period_ms = state.rate_now
    return {
        "flowControlKey": state.key,
        "waitListSize": waiting,
        "parallelismMax": state.parallelism_now or 0,
        "parallelismCount": state.running,
        "rateMax": rate or 0,
        "rateCount": state.started,
        "ratePeriod": period_ms // SECOND_MS,
        "ratePeriodStart": state.period_start_ms // SECOND_MS,
        "isPaused": state.paused,
        "isPinnedParallelism": state.pinned_parallelism,
        "isPinnedRate": state.pinned_rate,
    }


def delivery_view(number: int, delivery: Delivery) -> Json:
    """Show one request of the delivery log, every key always present."""
    return {
        "number": number,
        "messageId": delivery.message_id,
        "url": delivery.url,
        "eventId": delivery.event_id,
        "eventType": delivery.event_type,
        "attempt": delivery.attempt,
        "copy": delivery.copy,
        "callback": delivery.callback,
        "status": delivery.status,
        "error": delivery.error,
        "startedAt": delivery.started_ms,
        "finishedAt": delivery.finished_ms,
    }


def _common(draft: Draft) -> Json:
    flow = draft.flow_control
    limits = (
        {}
        if flow is None
        else {
            "flowControlKey": flow.key,
            "parallelism": flow.parallelism,
            "rate": flow.rate,
            "period": flow.period_ms // SECOND_MS,
        }
    )
    return {
        "method": draft.method,
        "topicName": draft.topic,
        "endpointName": draft.endpoint,
        "queueName": draft.queue,
        "scheduleId": draft.schedule_id,
        "callback": draft.callback.url if draft.callback else None,
        "failureCallback": draft.failure_callback.url if draft.failure_callback else None,
        "callerIP": draft.caller_ip,
        "label": draft.labels[0] if draft.labels else None,
        "labels": list(draft.labels),
        **limits,
    }


def _payload(draft: Draft) -> Json:
    headers = _shown_headers(draft)
    if draft.redaction.body:
        return {"header": headers, "body": _hash(draft.body)}
    try:
        return {"header": headers, "body": draft.body.decode()}
    except UnicodeDecodeError:
        return {"header": headers, "bodyBase64": base64.b64encode(draft.body).decode()}


def _shown_headers(draft: Draft) -> HeaderMap:
    hidden = {canonical(name) for name in draft.redaction.headers}
    return {
        name: [_hash(value.encode()) for value in values]
        if draft.redaction.all_headers or name in hidden
        else values
        for name, values in draft.headers.items()
    }


def _hook_options(hook: Hook | None) -> HeaderMap | None:
    return hook.options if hook else None


def _hash(content: bytes) -> str:
    return f"REDACTED:{hashlib.sha256(content).hexdigest()}"


def _present(view: Json) -> Json:
    return {name: value for name, value in view.items() if value or value is False}
