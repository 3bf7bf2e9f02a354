"""The ledger of operators: what they decide is committed and published as the functions do it.

The machine may die at any point: before the commit nothing happened, after it the record says what
is to be published, and the reconciler publishes what the machine did not.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from shared.contracts.envelope import Event
from shared.contracts.sources import API
from shared.contracts.trace import own_trace
from shared.kernel.clock import Clock
from shared.kernel.errors import ContentionError, PipelineError
from shared.messaging.contention import Backoff, retry_contention
from shared.messaging.effects import Effects
from shared.messaging.ledger import Record
from shared.messaging.ports import Publisher
from shared.messaging.transactional_outbox import TransactionalOutbox
from shared.storage.ports import Tables
from shared.storage.writes import ConditionsFailed

T = TypeVar("T")

CONSUMER = "operator"
MAX_ATTEMPTS = 8
_FIRST_WAIT = 0.05
_LONGEST_WAIT = 1.0


class OperatorLedger:
    """The ledger of operators.

    Args:
        jitter: a number from 0 to 1, fresh each time, to spread retries of contending writers.
    """

    def __init__(
        self, tables: Tables, publisher: Publisher, clock: Clock, *, jitter: Callable[[], float]
    ) -> None:
        self._clock = clock
        self._outbox = TransactionalOutbox(tables, publisher, clock, consumer=CONSUMER)
        self._backoff = Backoff(clock, jitter, first=_FIRST_WAIT, longest=_LONGEST_WAIT)

    def retry_contention(
        self,
        attempt: Callable[[int], T],
        *,
        gave_up: str,
        also_on: tuple[type[Exception], ...] = (),
    ) -> T:
        """Look, decide and commit, again while others are in the way; the attempt's result.

        Args:
            attempt: is given its number, from 1. It must look at the tables afresh each time.
            gave_up: what to say when others were in the way of the last attempt, too.
            also_on: further exceptions that say so, beside the two of the store.

        Raises:
            ContentionError: others were in the way of every attempt.
        """
        on: tuple[type[Exception], ...] = (ConditionsFailed, ContentionError, *also_on)
        try:
            return retry_contention(attempt, wait=self._backoff, tries=MAX_ATTEMPTS, on=on)
        except on:
            raise ContentionError(gave_up) from None

    def find(self, event_id: str) -> Record | None:
        """What is recorded under this name, if anything.

        Raises:
            DependencyError: the store did not answer.
        """
        return self._outbox.find(event_id)

    def commit(
        self,
        event_id: str,
        kind: str,
        effects: Effects,
        *,
        attempt: int,
        correlation_id: str = "",
        order_id: str = "",
    ) -> Record:
        """Store the effects and the record together.

        Args:
            correlation_id: what the events that follow name; without one, this record's own id.
            order_id: the order that this is done for; it belongs to that order's trace.

        Raises:
            AlreadyRecordedError: this was committed before; carries what was recorded.
            ConditionsFailed: the world changed since the decision; nothing was stored.
            ContentionError: other writers were in the way; nothing was stored.
            DependencyError: the store did not answer; it may or may not be stored.
        """
        cause = Event(
            event_id=event_id,
            event_type=f"operator.{kind}",
            timestamp=self._clock.now(),
            source=API,
            correlation_id=correlation_id or event_id,
            trace_id=order_id or own_trace(event_id),
            payload={},
        )
        return self._outbox.commit(cause, effects, attempt=attempt)

    def publish(self, records: Sequence[Record]) -> PipelineError | None:
        """Publish what the records still owe, in one request; why that failed, if it did.

        A failure is told, not raised: what was done is done, and the reconciler carries on.
        """
        try:
            self._outbox.publish(records)
        except PipelineError as error:
            return error
        return None
