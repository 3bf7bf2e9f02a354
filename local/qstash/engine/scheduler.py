"""Schedules: publishes that repeat by a cron expression, to the minute."""

from __future__ import annotations

import logging
from dataclasses import replace

from local.qstash.engine.engine import Engine
from local.qstash.engine.publisher import Publisher
from local.qstash.errors import ApiError
from local.qstash.model.messages import State
from local.qstash.state.records import Schedule
from local.qstash.syntax.cron import parse_cron

_logger = logging.getLogger(__name__)


class Scheduler:
    """Fires what is due. A time that passed while the server was down or the schedule paused is skipped."""

    def __init__(self, engine: Engine, publisher: Publisher) -> None:
        self._engine = engine
        self._publisher = publisher
        for schedule in engine.store.schedules:
            if schedule.next_ms <= engine.clock.now_ms():
                self._plan(schedule)

    def upsert(self, schedule: Schedule) -> None:
        """Create a schedule, or replace the one that has its id."""
        self._publisher.drafts(schedule.destination, schedule.draft)
        self._plan(schedule)
        self._engine.wake()

    def pause(self, schedule: Schedule, *, paused: bool) -> None:
        """Hold a schedule, or let it go on from the next matching minute."""
        schedule.paused = paused
        self._plan(schedule)
        self._engine.wake()

    def fire_due(self) -> None:
        """Publish the messages of every schedule whose minute has come."""
        now = self._engine.clock.now_ms()
        for schedule in self._engine.store.schedules:
            if not schedule.paused and 0 < schedule.next_ms <= now:
                # One that breaks must not end the loop that delivers everything else.
                try:
                    self._fire(schedule, now)
                except Exception:
                    _logger.exception("schedule %s broke", schedule.id)
                self._plan(schedule)

    def next_wakeup_ms(self) -> int | None:
        """Tell when the next schedule is due."""
        moments = (s.next_ms for s in self._engine.store.schedules if not s.paused and s.next_ms)
        return min(moments, default=None)

    def last_states(self, schedule: Schedule) -> dict[str, str]:
        """Summarise what became of the messages of the last run."""
        messages = filter(None, map(self._engine.store.message, schedule.last_messages))
        summary = {State.DELIVERED: "SUCCESS", State.FAILED: "FAIL", State.CANCELED: "FAIL"}
        return {message.id: summary.get(message.state, "IN_PROGRESS") for message in messages}

    def _plan(self, schedule: Schedule) -> None:
        schedule.next_ms = parse_cron(schedule.cron).next_after(self._engine.clock.now_ms()) or 0
        self._engine.store.schedules.put(schedule.id, schedule)

    def _fire(self, schedule: Schedule, now: int) -> None:
        draft = replace(
            schedule.draft, schedule_id=schedule.id, not_before_ms=now + schedule.delay_ms
        )
        try:
            drafts = self._publisher.drafts(schedule.destination, draft)
        except ApiError as error:
            _logger.warning("schedule %s can't fire: %s", schedule.id, error.message)
            return
        schedule.last_ms = now
        schedule.last_messages = [self._engine.publish(one).message_id for one in drafts]
