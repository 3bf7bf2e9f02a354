"""The ``Publisher`` port on QStash: one bounded batch request over one kept-alive connection.

The vendor's SDK waits up to 600 s, takes half a minute to report a refused connection, retries no
5xx, and loses the ids of a whole batch when one item fails. Here every wait is seconds, every
message carries its event id as deduplication id so that a repetition is harmless, and each item's
result is looked at.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

from shared.adapters.qstash_flow_control import flow_key, flow_value
from shared.kernel import strict_json
from shared.kernel.clock import Clock
from shared.kernel.errors import PermanentError, PublishError
from shared.messaging.outbox import Outbound

CALLBACK_RETRIES = 5
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_ATTEMPTS = 3
_FIRST_PAUSE = 0.1
_TIMEOUT = urllib3.Timeout(connect=1.0, read=3.0)
_CONNECT_TIMEOUT = urllib3.Timeout(connect=1.0, read=1.0)


@dataclass(frozen=True, slots=True)
class PublisherOptions:
    """How messages are addressed.

    Args:
        url: base address of QStash.
        token: bearer token; never logged.
        destinations: topic to the address of its consumer, from configuration only (S13).
        failure_callback: where QStash reports what it gave up on.
        label: marks our messages in QStash's own logs and dead letters, and begins their
            flow-control keys.
        parallelism: topic to the most deliveries at once; a topic that is not named has no limit.
        max_retry_delay_ms: cap of the 1 s, 2 s, 4 s … backoff.
    """

    url: str
    token: str
    destinations: Mapping[str, str]
    failure_callback: str
    label: str
    parallelism: Mapping[str, int] = field(default_factory=dict)
    max_retry_delay_ms: int = 60_000

    def __repr__(self) -> str:
        """Never the token."""
        return f"PublisherOptions(url={self.url!r})"


def headers_of(message: Outbound, options: PublisherOptions) -> dict[str, str]:
    """The exact headers of one message: configured values and validated ids, nothing else (S12)."""
    backoff = f"min({options.max_retry_delay_ms}, 1000 * pow(2, retried))"
    headers = {
        "Content-Type": "application/json",
        "Upstash-Method": "POST",
        "Upstash-Deduplication-Id": _deduplication_id(message),
        "Upstash-Retries": str(message.retries),
        "Upstash-Retry-Delay": backoff,
        "Upstash-Failure-Callback": options.failure_callback,
        # A message of its own; left to QStash's default it would wait half an hour between tries.
        "Upstash-Failure-Callback-Retries": str(CALLBACK_RETRIES),
        "Upstash-Failure-Callback-Retry-Delay": backoff,
        "Upstash-Label": options.label,
        "Upstash-Forward-X-Event-Type": message.event_type,
        "Upstash-Forward-X-Event-ID": message.event_id,
        "Upstash-Forward-X-Event-Version": message.version,
        "Upstash-Forward-X-Event-Source": message.source,
    }
    # The failure callback has none: QStash documents no such option for callbacks. The analytics
    # function keeps places free for them.
    if (places := options.parallelism.get(message.topic)) is not None:
        headers["Upstash-Flow-Control-Key"] = flow_key(options.label, message.topic)
        headers["Upstash-Flow-Control-Value"] = flow_value(places)
    if message.correlation_id is not None:
        headers["Upstash-Forward-X-Correlation-ID"] = message.correlation_id
    if message.delay is not None:
        headers["Upstash-Delay"] = f"{message.delay}s"
    return headers


def _deduplication_id(message: Outbound) -> str:
    """What QStash takes: it refuses a colon, and says of no other character what becomes of it.

    Ids of events may hold more. Such a one goes by its digest: the same id always by the same.
    """
    known = message.deduplication_id or message.event_id
    if _PLAIN.fullmatch(known):
        return known
    return hashlib.sha256(known.encode()).hexdigest()


class QStashPublisher:
    """Publishes to QStash.

    Args:
        pool: a urllib3 pool manager, shared for the life of the process.
        on_failure: told of every request that did not succeed, for the metric.
    """

    def __init__(
        self,
        pool: urllib3.PoolManager,
        options: PublisherOptions,
        clock: Clock,
        *,
        jitter: Callable[[], float],
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self._pool, self._options, self._clock = pool, options, clock
        self._jitter, self._on_failure = jitter, on_failure

    def connect(self) -> None:
        """Open the connection that the first publish would open; what is answered does not matter.

        Raises:
            HTTPError: QStash did not answer; the first publish finds out for itself.
        """
        # No token: nothing is asked for that would need one.
        self._pool.request(
            "HEAD", self._options.url, timeout=_CONNECT_TIMEOUT, retries=False, redirect=False
        )

    def publish(self, messages: Sequence[Outbound]) -> None:
        """Hand over all messages in one request; what failed is tried again, briefly.

        Raises:
            PublishError: some were not accepted in the time there is.
        """
        left, problem = list(messages), ""
        for attempt in range(_ATTEMPTS):
            if not left:
                return
            if attempt:
                self._clock.sleep(_FIRST_PAUSE * 4 ** (attempt - 1) * (0.5 + self._jitter()))
            left, problem, final = self._send(left)
            if final:
                break
        if left:
            ids = ", ".join(message.event_id for message in left[:5])
            raise PublishError(f"QStash accepted not all of {len(messages)}: {ids}: {problem}")

    def _send(self, messages: list[Outbound]) -> tuple[list[Outbound], str, bool]:
        """One request: what is left, why, and whether trying again is pointless."""
        body = json.dumps(
            [
                {
                    "destination": self._options.destinations[message.topic],
                    "headers": headers_of(message, self._options),
                    "body": message.body,
                }
                for message in messages
            ]
        ).encode()
        try:
            answer = self._pool.request(
                "POST",
                f"{self._options.url.rstrip('/')}/v2/batch",
                body=body,
                headers={
                    "Authorization": f"Bearer {self._options.token}",
                    "Content-Type": "application/json",
                },
                timeout=_TIMEOUT,
                retries=False,
                redirect=False,
            )
        except HTTPError as error:
            self._on_failure()
            return messages, type(error).__name__, False
        if not 200 <= answer.status < 300:
            self._on_failure()
            retryable = answer.status >= 500 or answer.status == 429
            return messages, f"HTTP {answer.status}", not retryable
        return self._unaccepted(messages, answer.data)

    def _unaccepted(
        self, messages: list[Outbound], data: bytes
    ) -> tuple[list[Outbound], str, bool]:
        results = _results(data)
        if len(results) != len(messages):
            self._on_failure()
            return messages, "the answer does not match the batch", False
        left = [
            message
            for message, result in zip(messages, results, strict=True)
            if not (isinstance(result, dict) and result.get("messageId"))
        ]
        if left:
            self._on_failure()
        return left, "refused by QStash" if left else "", False


def _results(data: bytes) -> list[Any]:
    try:
        results = strict_json.loads(data, max_bytes=4_000_000)
    except PermanentError:
        return []
    return results if isinstance(results, list) else []
