"""Reading a publish request: headers (or `upstash-*` query parameters) into a draft."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import unquote_plus

from local.qstash.backoff import Pace
from local.qstash.dedup import content_key, explicit_key
from local.qstash.destinations import Destinations
from local.qstash.drafts import MAX_RETRIES, Draft, FlowControl, Hook, Redaction
from local.qstash.durations import DAY_MS, SECOND_MS, parse_bool, parse_count, parse_duration_ms
from local.qstash.errors import BadRequestError, TooLargeError
from local.qstash.headers import HeaderMap, RequestHeaders, to_map
from local.qstash.retry_expression import parse_retry_expression

_T = TypeVar("_T")

MAX_BODY_BYTES = 1024 * 1024
MAX_DELAY_MS = 7 * DAY_MS
MAX_PERIOD_MS = 7 * DAY_MS

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_REDACTED_HEADER = re.compile(r"headers?\[([^\]]+)\]")
_FLOW_CONTROL_FORM = "Upstash-Flow-Control-Value should be either rate=X or parallelism=Y, or both as comma-separated values"
# They belong to one connection, so neither a publisher nor a webhook may pass them on.
_HOP_BY_HOP = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Publication:
    """A parsed request: the draft still lacks its destination, which may turn out to be several."""

    draft: Draft
    dedup_id: str | None
    content_dedup: bool

    def dedup_key(self, draft: Draft) -> str | None:
        """Name the deduplication key of one delivery, None if it was not asked for.

        One publish to a URL group makes several messages, which must not count as duplicates of each other.
        """
        if self.dedup_id is not None:
            suffix = f"\n{draft.url}" if draft.topic else ""
            return explicit_key(self.dedup_id) + suffix
        if self.content_dedup:
            return content_key(draft.url, draft.body, draft.headers)
        return None


def valid_name(name: str, *, what: str) -> str:
    """Check the name of a queue, schedule or URL group."""
    if not _NAME.fullmatch(name):
        raise BadRequestError(
            f"invalid {what}: only alphanumeric, hyphen, underscore and period are allowed"
        )
    return name


def split_query(query: str) -> tuple[str, list[tuple[str, str]]]:
    """Separate a publish request's query: the destination's own part, literally, and our options."""
    own: list[str] = []
    options: list[tuple[str, str]] = []
    for part in query.split("&") if query else []:
        name, _, value = part.partition("=")
        if name.lower().startswith("upstash-"):
            options.append((name.lower(), unquote_plus(value, "latin-1")))
        elif name != "qstash_token":
            own.append(part)
    return "&".join(own), options


class PublicationReader:
    """Turns headers into drafts. Whatever it can't honour it refuses; nothing is silently dropped."""

    def __init__(self, destinations: Destinations, pace: Pace) -> None:
        self._destinations = destinations
        self._pace = pace

    def read(
        self,
        headers: RequestHeaders,
        *,
        body: bytes,
        caller_ip: str,
        now_ms: int,
        queue: str | None = None,
    ) -> Publication:
        """Parse a publish request or a batch item."""
        if len(body) > MAX_BODY_BYTES:
            raise TooLargeError(f"quota maxMessageSize exceeded, current limit: {MAX_BODY_BYTES}")
        draft = self.override(Draft(body=body, caller_ip=caller_ip, queue=queue), headers)
        content_dedup = headers.get("upstash-content-based-deduplication")
        return Publication(
            draft=replace(draft, not_before_ms=self.start_ms(headers, now_ms=now_ms, queue=queue)),
            dedup_id=headers.get("upstash-deduplication-id"),
            content_dedup=content_dedup is not None
            and parse_bool(content_dedup, name="Upstash-Content-Based-Deduplication"),
        )

    def override(self, base: Draft, headers: RequestHeaders) -> Draft:
        """Apply the options that are present, and leave the rest as they are."""
        method = headers.get("upstash-method")
        retries = headers.get("upstash-retries")
        retry_delay = headers.get("upstash-retry-delay")
        timeout = headers.get("upstash-timeout")
        label = headers.get("upstash-label")
        redact = headers.get("upstash-redact-fields")
        return replace(
            base,
            method=base.method if method is None else _method(method),
            headers={**base.headers, **_delivered_headers(headers)},
            max_retries=base.max_retries if retries is None else _retries(retries),
            retry_delay=base.retry_delay if retry_delay is None else _retry_delay(retry_delay),
            timeout_ms=base.timeout_ms if timeout is None else _timeout(timeout),
            labels=base.labels if label is None else _labels(label),
            redaction=base.redaction if redact is None else _redaction(redact),
            callback=self._hook(headers, "upstash-callback") or base.callback,
            failure_callback=self._hook(headers, "upstash-failure-callback")
            or base.failure_callback,
            flow_control=_flow_control(headers, queue=base.queue) or base.flow_control,
        )

    def start_ms(self, headers: RequestHeaders, *, now_ms: int, queue: str | None) -> int:
        """Find the time before which nothing may be delivered; `Upstash-Not-Before` beats `Upstash-Delay`."""
        not_before = headers.get("upstash-not-before")
        delay = headers.get("upstash-delay")
        if not_before is None and delay is None:
            return now_ms
        if queue is not None:
            raise BadRequestError("unsupported: a delay on a queue, which delivers in order")
        if not_before is not None:
            at_ms = parse_count(not_before, name="Upstash-Not-Before") * SECOND_MS
            _check_delay(at_ms - now_ms)
            return max(now_ms, at_ms)
        return now_ms + self.delay_ms(headers)

    def delay_ms(self, headers: RequestHeaders) -> int:
        """Read `Upstash-Delay` at this server's pace, 0 if absent."""
        text = headers.get("upstash-delay")
        if text is None:
            return 0
        delay = parse_duration_ms(text)
        _check_delay(delay)
        return self._pace.scaled(delay)

    def _hook(self, headers: RequestHeaders, name: str) -> Hook | None:
        url = headers.get(name)
        if url is None:
            return None
        try:
            self._destinations.check(url)
        except BadRequestError as error:
            raise BadRequestError(f"{name}: {error.message}") from error
        if headers.get(f"{name}-delay") is not None:
            raise BadRequestError(f"unsupported: {name}-delay, callbacks can't be delayed")
        return Hook(
            url=url,
            method=_optional(headers, f"{name}-method", _method) or "POST",
            headers=_without_hop_by_hop(headers.under(f"{name}-forward-")),
            retries=_optional(headers, f"{name}-retries", _retries),
            retry_delay=_optional(headers, f"{name}-retry-delay", _retry_delay),
            timeout_ms=_optional(headers, f"{name}-timeout", _timeout),
            options=headers.under(f"{name}-"),
        )


