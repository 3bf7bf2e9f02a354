"""Reading a publish request: headers (or `upstash-*` query parameters) into a draft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import unquote_plus

from local.qstash.errors import BadRequestError, TooLargeError
from local.qstash.http.option_values import (
    check_delay,
    read_flow_control,
    read_labels,
    read_method,
    read_redaction,
    read_retries,
    read_text,
    read_timeout,
)
from local.qstash.http.routing import Request
from local.qstash.model.backoff import Pace
from local.qstash.model.dedup import content_key, explicit_key
from local.qstash.model.drafts import Draft, Hook
from local.qstash.model.plans import Plan
from local.qstash.syntax import accepted_headers
from local.qstash.syntax.accepted_headers import refuse_unsupported
from local.qstash.syntax.destinations import Destinations
from local.qstash.syntax.durations import SECOND_MS, parse_bool, parse_count, parse_duration_ms
from local.qstash.syntax.headers import HeaderMap, RequestHeaders, to_map
from local.qstash.syntax.names import valid_deduplication_id
from local.qstash.syntax.retry_expression import parse_retry_expression

_T = TypeVar("_T")

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


def read_destination(request: Request) -> tuple[str, RequestHeaders]:
    """Return the destination with its own query, and the options of headers and query together."""
    query, options = split_query(request.query)
    destination, headers = request.values["destination"], request.headers.with_defaults(options)
    return (f"{destination}?{query}" if query else destination), headers


class PublicationReader:
    """Turns headers into drafts. Whatever it can't honour it refuses; nothing is silently dropped."""

    def __init__(self, destinations: Destinations, pace: Pace, plan: Plan) -> None:
        self._destinations = destinations
        self._pace = pace
        self._plan = plan

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
        refuse_unsupported(headers.names(), accepted_headers.PUBLISH, where="on a message")
        blank = self.blank(body=body, caller_ip=caller_ip, queue=queue)
        dedup_id = headers.get("upstash-deduplication-id")
        content_dedup = headers.get("upstash-content-based-deduplication")
        return Publication(
            draft=replace(
                self.override(blank, headers),
                not_before_ms=self.start_ms(headers, now_ms=now_ms, queue=queue),
            ),
            dedup_id=None if dedup_id is None else valid_deduplication_id(dedup_id),
            content_dedup=content_dedup is not None
            and parse_bool(content_dedup, name="Upstash-Content-Based-Deduplication"),
        )

    def blank(self, *, body: bytes, caller_ip: str, queue: str | None) -> Draft:
        """Begin a draft with what isn't an option, checked, and the plan's timeout."""
        limit = self._plan.max_body_bytes
        if len(body) > limit:
            raise TooLargeError(f"quota maxMessageSize exceeded, current limit: {limit}")
        return Draft(
            body=body, caller_ip=caller_ip, queue=queue, timeout_ms=self._plan.max_timeout_ms
        )

    def override(self, base: Draft, headers: RequestHeaders) -> Draft:
        """Apply the options that are present, and leave the rest as they are."""
        method = headers.get("upstash-method")
        retries = headers.get("upstash-retries")
        retry_delay = headers.get("upstash-retry-delay")
        timeout = headers.get("upstash-timeout")
        label = headers.get("upstash-label")
        redact = headers.get("upstash-redact-fields")
        flow_control = read_flow_control(
            headers.get("upstash-flow-control-key"),
            headers.get("upstash-flow-control-value"),
            queue=base.queue,
        )
        return replace(
            base,
            method=base.method if method is None else read_method(method),
            headers={**base.headers, **_delivered_headers(headers)},
            max_retries=base.max_retries if retries is None else read_retries(retries, self._plan),
            retry_delay=base.retry_delay if retry_delay is None else _retry_delay(retry_delay),
            timeout_ms=base.timeout_ms if timeout is None else read_timeout(timeout, self._plan),
            labels=base.labels if label is None else read_labels(label),
            redaction=base.redaction if redact is None else read_redaction(redact),
            callback=self._hook(base.callback, headers, "upstash-callback"),
            failure_callback=self._hook(base.failure_callback, headers, "upstash-failure-callback"),
            flow_control=flow_control or base.flow_control,
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
            check_delay(at_ms - now_ms, self._plan)
            return max(now_ms, at_ms)
        return now_ms + self.delay_ms(headers)

    def delay_ms(self, headers: RequestHeaders) -> int:
        """Read `Upstash-Delay` at this server's pace, 0 if absent."""
        text = headers.get("upstash-delay")
        if text is None:
            return 0
        delay = parse_duration_ms(text)
        check_delay(delay, self._plan)
        return self._pace.scaled(delay)

    def _hook(self, base: Hook | None, headers: RequestHeaders, name: str) -> Hook | None:
        """Read a callback: a new one, or the base's with the options that are given."""
        url = headers.get(name)
        options = headers.under(f"{name}-")
        if url is None and not options:
            return base
        if headers.get(f"{name}-delay") is not None:
            raise BadRequestError(f"unsupported: {name}-delay, callbacks can't be delayed")
        if url is not None:
            base = Hook(url=self._callback_url(url, name))
        if base is None:
            raise BadRequestError(f"{name} is missing, its options alone mean nothing")
        method = _optional(headers, f"{name}-method", read_method)
        retries = _optional(headers, f"{name}-retries", lambda text: read_retries(text, self._plan))
        timeout = _optional(headers, f"{name}-timeout", lambda text: read_timeout(text, self._plan))
        forwarded = _without_hop_by_hop(headers.under(f"{name}-forward-"))
        return Hook(
            url=base.url,
            method=base.method if method is None else method,
            headers={**base.headers, **forwarded},
            retries=base.retries if retries is None else retries,
            retry_delay=_optional(headers, f"{name}-retry-delay", _retry_delay) or base.retry_delay,
            timeout_ms=base.timeout_ms if timeout is None else timeout,
            options={**base.options, **options},
        )

    def _callback_url(self, text: str, name: str) -> str:
        url = read_text(text, name=name)
        try:
            self._destinations.check(url)
        except BadRequestError as error:
            raise BadRequestError(f"{name}: {error.message}") from error
        return url


def _optional(headers: RequestHeaders, name: str, read: Callable[[str], _T]) -> _T | None:
    text = headers.get(name)
    return None if text is None else read(text)


def _retry_delay(text: str) -> str:
    return parse_retry_expression(text).text


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
