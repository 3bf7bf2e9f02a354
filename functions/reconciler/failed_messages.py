"""QStash's dead letter entries as reports of failed events.

An entry may itself be a failure callback that could not be delivered: then it reports the message
inside.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from shared.adapters.qstash_dlq import body_of
from shared.contracts.analytics import DeadLetterReported
from shared.kernel.errors import PermanentError, UnreadableRowError
from shared.kernel.ids import is_id
from shared.messaging.dead_letters.answers import LastAnswer
from shared.messaging.dead_letters.dead_letter import original_of
from shared.messaging.dead_letters.failure_callback import decode
from shared.messaging.dead_letters.qstash_values import count_of, status_of, times_of
from shared.messaging.dead_letters.report import FailedMessage, event_type_of, report_of
from shared.messaging.http import NON_RETRYABLE

# Per run. Another application's entries may lie above ours in the same queue.
MOST_LOOKED_AT = 1000


class Queue(Protocol):
    """The dead letter queue as QStash offers it; ``QStashDeadLetterQueue`` is one."""

    def entries(self, most: int) -> Iterator[Mapping[str, Any]]:
        """Entries, newest first.

        Raises:
            DependencyError: QStash did not answer.
        """
        ...

    def remove(self, entry: str) -> None:
        """Remove an entry.

        Raises:
            DependencyError: QStash did not answer.
        """
        ...


class QStashFailedMessages:
    """The failed messages that are ours.

    Args:
        addresses: the configured addresses of our topics; entries for others are left alone.
        callbacks: the configured addresses of our failure callback.
        now: the current moment.
    """

    def __init__(
        self,
        queue: Queue,
        *,
        addresses: frozenset[str],
        callbacks: frozenset[str],
        now: Callable[[], datetime],
    ) -> None:
        self._queue, self._addresses = queue, addresses
        self._callbacks, self._now = callbacks, now

    def fetch(self, limit: int) -> Sequence[tuple[str, DeadLetterReported | UnreadableRowError]]:
        """Entries of ours, each as a report; why, in the place of one that cannot be one.

        Raises:
            DependencyError: QStash did not answer.
        """
        reports: list[tuple[str, DeadLetterReported | UnreadableRowError]] = []
        readable = 0
        for entry in self._queue.entries(MOST_LOOKED_AT):
            # What cannot be read stays in the queue, and must not take a place from what can.
            if readable >= limit:
                break
            report = self._read(entry)
            if report is not None:
                reports.append((str(entry.get("dlqId")), report))
                readable += not isinstance(report, UnreadableRowError)
        return reports

    def _read(self, entry: Mapping[str, Any]) -> DeadLetterReported | UnreadableRowError | None:
        try:
            return self._report(entry)
        except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
            key = str(entry.get("dlqId"))[:64]
            return UnreadableRowError("QStash's dead letter queue", key, type(error).__name__)

    def forget(self, entry: str) -> None:
        """Remove an entry.

        Raises:
            DependencyError: QStash did not answer.
        """
        self._queue.remove(entry)

    def _report(self, entry: Mapping[str, Any]) -> DeadLetterReported | None:
        now, url = self._now(), entry.get("url")
        if not isinstance(url, str) or url not in self._callbacks | self._addresses:
            return None
        if not is_id(entry.get("dlqId")) or not is_id(entry.get("messageId")):
            raise ValueError("it has no ids")
        if url in self._callbacks:
            try:
                return decode(body_of(entry, "body", "bodyBase64"), now=now)
            except PermanentError:
                return pulled(entry, now=now)  # not a callback after all: keep it as what it is
        return pulled(entry, now=now)


def pulled(entry: Mapping[str, Any], *, now: datetime) -> DeadLetterReported:
    """The report of one entry; the same event id as the callback for the same message has."""
    original = original_of(body_of(entry, "body", "bodyBase64"))
    answer_body = body_of(entry, "responseBody", "responseBodyBase64")
    answer = LastAnswer.of(status_of(entry.get("responseStatus")), answer_body)
    times = times_of(entry, now=now)
    failed = FailedMessage(
        message_id=str(entry["messageId"]),
        dlq_id=str(entry["dlqId"]),
        original=original,
        event_type=event_type_of(original, entry.get("header")),
        answer=answer,
        answer_body=answer_body,
        retried=_retried(entry, answer),
        times=times,
    )
    failed_at = times.failed_at or times.published_at or now
    return report_of(failed, reported_by="pull", failed_at=failed_at, at=failed_at)


def _retried(entry: Mapping[str, Any], answer: LastAnswer) -> int:
    """Deliveries after the first.

    Where QStash does not say: a message that it gave up on has used all its retries, except one
    that was refused for good; that one had at least one delivery.
    """
    if "retried" in entry:
        return count_of(entry["retried"])
    return 0 if answer.status == NON_RETRYABLE else count_of(entry.get("maxRetries"))
