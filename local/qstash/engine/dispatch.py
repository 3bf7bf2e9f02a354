"""Which message starts when: due times, free slots, queues in order, flow-control keys.

Every message waits in exactly one lane: the open one, its queue's or its flow-control key's. A queue is a line of
messages of which the first `parallelism` may move; a message leaves the line only when it is finished *and* its
callbacks are, so a retry keeps those behind it waiting, as the service does.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from itertools import islice

from local.qstash.model.drafts import FlowControl
from local.qstash.model.flow_control import FlowKey
from local.qstash.model.messages import Message
from local.qstash.model.queue import Queue

_OPEN = ("open", "")
_LaneName = tuple[str, str]


class Dispatcher:
    """All waiting and running messages. Knows no clock and no socket; times come in as arguments."""

    def __init__(
        self, *, slots: int, queue: Callable[[str], Queue], flow_key: Callable[[str], FlowKey]
    ) -> None:
        self._slots = slots
        self._queue = queue
        self._flow_key = flow_key
        self.paused = False
        self._timeline: list[tuple[int, int, str]] = []
        self._waiting: dict[str, Message] = {}
        self._due: dict[_LaneName, dict[str, Message]] = {}
        self._running: dict[str, _LaneName] = {}
        # Per queue, in order: the message in line and everything unfinished that keeps it there.
        self._lines: dict[str, dict[str, set[str]]] = {}

    @property
    def running(self) -> int:
        """How many attempts are under way."""
        return len(self._running)

    @property
    def slots(self) -> int:
        """How many attempts may be under way."""
        return self._slots

    def due(self, now_ms: int) -> int:
        """Count the messages that could start now if there were room."""
        self._promote(now_ms)
        return sum(map(len, self._due.values()))

    def line_length(self, queue: str) -> int:
        """Count the unfinished messages of a queue, the API's `lag`."""
        return len(self._lines.get(queue, {}))

    def waiting_on(self, key: str) -> int:
        """Count the due messages that a flow-control key holds back."""
        return len(self._due.get(("flow", key), {}))

    def restore(self, messages: Iterable[Message]) -> None:
        """Refill after a restart. Callbacks first: those they hold a place for were at the head of the line."""
        for message in sorted(messages, key=lambda m: (m.draft.held_queue is None, m.sequence)):
            self.add(message)

    def add(self, message: Message) -> None:
        """Let an unfinished message wait for its time."""
        self._waiting[message.id] = message
        heapq.heappush(self._timeline, (message.next_ms, message.sequence, message.id))
        queue = message.draft.queue or message.draft.held_queue
        if queue is not None:
            holder = message.draft.source_id or message.id
            self._lines.setdefault(queue, {}).setdefault(holder, set()).add(message.id)

    def take(self, now_ms: int) -> list[Message]:
        """Start everything that may start now, lane by lane in turn, so that no lane starves another."""
        if self.paused:
            return []
        self._promote(now_ms)
        started: list[Message] = []
        moved = True
        while moved and len(self._running) < self._slots:
            moved = False
            for lane in list(self._due):
                message = self._pop(lane, now_ms) if len(self._running) < self._slots else None
                if message is not None:
                    self._running[message.id] = lane
                    started.append(message)
                    moved = True
        return started

    def hurry(self) -> int:
        """Make everything due that waits for its time; how many messages that were."""
        waiting = len(self._waiting)
        while self._waiting:
            self._promote(self._timeline[0][0])
        return waiting

    def attempt_ended(self, message: Message) -> None:
        """Free the slot of an attempt; what follows is `add` (a retry) or `settle`."""
        lane = self._running.pop(message.id, None)
        if lane is not None and lane[0] == "flow":
            self._flow_key(lane[1]).ended()

    def settle(self, message: Message) -> None:
        """Forget a finished or cancelled message, and let its queue move on if nothing else holds the place."""
        self.attempt_ended(message)
        self._waiting.pop(message.id, None)
        for lane in [lane for lane, messages in self._due.items() if message.id in messages]:
            self._drop(lane, message.id)
        queue = message.draft.queue or message.draft.held_queue
        line = self._lines.get(queue, {}) if queue is not None else {}
        holder = message.draft.source_id or message.id
        if holder in line:
            line[holder].discard(message.id)
            if not line[holder]:
                del line[holder]

    def next_wakeup_ms(self, now_ms: int) -> int | None:
        """Tell when `take` is worth calling again if nothing else happens; None means not before an event."""
        if self.paused or len(self._running) >= self._slots:
            return None
        moments = [self._timeline[0][0]] if self._timeline else []
        for kind, key in self._due:
            reopens = self._flow_key(key).reopens_ms(now_ms) if kind == "flow" else None
            if reopens is not None:
                moments.append(reopens)
        return min(moments, default=None)

    def _promote(self, now_ms: int) -> None:
        while self._timeline and self._timeline[0][0] <= now_ms:
            _, _, message_id = heapq.heappop(self._timeline)
            message = self._waiting.get(message_id)
            if message is not None:  # an entry outlives its message when that is cancelled
                del self._waiting[message_id]
                self._due.setdefault(_lane(message), {})[message_id] = message
                if (limits := _limits(message)) is not None:
                    self._flow_key(limits.key).joined(limits)

    def _pop(self, lane: _LaneName, now_ms: int) -> Message | None:
        kind, key = lane
        candidates = self._due[lane]
        if kind == "queue":
            queue = self._queue(key)
            if queue.paused:
                return None
            front = islice(self._lines[key], queue.parallelism)
            chosen = next((message_id for message_id in front if message_id in candidates), None)
        elif kind == "flow":
            chosen = next(iter(candidates)) if self._flow_key(key).try_start(now_ms) else None
        else:
            chosen = next(iter(candidates))
        return None if chosen is None else self._drop(lane, chosen)

    def _drop(self, lane: _LaneName, message_id: str) -> Message:
        message = self._due[lane].pop(message_id)
        if (limits := _limits(message)) is not None:
            self._flow_key(limits.key).left(limits)
        if not self._due[lane]:
            del self._due[lane]
        return message


def _lane(message: Message) -> _LaneName:
    if message.draft.queue is not None:
        return ("queue", message.draft.queue)
    limits = _limits(message)
    return _OPEN if limits is None else ("flow", limits.key)


def _limits(message: Message) -> FlowControl | None:
    """What limits a message, unless it waits in a queue, which limits it itself."""
    return None if message.draft.queue is not None else message.draft.flow_control
