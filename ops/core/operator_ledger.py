"""Committing a deed with its ledger record, and publishing what it emits: what functions do with
``shared.messaging.ledger``, from an operator's machine.

The machine may die at any point: before the commit nothing happened, after it the outbox is
durable, and the reconciler publishes what stays there.
"""

from collections.abc import Callable, Iterator, Sequence

from shared.contracts.envelope import Event
from shared.contracts.sources import API
from shared.kernel.clock import Clock
from shared.kernel.errors import PipelineError
from shared.messaging.effects import Effects
from shared.messaging.ledger import Ledger, Record, State
from shared.messaging.ports import Publisher
from shared.storage.ports import Tables

CONSUMER = "operator"
MAX_ATTEMPTS = 8
_WAIT = 0.05
_MAX_WAIT = 1.0


class Books:
    """The ledger of operators.

    Args:
        jitter: a number from 0 to 1, fresh each time, to spread retries of contending writers.
    """

    def __init__(
        self, tables: Tables, publisher: Publisher, clock: Clock, *, jitter: Callable[[], float]
    ) -> None:
        self._publisher, self._clock, self._jitter = publisher, clock, jitter
        self._ledger = Ledger(tables, clock, consumer=CONSUMER)

    def attempts(self) -> Iterator[int]:
        """Numbers of the attempts that a contended decision is worth; waits between them."""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            if attempt > 1:
                wait = min(_WAIT * 2 ** (attempt - 2), _MAX_WAIT)
                self._clock.sleep(wait * (0.5 + self._jitter()))
            yield attempt

    def find(self, event_id: str) -> Record | None:
        """What is recorded under this name, if anything.

        Raises:
            DependencyError: the store did not answer.
        """
        return self._ledger.find(event_id)

    def commit(
        self, event_id: str, kind: str, effects: Effects, *, attempt: int, correlation_id: str
    ) -> Record:
        """Store the effects and the record together.

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
            payload={},
        )
        return self._ledger.commit(cause, effects, attempt=attempt)

    def publish(self, records: Sequence[Record]) -> PipelineError | None:
        """Publish what the records still owe, in one request; why that failed, if it did.

        A failure is told, not raised: what was done is done, and the reconciler carries on.
        """
        owing = [record for record in records if record.state is State.COMMITTED]
        try:
            if owing:
                self._publisher.publish([m for record in owing for m in record.outbox])
            for record in owing:
                self._ledger.finish(record)
        except PipelineError as error:
            return error
        return None
