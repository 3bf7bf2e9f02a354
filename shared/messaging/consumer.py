"""The spine: how every delivery is handled, in this order and only here.

raw bytes → verify signature → parse envelope → route by event type → claim → use case → commit →
publish → finish → complete → HTTP answer. A topic's handler is a table from event type to use
case; everything that makes at-least-once delivery safe is below it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shared.contracts.envelope import Event
from shared.contracts.trace import trace_of
from shared.kernel.clock import Clock, Deadline
from shared.kernel.errors import PipelineError, TransientError, UnauthenticatedError
from shared.kernel.ids import is_id
from shared.messaging.delivery_metadata import EventMetadata, get_event_metadata
from shared.messaging.http import (
    NON_RETRYABLE,
    HttpRequest,
    HttpResponse,
    error_body,
    internal_error_response,
)
from shared.messaging.processor import Handled, Processor
from shared.messaging.refusals import SignatureRefusals, facts_of
from shared.messaging.signature import HEADER
from shared.telemetry.ports import Telemetry

NON_RETRYABLE_HEADER = "Upstash-NonRetryable-Error"
_UNAUTHENTICATED = HttpResponse(
    401, {"success": False, "error": {"code": "unauthenticated", "message": "unauthenticated"}}
)

Verify = Callable[[str | None, bytes, Collection[str]], None]


class LambdaContext(Protocol):
    """The part of Lambda's context that the spine uses."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until this invocation is killed."""
        ...


Handler = Callable[[Mapping[str, Any], LambdaContext], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of a function.

    Args:
        urls: the configured spellings of the address; the signature must name one of them.
        decode: bytes of the body to an event.
    """

    urls: frozenset[str]
    decode: Callable[[bytes], Event]


class Consumer:
    """A topic's function: a signed delivery in, an answer for QStash out.

    Args:
        main: the address that events arrive at.
        others: further addresses by their last path segment, such as ``failures``.
        max_retry_after: most seconds that a failed delivery asks QStash to wait.
    """

    def __init__(
        self,
        processor: Processor,
        *,
        main: Endpoint,
        verify: Verify,
        telemetry: Telemetry,
        clock: Clock,
        others: Mapping[str, Endpoint] | None = None,
        max_retry_after: int = 300,
    ) -> None:
        self._processor, self._main, self._verify = processor, main, verify
        self._telemetry, self._others = telemetry, others or {}
        self._refusals = SignatureRefusals(clock)
        self._max_retry_after = max_retry_after

    def __call__(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Lambda's entry: always an HTTP answer, whatever came in."""
        try:
            return self._answer(event, context).to_lambda()
        finally:
            self._refusals.tell(self._telemetry)
            self._telemetry.flush()

    def _answer(self, event: Mapping[str, Any], context: LambdaContext) -> HttpResponse:
        self._telemetry.bind()
        metadata: EventMetadata | None = None
        try:
            request = HttpRequest.from_event(event)
            below = request.path.rstrip("/").rpartition("/")[2]
            endpoint = self._others.get(below, self._main)
            self._verify(request.headers.get(HEADER), request.body, endpoint.urls)
            metadata = get_event_metadata(request)
            message = endpoint.decode(request.body)
            return self._handled(message, metadata, context)
        except PipelineError as error:
            return self._refused(error, metadata)
        except Exception as error:  # noqa: BLE001 - a bug must answer 500 and log no values (S18)
            self._telemetry.failure("Unexpected failure", error)
            self._telemetry.count("UnexpectedFailures")
            return internal_error_response()

    def _handled(
        self, message: Event, metadata: EventMetadata, context: LambdaContext
    ) -> HttpResponse:
        self._telemetry.bind(
            correlation_id=message.correlation_id or message.event_id,
            trace_id=trace_of(message),
            event_id=message.event_id,
            event_type=message.event_type,
            # A header is no part of what was signed.
            message_id=metadata.message_id if is_id(metadata.message_id) else "",
        )
        if message.ignored:
            self._telemetry.warning("Ignored odd diagnostics", reason=", ".join(message.ignored))
        retry = metadata.retry_count
        self._telemetry.info(f"Received {message.event_type} (retry: {retry})", retry=retry)
        deadline = Deadline(lambda: context.get_remaining_time_in_millis() / 1000)
        handled = self._processor.handle(message, attempt=retry + 1, deadline=deadline)
        self._report(message, handled)
        return HttpResponse(
            200,
            {
                "success": True,
                "eventId": message.event_id,
                "eventType": message.event_type,
                "duplicate": handled.duplicate,
            },
        )

    def _report(self, message: Event, handled: Handled) -> None:
        if handled.duplicate:
            self._telemetry.info(f"Skipped duplicate {message.event_type}", outcome=handled.outcome)
            self._telemetry.count("DuplicatesSkipped")
        else:
            self._telemetry.count("EventsHandled")

    def _refused(self, error: PipelineError, metadata: EventMetadata | None) -> HttpResponse:
        if isinstance(error, UnauthenticatedError):
            self._refusals.add(error.cause)
            return _UNAUTHENTICATED
        self._telemetry.warning("Could not handle the delivery", **facts_of(error))
        if isinstance(error, TransientError):
            self._telemetry.count("TransientFailures")
            retries = 0 if metadata is None else metadata.retry_count
            seconds = error.wait(min(retries, 10), self._max_retry_after)
            return HttpResponse(error.status, error_body(error), {"retry-after": str(seconds)})
        self._telemetry.count("PermanentFailures" if not error.retryable else "Failures")
        # QStash retries every other non-2xx, a 400 and a 404 included (QStash: retries).
        if not error.retryable and metadata is not None and metadata.message_id:
            return HttpResponse(NON_RETRYABLE, error_body(error), {NON_RETRYABLE_HEADER: "true"})
        return HttpResponse(error.status, error_body(error))