def _optional(headers: RequestHeaders, name: str, read: Callable[[str], _T]) -> _T | None:
    text = headers.get(name)
    return None if text is None else read(text)


def _method(text: str) -> str:
    if text.upper() not in _METHODS:
        raise BadRequestError(
            f"invalid method {text!r}: expected one of {', '.join(sorted(_METHODS))}"
        )
    return text.upper()


def _retries(text: str) -> int:
    retries = parse_count(text, name="Upstash-Retries")
    if retries > MAX_RETRIES:
        raise BadRequestError("quota maxRetries exceeded")
    return retries


def _retry_delay(text: str) -> str:
    return parse_retry_expression(text).text


def _timeout(text: str) -> int:
    timeout = parse_duration_ms(text)
    if timeout < 1:
        raise BadRequestError(f"invalid timeout {text!r}: must be longer than nothing")
    return timeout


def _check_delay(delay_ms: int) -> None:
    if delay_ms > MAX_DELAY_MS:
        raise BadRequestError(
            f"quota maxDelay exceeded, current limit: {MAX_DELAY_MS // SECOND_MS}"
        )


def _labels(text: str) -> tuple[str, ...]:
    # Filters name labels in the query, which is UTF-8; so that both compare, labels leave the wire form here.
    readable = text.encode("latin-1").decode("utf-8", "replace")
    return tuple(label.strip() for label in readable.split(",") if label.strip())


def _redaction(text: str) -> Redaction:
    body, all_headers, names = False, False, []
    for part in (part.strip() for part in text.split(",")):
        named = _REDACTED_HEADER.fullmatch(part)
        if named:
            names.append(named[1])
        elif part == "body":
            body = True
        elif part in {"header", "headers"}:
            all_headers = True
        else:
            raise BadRequestError(f"invalid Upstash-Redact-Fields: {part!r}")
    return Redaction(body=body, all_headers=all_headers, headers=tuple(names))


def _delivered_headers(headers: RequestHeaders) -> HeaderMap:
    delivered: HeaderMap = {}
    forward_all = headers.get("upstash-header-forward")
    if forward_all is not None and parse_bool(forward_all, name="Upstash-Header-Forward"):
        # The Authorization header opened this server; it isn't the destination's business.
        delivered = to_map(
            pair
            for pair in headers
            if not pair[0].startswith("upstash-") and pair[0] != "authorization"
        )
    content_type = headers.get("content-type")
    if content_type is not None:
        delivered["Content-Type"] = [content_type]
    return _without_hop_by_hop(delivered | headers.under("upstash-forward-"))


def _without_hop_by_hop(headers: HeaderMap) -> HeaderMap:
    return {name: values for name, values in headers.items() if name.lower() not in _HOP_BY_HOP}


def _flow_control(headers: RequestHeaders, *, queue: str | None) -> FlowControl | None:
    key = headers.get("upstash-flow-control-key")
    value = headers.get("upstash-flow-control-value")
    if key is None and value is None:
        return None
    if queue is not None:
        raise BadRequestError("unsupported: flow control on a queue, set the queue's parallelism")
    if key is None:
        raise BadRequestError("Upstash-Flow-Control-Key is missing")
    limits = dict(_limit(part) for part in (value or "").split(","))
    if not limits.keys() <= {"rate", "parallelism", "period"} or not limits.keys() & {
        "rate",
        "parallelism",
    }:
        raise BadRequestError(_FLOW_CONTROL_FORM)
    period = limits.get("period", "1s")
    period_ms = int(period) * SECOND_MS if period.isdigit() else parse_duration_ms(period)
    if not SECOND_MS <= period_ms <= MAX_PERIOD_MS:
        raise BadRequestError("invalid flow control period: must be between 1s and 7d")
    return FlowControl(
        key=key,
        parallelism=_positive(limits["parallelism"]) if "parallelism" in limits else None,
        rate=_positive(limits["rate"]) if "rate" in limits else None,
        period_ms=period_ms,
    )


def _limit(part: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    if not equals:
        raise BadRequestError(_FLOW_CONTROL_FORM)
    return name.strip().lower(), value.strip()


def _positive(text: str) -> int:
    count = parse_count(text, name="Upstash-Flow-Control-Value")
    if count < 1:
        raise BadRequestError(_FLOW_CONTROL_FORM)
    return count
