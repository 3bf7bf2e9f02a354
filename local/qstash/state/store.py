"""Everything the server remembers, as tables over one journal."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from local.qstash.model.dedup import WINDOW_MS, Sighting
from local.qstash.model.drafts import FlowControl
from local.qstash.model.flow_control import FlowKey
from local.qstash.model.messages import Message
from local.qstash.model.plans import PAYG
from local.qstash.model.queue import Queue
from local.qstash.signing import SigningKeys
from local.qstash.state.journal import FileJournal, Journal, NoJournal
from local.qstash.state.records import (
    Delivery,
    Progress,
    UrlGroup,
    decode_dead_letter,
    decode_log_entry,
    decode_message,
    decode_progress,
    decode_schedule,
    encode_dead_letter,
    encode_log_entry,
    encode_message,
    encode_progress,
    encode_schedule,
)
from local.qstash.state.tables import Log, Restorable, Table

FINISHED_KEPT = 10_000
LOG_CAPACITY = 60_000
DELIVERY_CAPACITY = 20_000
# A finished message stays readable for as long as a duplicate may still point to it.
FINISHED_VISIBLE_MS = WINDOW_MS


class Store:
    """The state of the server. Messages change through `save`, all else through its table."""

    def __init__(
        self,
        journal: Journal,
        first_keys: SigningKeys,
        *,
        dead_letter_retention_ms: int = PAYG.dead_letter_retention_ms,
    ) -> None:
        self._dead_letter_retention_ms = dead_letter_retention_ms
        self._journal = journal
        self._first_keys = first_keys
        self._messages = Table("message", journal, encode=encode_message, decode=decode_message)
        self._progress = Table("progress", journal, encode=encode_progress, decode=decode_progress)
        self._keys = Table("keys", journal, encode=asdict, decode=lambda r: SigningKeys(**r))
        self.sightings = Table("dedup", journal, encode=asdict, decode=lambda r: Sighting(**r))
        self.dead_letters = Table(
            "dlq", journal, encode=encode_dead_letter, decode=decode_dead_letter
        )
        self.queues = Table("queue", journal, encode=asdict, decode=lambda r: Queue(**r))
        self.groups = Table("group", journal, encode=asdict, decode=lambda r: UrlGroup(**r))
        self.schedules = Table("schedule", journal, encode=encode_schedule, decode=decode_schedule)
        self._flow_keys = Table(
            "flow", journal, encode=FlowKey.settings, decode=lambda r: FlowKey(**r)
        )
        self.log = Log(
            "log", journal, encode=encode_log_entry, decode=decode_log_entry, capacity=LOG_CAPACITY
        )
        self.deliveries = Log(
            "delivery",
            journal,
            encode=asdict,
            decode=lambda r: Delivery(**r),
            capacity=DELIVERY_CAPACITY,
        )
        self._tables: list[Restorable] = [
            self._messages, self._progress, self._keys, self.sightings, self.dead_letters, self.queues,
            self.groups, self.schedules, self._flow_keys, self.log, self.deliveries,
        ]  # fmt: skip
        self._finished: deque[str] = deque()
        self._sequence = 0

    @classmethod
    def open(
        cls,
        path: Path | None,
        first_keys: SigningKeys,
        *,
        dead_letter_retention_ms: int = PAYG.dead_letter_retention_ms,
    ) -> Store:
        """Start empty, or with what a state file holds; `first_keys` yield to rotated ones."""
        if path is None:
            return cls(NoJournal(), first_keys, dead_letter_retention_ms=dead_letter_retention_ms)
        journal = FileJournal(path)
        store = cls(journal, first_keys, dead_letter_retention_ms=dead_letter_retention_ms)
        tables = {table.name: table for table in store._tables}
        for name, key, record in journal.read():
            tables[name].replay(key, record)
        store._rebuild()
        journal.compact(operation for table in store._tables for operation in table.snapshot())
        return store

    @property
    def keys(self) -> SigningKeys:
        """The signing keys in force."""
        return self._keys.get("keys") or self._first_keys

    def replace_keys(self, keys: SigningKeys) -> None:
        """Put new signing keys in force."""
        self._keys.put("keys", keys)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Record all changes inside as one: a crash keeps all or none of them."""
        with self._journal.batch():
            yield

    def next_sequence(self) -> int:
        """Number the next message; order in queues and lists follows it."""
        self._sequence += 1
        return self._sequence

    def insert(self, message: Message) -> None:
        """Accept a new message."""
        self._messages.put(message.id, message)

    def save(self, message: Message) -> None:
        """Record a change in a message's progress, and forget the oldest finished messages beyond the limit."""
        self._progress.put(message.id, Progress.of(message))
        if message.finished:
            self._finished.append(message.id)
            while len(self._finished) > FINISHED_KEPT:
                oldest = self._finished.popleft()
                self._messages.delete(oldest)
                self._progress.delete(oldest)

    def message(self, message_id: str) -> Message | None:
        """Return a message, in whatever state."""
        return self._messages.get(message_id)

    def unfinished(self) -> list[Message]:
        """Return every message that something can still happen to, oldest first."""
        return [message for message in self._messages if not message.finished]

    def flow_key(self, key: str) -> FlowKey:
        """Return the state of a flow-control key, which exists as soon as a request names it."""
        existing = self._flow_keys.get(key)
        if existing is None:
            existing = FlowKey(key)
            self._flow_keys.put(key, existing)
        return existing

    def flow_keys(self) -> list[FlowKey]:
        """Return every flow-control key that a request named."""
        return list(self._flow_keys)

    def known_flow_key(self, key: str) -> FlowKey | None:
        """Return a flow-control key that a request named, None if none did."""
        return self._flow_keys.get(key)

    def save_flow_key(self, state: FlowKey) -> None:
        """Record changed limits, pins or pause."""
        self._flow_keys.put(state.key, state)

    def adopt_limits(self, limits: FlowControl) -> None:
        """Let a new message's limits take effect for its key."""
        state = self.flow_key(limits.key)
        before = state.settings()
        state.adopt(limits)
        if state.settings() != before:
            self.save_flow_key(state)

    def queue(self, name: str) -> Queue:
        """Return a queue's settings, the defaults for one that doesn't exist (any more)."""
        return self.queues.get(name) or Queue(name)

    def sweep(self, now_ms: int) -> None:
        """Forget what has expired: deduplication keys and old dead letters."""
        for key, sighting in self.sightings.items():
            if sighting.covers(now_ms):
                break  # in order of time: all that follow are younger
            self.sightings.delete(key)
        for letter in self.dead_letters:
            if now_ms - letter.failed_ms <= self._dead_letter_retention_ms:
                break
            self.dead_letters.delete(letter.id)

    def reset(self) -> None:
        """Forget everything, rotated keys included."""
        for table in self._tables:
            table.clear()
        self._finished.clear()
        if isinstance(self._journal, FileJournal):
            self._journal.compact([])

    def close(self) -> None:
        """Let go of the state file."""
        if isinstance(self._journal, FileJournal):
            self._journal.close()

    def _rebuild(self) -> None:
        # An attempt in the middle of which the old process ended was never recorded: it starts over.
        for message in self._messages:
            progress = self._progress.get(message.id)
            if progress is not None:
                progress.apply(message)
            self._sequence = max(self._sequence, message.sequence)
        done = sorted((m for m in self._messages if m.finished), key=lambda m: m.finished_ms)
        self._finished.extend(message.id for message in done)
