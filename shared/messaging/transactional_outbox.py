"""Commit, publish, finish: how a decision becomes durable and how its events leave. Only here (I7).

1. **Commit**: one transaction stores what was decided and the ledger record, which holds the events
   that the decision emits.
2. **Publish**: QStash takes these events, all in one request.
3. **Finish**: the record is marked as published.

The process may die between any two steps, and the order is the promise. Before the commit nothing
happened. After it the record says what is owed: the next delivery publishes it, or the reconciler,
with the same ids, and QStash recognises what it has already. A record that was finished first would
owe its events to no one.
"""

from collections.abc import Callable, Sequence
from functools import partial

from shared.contracts.envelope import Event
from shared.kernel.clock import Clock, iso
from shared.kernel.errors import ContentionError, UnreadableRowError
from shared.messaging.contention import Wait, at_once, never, retry_contention
from shared.messaging.effects import Effects
from shared.messaging.ledger import Ledger, Record, State
from shared.messaging.outbox import Outbound
from shared.messaging.ports import Publisher
from shared.storage.ports import Tables
from shared.storage.readable import read_rows
from shared.storage.schema import LEDGER
from shared.storage.writes import ConditionsFailed, Equals, Item, Update

MAX_DECISIONS = 8


def _not_reported(_message: Outbound) -> None:
    """What a caller says of a published message that has nothing to say."""


def _overdue(item: Item) -> tuple[Record, str]:
    return Record.from_item(item), str(item["committedAt"])


class PendingOutbox:
    """The events that committed records still owe, whichever consumer committed them."""

    def __init__(self, tables: Tables, publisher: Publisher, clock: Clock) -> None:
        self._tables, self._publisher, self._clock = tables, publisher, clock

    def overdue(
        self, shard: int, before: str, limit: int
    ) -> list[tuple[Record, str] | UnreadableRowError]:
        """Committed records of a shard whose events may not have left, oldest first, and since when;
        in the place of one that cannot be read, why.

        From an index, which may lag: a record in it may be done by now, and publishing it again
        changes nothing.

        Args:
            before: only what was committed before this moment (ISO-8601).

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(LEDGER.name, str(shard), index="pending", limit=limit)
        due = [item for item in items if str(item["committedAt"]) <= before]
        return list(read_rows(LEDGER.name, due, _overdue))

    def publish(
        self,
        records: Sequence[Record],
        *,
        published: Callable[[Outbound], None] = _not_reported,
        wait: Wait = never,
    ) -> int:
        """Publish what the records owe, in one request, and then finish them.

        Args:
            published: told of every message once QStash has taken all.
            wait: how long another run may be in the way of finishing.

        Returns:
            How many messages were published.

        Raises:
            PublishError: QStash did not take all of them; no record is finished, and publishing
                again is harmless.
            ContentionError, DependencyError: they left, but not every record is finished; a later
                run publishes the same ids again and finishes it.
        """
        owing = [record for record in records if record.state is State.COMMITTED]
        messages = [message for record in owing for message in record.outbox]
        if messages:
            self._publisher.publish(messages)
        for message in messages:
            published(message)
        for record in owing:
            retry_contention(partial(self._finish, record), wait=wait)
        return len(messages)

    def _finish(self, record: Record, _try: int) -> None:
        """Its events were published: the record leaves the pending index."""
        done = Update(
            LEDGER.name,
            {"id": record.key},
            set={"state": State.DONE.value, "doneAt": iso(self._clock.now())},
            remove=("pendingShard",),
            when=(Equals("state", State.COMMITTED.value),),
        )
        try:
            self._tables.transact([done])
        except ConditionsFailed:
            return  # another run finished it; both published the same ids


class TransactionalOutbox:
    """One consumer's decisions, each committed once and published."""

    def __init__(
        self, tables: Tables, publisher: Publisher, clock: Clock, *, consumer: str
    ) -> None:
        self._ledger = Ledger(tables, clock, consumer=consumer)
        self._pending = PendingOutbox(tables, publisher, clock)

    def commit(
        self, event: Event, effects: Effects, *, attempt: int = 1, wait: Wait = never
    ) -> Record:
        """Store the effects and the record together.

        Args:
            attempt: number of the delivery, or of the try; kept in the record.
            wait: how long other writers may be in the way of the same decision.

        Raises:
            AlreadyRecordedError: the event was committed before; nothing was stored now.
            EventIdReusedError: another event was committed under this id; nothing was stored now.
            ConditionsFailed: the world changed since the decision; nothing was stored.
            ContentionError: other writers were in the way; nothing was stored.
            DependencyError: the store did not answer; it may or may not be stored.
        """
        return retry_contention(
            lambda _: self._ledger.commit(event, effects, attempt=attempt), wait=wait
        )

    def decide_and_commit(
        self,
        event: Event,
        decide: Callable[[], Effects],
        *,
        attempt: int = 1,
        wait: Wait = never,
    ) -> tuple[Record, Effects]:
        """Decide, and decide again on the new facts while the world changes before the commit.

        Returns:
            The record, and the decision that it holds.

        Raises:
            AlreadyRecordedError: the event was committed before; nothing was stored now.
            EventIdReusedError: another event was committed under this id; nothing was stored now.
            ContentionError: other writers were in the way; nothing was stored.
            DependencyError: the store did not answer; it may or may not be stored.
            PipelineError: what ``decide`` raises.
        """

        def once(_number: int) -> tuple[Record, Effects]:
            effects = decide()
            return self.commit(event, effects, attempt=attempt, wait=wait), effects

        try:
            return retry_contention(once, wait=at_once, tries=MAX_DECISIONS, on=(ConditionsFailed,))
        except ConditionsFailed:
            raise ContentionError("the decision kept being overtaken") from None

    def publish(
        self,
        records: Sequence[Record],
        *,
        published: Callable[[Outbound], None] = _not_reported,
        wait: Wait = never,
    ) -> int:
        """As :meth:`PendingOutbox.publish`."""
        return self._pending.publish(records, published=published, wait=wait)

    def find(self, event_id: str) -> Record | None:
        """What is recorded of an event, if anything.

        Raises:
            DependencyError: the store did not answer.
        """
        return self._ledger.find(event_id)

    def recall(self, event: Event) -> None:
        """Nothing, if the event was never committed.

        Raises:
            AlreadyRecordedError: it was.
            EventIdReusedError: another event was committed under its id.
            DependencyError: the store did not answer.
        """
        self._ledger.recall(event)
