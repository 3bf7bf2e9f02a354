"""The ledger: durable dedup, outbox and trace as one record per consumer and event.

It is written in the same transaction as the business rows, on the condition that it is not there
yet. The run that loses that race reads what the winner decided: ``committed`` means the events it
emits may not have left yet, ``done`` that they have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import cast

from shared.contracts.content import digest_of, may_be_same
from shared.contracts.envelope import Event
from shared.contracts.trace import named_correlation, trace_of
from shared.kernel.clock import Clock, iso
from shared.kernel.errors import EventIdReusedError
from shared.messaging.effects import Effects
from shared.messaging.outbox import Outbound
from shared.storage.ports import Tables
from shared.storage.schema import LEDGER, NAMED_CORRELATION, TRACE_KEY, shard_of
from shared.storage.size import check_fits
from shared.storage.writes import Absent, ConditionsFailed, Item, Put, Value

# Longer than all retries, the time that QStash keeps a dead letter (seven days on the plan that
# charges by use) and a late replay together.
RETENTION = timedelta(days=30)


class State(StrEnum):
    """How far an event got."""

    COMMITTED = "committed"
    DONE = "done"


def is_done(record: Mapping[str, object]) -> bool:
    """Whether everything that a record's event caused was published."""
    return record.get("state") == State.DONE.value


@dataclass(frozen=True, slots=True)
class Record:
    """What the ledger knows of an event.

    Args:
        content: digest of what the event says (``shared.contracts.content``); None in records from before
            there were any.
    """

    key: str
    state: State
    outbox: tuple[Outbound, ...]
    outcome: str
    content: str | None = None

    @classmethod
    def from_item(cls, item: Item) -> "Record":
        """As stored."""
        entries = cast("Sequence[Item]", item.get("outbox") or ())
        return cls(
            key=str(item["id"]),
            state=State(str(item["state"])),
            outbox=tuple(Outbound.from_item(entry) for entry in entries),
            outcome=str(item["outcome"]),
            content=None if item.get("content") is None else str(item["content"]),
        )


class AlreadyRecordedError(Exception):
    """The event was committed before, by this or another run; carries what was recorded."""

    def __init__(self, record: Record) -> None:
        self.record = record
        super().__init__(record.key)


def _known(record: Record, said: str) -> AlreadyRecordedError | EventIdReusedError:
    if may_be_same(record.content, said):
        return AlreadyRecordedError(record)
    return EventIdReusedError()


class Ledger:
    """The ledger of one consumer. Only ``shared.messaging.transactional_outbox`` commits to it."""

    def __init__(self, tables: Tables, clock: Clock, *, consumer: str) -> None:
        self._tables, self._clock, self._consumer = tables, clock, consumer

    def commit(self, event: Event, effects: Effects, *, attempt: int) -> Record:
        """Store the effects and the record together.

        Raises:
            AlreadyRecordedError: the event was committed before; nothing was stored now.
            EventIdReusedError: another event was committed under this id; nothing was stored now.
            ConditionsFailed: the world changed since the decision; nothing was stored. Indexes
                are those of ``effects.writes``.
            ContentionError: other writers were in the way; nothing was stored.
            PayloadTooLargeError: what follows from it fits into no item or message.
            DependencyError: the store did not answer.
        """
        now = self._clock.now()
        emitted = (emit.caused_by(event, index, now) for index, emit in enumerate(effects.emits))
        outbox = (*effects.resends, *emitted)
        said = digest_of(event)
        item = {**self._item(event, effects, outbox, attempt), "content": said}
        check_fits([Put(LEDGER.name, item), *effects.writes])
        try:
            self._tables.transact([Put(LEDGER.name, item, when=(Absent(),)), *effects.writes])
        except ConditionsFailed as refused:
            raise self._translated(refused, event.event_id, said) from None
        return Record.from_item(item)

    def _translated(self, refused: ConditionsFailed, event_id: str, said: str) -> Exception:
        for failure in refused.failures:
            if failure.index == 0:
                item = failure.current or self._tables.get(LEDGER.name, self._key(event_id))
                if item is not None:
                    return _known(Record.from_item(item), said)
        return ConditionsFailed(
            [type(f)(f.index - 1, f.current) for f in refused.failures if f.index > 0]
        )

    def recall(self, event: Event) -> None:
        """Nothing, if the event was never committed.

        Raises:
            AlreadyRecordedError: it was.
            EventIdReusedError: another event was committed under its id.
            DependencyError: the store did not answer.
        """
        if (record := self.find(event.event_id)) is not None:
            raise _known(record, digest_of(event))

    def find(self, event_id: str) -> Record | None:
        """What is recorded of an event, if anything."""
        item = self._tables.get(LEDGER.name, self._key(event_id))
        return None if item is None else Record.from_item(item)

    def _key(self, event_id: str) -> dict[str, str]:
        return {"id": f"{self._consumer}#{event_id}"}

    def _item(
        self, event: Event, effects: Effects, outbox: Sequence[Outbound], attempt: int
    ) -> dict[str, Value]:
        now = self._clock.now()
        trace = effects.order_id or trace_of(event)
        key = self._key(event.event_id)["id"]
        item: dict[str, Value] = {
            "id": key,
            "consumer": self._consumer,
            "eventId": event.event_id,
            "eventType": event.event_type,
            # The trace's own key, whatever its name says: rows from before it had one held the caller's.
            TRACE_KEY: trace,
            "state": (State.COMMITTED if outbox else State.DONE).value,
            "outcome": effects.outcome,
            "attempts": attempt,
            "occurredAt": iso(event.timestamp),
            "committedAt": iso(now),
            "outbox": [message.to_item() for message in outbox],
            "ttl": int((now + RETENTION).timestamp()),
        }
        if (named := named_correlation(event, trace)) is not None:
            item[NAMED_CORRELATION] = named
        if event.causation_id is not None:
            item["causationId"] = event.causation_id
        if outbox:
            item["pendingShard"] = shard_of(key)
        else:
            item["doneAt"] = iso(now)
        return item
