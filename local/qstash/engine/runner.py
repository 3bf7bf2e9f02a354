"""The loop that carries out attempts: starts what the engine hands out and reports back what came of it."""

from __future__ import annotations

import asyncio
import logging

from local.qstash.engine.delivery import Courier
from local.qstash.engine.engine import Engine
from local.qstash.engine.scheduler import Scheduler
from local.qstash.model.messages import Message, Outcome
from local.qstash.state.records import Delivery
from local.qstash.syntax.durations import MINUTE_MS
from local.qstash.syntax.headers import first

MAX_COPIES = 20

_logger = logging.getLogger(__name__)


class Runner:
    """Runs attempts as tasks. `copies` is the chaos knob: how many requests one attempt makes, all at once."""

    def __init__(self, engine: Engine, scheduler: Scheduler, courier: Courier) -> None:
        self.copies = 1
        self._engine = engine
        self._scheduler = scheduler
        self._courier = courier
        self._tasks: dict[str, asyncio.Task[Outcome]] = {}
        self._woken = asyncio.Event()
        self._next_sweep_ms = 0
        engine.wake = self._woken.set
        engine.abort = self._abort

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._woken.clear()
            self._sweep()
            self._scheduler.fire_due()
            for message in self._engine.take_ready():
                self._start(message)
            try:
                async with asyncio.timeout(self._pause_s()):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def drain(self, grace_s: float) -> None:
        """Let attempts under way end; those that take too long are cut off and will be made again."""
        tasks = list(self._tasks.values())
        if tasks:
            _done, late = await asyncio.wait(tasks, timeout=grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _pause_s(self) -> float:
        now = self._engine.clock.now_ms()
        moments = (self._engine.dispatcher.next_wakeup_ms(now), self._scheduler.next_wakeup_ms())
        # At least once a minute, since the wall clock may have been set.
        nearest = min((moment for moment in moments if moment is not None), default=now + MINUTE_MS)
        return max(0, min(nearest - now, MINUTE_MS)) / 1000

    def _sweep(self) -> None:
        now = self._engine.clock.now_ms()
        if now >= self._next_sweep_ms:
            self._engine.store.sweep(now)
            self._next_sweep_ms = now + MINUTE_MS

    def _start(self, message: Message) -> None:
        task = asyncio.create_task(self._attempt(message), name=message.id)
        self._tasks[message.id] = task
        task.add_done_callback(lambda done: self._ended(message, done))

    def _ended(self, message: Message, task: asyncio.Task[Outcome]) -> None:
        if self._tasks.get(message.id) is task:
            del self._tasks[message.id]
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _logger.error("attempt of %s broke", message.id, exc_info=error)
        outcome = Outcome(error=f"internal error: {error!r}") if error else task.result()
        self._engine.conclude(message, outcome)

    def _abort(self, message_id: str) -> None:
        task = self._tasks.pop(message_id, None)
        if task is not None:
            task.cancel()

    async def _attempt(self, message: Message) -> Outcome:
        # The first copy is the attempt; the others are the duplicates that an at-least-once service may produce.
        requests = (self._request(message, copy) for copy in range(self.copies))
        return (await asyncio.gather(*requests))[0]

    async def _request(self, message: Message, copy: int) -> Outcome:
        started = self._engine.clock.now_ms()
        outcome = await self._courier.deliver(message.draft, self._engine.delivery_headers(message))
        delivery = Delivery(
            message_id=message.id,
            url=message.draft.url,
            event_id=first(message.draft.headers, "X-Event-ID"),
            event_type=first(message.draft.headers, "X-Event-Type"),
            attempt=message.retried,
            copy=copy,
            status=outcome.status,
            error=outcome.error,
            started_ms=started,
            finished_ms=self._engine.clock.now_ms(),
            callback=message.draft.source_id is not None,
        )
        self._engine.store.deliveries.append(delivery)
        _logger.info(
            "%s %s attempt %d -> %s in %d ms",
            delivery.message_id,
            delivery.url,
            delivery.attempt,
            delivery.status or delivery.error,
            delivery.finished_ms - started,
        )
        return outcome
