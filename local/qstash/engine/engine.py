"""The life of messages: the only place that changes their state.

It decides, records and lines up; it opens no socket. `runner` carries out the attempts it hands out.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

from local.qstash.clock import Clock, Random
from local.qstash.engine.callbacks import attempt_report, failure_report
from local.qstash.engine.dispatch import Dispatcher
from local.qstash.errors import NotFoundError, QuotaError
from local.qstash.model.backoff import Pace
from local.qstash.model.dedup import Sighting
from local.qstash.model.drafts import Draft
from local.qstash.model.messages import Delivered, Failed, Message, Outcome, RetryAt, State, decide
from local.qstash.model.plans import PAYG, Plan
from local.qstash.model.queue import Queue
from local.qstash.signing import sign
from local.qstash.state.records import DeadLetter, LogEntry
from local.qstash.state.store import Store

_LOGGED_BODY_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to an accepted publish."""

    message_id: str
    url: str
    deduplicated: bool = False


class Engine:
    """Accepts, starts, concludes, cancels and revives messages."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        random: Random,
        pace: Pace,
        parallelism: int,
        region: str,
        plan: Plan = PAYG,
    ) -> None:
        self.store = store
        self.clock = clock
        self.random = random
        self._pace = pace
        self._region = region
        self._plan = plan
        self.dispatcher = Dispatcher(slots=parallelism, queue=store.queue, flow_key=store.flow_key)
        self.dispatcher.restore(store.unfinished())
        # Ports of the runner: something may be startable; an attempt under way must stop.
        self.wake: Callable[[], None] = lambda: None
        self.abort: Callable[[str], None] = lambda _message_id: None

    def publish(self, draft: Draft, dedup_key: str | None = None) -> Receipt:
        """Accept a message, durably, or recognise it as a duplicate."""
        now = self.clock.now_ms()
        with self.store.batch():
            if dedup_key is not None:
                seen = self.store.sightings.get(dedup_key)
                if seen is not None and seen.covers(now):
                    return Receipt(seen.message_id, draft.url, deduplicated=True)
            message = self._accept(draft, now)
            if dedup_key is not None:
                # Deleted first, so that the table stays in the order of time.
                self.store.sightings.delete(dedup_key)
                self.store.sightings.put(dedup_key, Sighting(message.id, now))
        self.wake()
        return Receipt(message.id, draft.url)

    def take_ready(self) -> list[Message]:
        """Start every message whose time has come and that finds a place."""
        started = self.dispatcher.take(self.clock.now_ms())
        for message in started:
            message.move(State.ACTIVE)
            self._log(message)
        return started

    def delivery_headers(self, message: Message) -> list[tuple[str, str]]:
        """Compose the headers of one request, with a signature of its own by the key that's current now."""
        draft = message.draft
        own = {
            "User-Agent": "Upstash-QStash",
            "Upstash-Message-Id": message.id,
            "Upstash-Retried": str(message.retried),
            "Upstash-Caller-Ip": draft.caller_ip,
            "Upstash-Region": self._region,
            "Upstash-Signature": sign(
                key=self.store.keys.current,
                url=draft.url,
                body=draft.body,
                now_ms=self.clock.now_ms(),
                token_id=self.random.text(22),
            ),
        }
        if draft.topic is not None:
            own["Upstash-Topic-Name"] = draft.topic
        if draft.schedule_id is not None:
            own["Upstash-Schedule-Id"] = draft.schedule_id
        forwarded = [
            (name, value)
            for name, values in draft.headers.items()
            if name not in own
            for value in values
        ]
        return [*own.items(), *forwarded]

    def conclude(self, message: Message, outcome: Outcome) -> None:
        """Take in the outcome of an attempt: done, once more, or dead; and send the reports asked for."""
        if message.finished:
            return  # cancelled while it was under way
        now = self.clock.now_ms()
        with self.store.batch():
            report = attempt_report(message, outcome, now_ms=now)
            if report is not None:
                self._accept(report, now)
            match decide(message, outcome, now_ms=now, pace=self._pace):
                case Delivered():
                    message.move(State.DELIVERED)
                    self._finish(message, now, outcome)
                case RetryAt(at_ms):
                    message.move(State.ERROR)
                    self._log(message, outcome, next_ms=at_ms)
                    message.move(State.RETRY)
                    message.retried += 1
                    message.next_ms = at_ms
                    self._log(message, next_ms=at_ms)
                    self.store.save(message)
                    self.dispatcher.attempt_ended(message)
                    self.dispatcher.add(message)
                case Failed():
                    message.move(State.ERROR)
                    self._log(message, outcome)
                    message.move(State.FAILED)
                    self._bury(message, outcome, now)
                    self._finish(message, now, outcome)
        self.wake()

    def cancel(self, message: Message) -> bool:
        """Stop a message, even in the middle of an attempt; False if it was finished already."""
        if message.finished:
            return False
        with self.store.batch():
            message.move(State.CANCEL_REQUESTED)
            self._log(message)
            message.move(State.CANCELED)
            self._finish(message, self.clock.now_ms())
        self.abort(message.id)
        self.wake()
        return True

    def revive(self, letter: DeadLetter, draft: Draft) -> Receipt:
        """Publish a dead letter again, as a new message with a new id, and remove it."""
        now = self.clock.now_ms()
        fresh = replace(draft, source_id=None, held_queue=None)
        with self.store.batch():
            if not self.store.dead_letters.delete(letter.id):
                raise NotFoundError(f"dlq message {letter.id} not found")
            message = self._accept(fresh, now)
        self.wake()
        return Receipt(message.id, draft.url)

    def check_room_for_queue(self, name: str) -> None:
        """Refuse a queue that would have to be created and is one too many."""
        if name not in self.store.queues and len(self.store.queues) >= self._plan.queues:
            raise QuotaError(f"quota maxQueues exceeded, current limit: {self._plan.queues}")

    def ensure_queue(self, name: str) -> None:
        """Create a queue on its first use."""
        if name not in self.store.queues:
            now = self.clock.now_ms()
            self.store.queues.put(name, Queue(name, created_ms=now, updated_ms=now))

    def reset(self) -> None:
        """Cancel everything and begin again, as after a first start."""
        for message in self.store.unfinished():
            self.abort(message.id)
            message.state = State.CANCELED
            self.dispatcher.settle(message)
        self.store.reset()
        self.dispatcher.paused = False

    def _accept(self, draft: Draft, now: int) -> Message:
        # The request was read a moment ago; what is due at once is due now, and never before it was created.
        start = max(now, draft.not_before_ms)
        message = Message(
            id=f"msg_{self.random.text(26)}",
            sequence=self.store.next_sequence(),
            created_ms=now,
            draft=replace(draft, not_before_ms=start),
            next_ms=start,
        )
        self.store.insert(message)
        if draft.queue is not None:
            self.ensure_queue(draft.queue)
        if draft.flow_control is not None:
            self.store.adopt_limits(draft.flow_control)
        self._log(message, next_ms=start if start > now else None)
        self.dispatcher.add(message)
        return message

    def _finish(self, message: Message, now: int, outcome: Outcome | None = None) -> None:
        message.finished_ms = now
        self._log(message, outcome)
        self.store.save(message)
        self.dispatcher.settle(message)

    def _bury(self, message: Message, outcome: Outcome, now: int) -> None:
        letter = DeadLetter(self._dead_letter_id(now), message, outcome, now)
        self.store.dead_letters.put(letter.id, letter)
        report = failure_report(message, outcome, dead_letter_id=letter.id, now_ms=now)
        if report is not None:
            self._accept(report, now)

    def _dead_letter_id(self, now: int) -> str:
        numbered = (f"{now}-{number}" for number in count())
        return next(name for name in numbered if name not in self.store.dead_letters)

    def _log(
        self, message: Message, outcome: Outcome | None = None, *, next_ms: int | None = None
    ) -> None:
        entry = LogEntry(self.clock.now_ms(), message.id, message.state, next_ms=next_ms)
        # Only the failure tells what the destination said, as in the service's log.
        if outcome is not None and message.state is State.ERROR:
            entry = replace(
                entry,
                error=outcome.error,
                status=outcome.status,
                response_headers=outcome.headers,
                response_base64=base64.b64encode(outcome.body[:_LOGGED_BODY_BYTES]).decode(),
            )
        self.store.log.append(entry)
