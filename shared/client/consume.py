"""Consuming under the names that the shop's programs know.

For a handler of one's own beside this pipeline's functions. Defaults are composed from the
environment and SSM on first use.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

from shared.contracts.topics import Topic
from shared.kernel.clock import SystemClock
from shared.kernel.errors import BusyError, UnauthenticatedError
from shared.kernel.settings import ConsumerSettings
from shared.messaging.claims import Claims, ClaimState
from shared.messaging.consumer import Verify
from shared.messaging.delivery_metadata import EventMetadata, get_event_metadata
from shared.messaging.http import HttpRequest
from shared.messaging.signature import HEADER
from shared.runtime import compose
from shared.telemetry.powertools import PowertoolsTelemetry

T = TypeVar("T")
DEFAULT_LEASE_SECONDS = 30.0

__all__ = [
    "Deduplicated",
    "EventMetadata",
    "get_event_metadata",
    "process_with_deduplication",
    "verify_qstash_signature",
]


@dataclass(frozen=True, slots=True)
class Deduplicated(Generic[T]):
    """What came of an event: ``processed`` is False for a duplicate, which has no result."""

    processed: bool
    result: T | None = None


@cache
def _settings() -> ConsumerSettings:
    return ConsumerSettings.load(os.environ, compose.parameter_reader())


@cache
def _verify() -> Verify:
    return compose.verification(_settings(), os.environ, compose.parameter_reader(), SystemClock())


@cache
def _claims() -> Claims:
    settings = _settings()
    telemetry = PowertoolsTelemetry(
        service="consumer", stage=settings.stage, level=settings.log_level
    )
    return compose.claims(settings, "consumer", SystemClock(), telemetry)


def verify_qstash_signature(
    request: HttpRequest, *, urls: frozenset[str] | None = None, verify: Verify | None = None
) -> None:
    """Accept a delivery that QStash signed for one of our configured addresses.

    Args:
        urls: the addresses this handler is known by; without them those of the topic at the end
            of the request's path, as configured. The request's host is never looked at.

    Raises:
        UnauthenticatedError: with the cause, for the log only.
    """
    if urls is None:
        topic = request.path.rstrip("/").rpartition("/")[2]
        if topic not in [known.value for known in Topic]:
            raise UnauthenticatedError("unknown_path")
        urls = _settings().addresses(topic)
    (verify or _verify())(request.headers.get(HEADER), request.body, urls)


def process_with_deduplication(
    event_id: str,
    processor: Callable[[], T],
    *,
    claims: Claims | None = None,
    lease_seconds: float = DEFAULT_LEASE_SECONDS,
    content: str = "",
) -> Deduplicated[T]:
    """Run a processor unless its event was handled within the dedup window.

    This is the fast path alone: it forgets after the window, and without Redis it runs the
    processor every time: an outage of Redis stops no webhook. What must happen once for ever needs
    the ledger, which this pipeline's own functions commit with their data.

    Args:
        content: digest of what the event says; without it whatever comes under the id is the same.

    Raises:
        BusyError: another run holds the event and is undecided; answer 503, never 2xx.
        Exception: whatever the processor raises; the claim is free again.
    """
    store = claims or _claims()
    claim = store.claim(event_id, lease_seconds=lease_seconds, content=content)
    if claim.state is ClaimState.DONE:
        return Deduplicated(processed=False)
    if claim.state is ClaimState.BUSY:
        raise BusyError("another run holds this event", retry_after=claim.retry_after)
    try:
        result = processor()
    except BaseException:
        if claim.token:
            store.release(event_id, claim.token)
        raise
    if claim.token:
        store.complete(event_id, claim.token, content=content)
    return Deduplicated(processed=True, result=result)
