"""The loop between clock, engine and network, with a courier that only pretends."""

import asyncio
import itertools

from local.qstash.engine.engine import Engine
from local.qstash.engine.publisher import Publisher
from local.qstash.engine.runner import Runner
from local.qstash.engine.scheduler import Scheduler
from local.qstash.model.backoff import Pace
from local.qstash.model.drafts import Draft
from local.qstash.model.messages import Outcome
from local.qstash.signing import SigningKeys
from local.qstash.state.records import Schedule
from local.qstash.state.store import Store
from local.qstash.syntax.destinations import Destinations
from local.qstash.syntax.durations import MINUTE_MS

DRAFT = Draft(url="http://127.0.0.1/", max_retries=0)


class Clock:
    now = 1_795_000_000_000

    def now_ms(self) -> int:
        return self.now


class Names:
    def __init__(self) -> None:
        self._numbers = itertools.count()

    def text(self, length: int) -> str:
        return str(next(self._numbers)).zfill(length)


class Courier:
    """Says yes to everything, and breaks on a body of "bug"."""

    def __init__(self) -> None:
        self.delivered: list[bytes] = []

    async def deliver(self, draft: Draft, _headers: list[tuple[str, str]]) -> Outcome:
        self.delivered.append(draft.body)
        if draft.body == b"bug":
            raise RuntimeError("a bug in the courier")
        return Outcome(200)


def run_until(courier: Courier, clock: Clock, act, condition) -> Engine:
    """Start the loop, act on the engine while it runs, and stop it once the condition holds."""

    async def play() -> Engine:
        store = Store.open(None, SigningKeys("a" * 32, "b" * 32))
        engine = Engine(
            store=store, clock=clock, random=Names(), pace=Pace(), parallelism=2, region="R"
        )
        scheduler = Scheduler(engine, Publisher(engine, Destinations()))
        runner = Runner(engine, scheduler, courier)  # type: ignore[arg-type]  # the one method it calls
        working = asyncio.create_task(runner.run())
        await asyncio.sleep(0.01)
        act(engine, scheduler)
        for _ in range(1000):
            if condition(engine):
                break
            await asyncio.sleep(0.005)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        return engine

    return asyncio.run(play())


def test_the_loop_fires_schedules_and_delivers_what_they_publish():
    clock, courier = Clock(), Courier()

    def act(engine: Engine, scheduler: Scheduler) -> None:
        scheduler.upsert(
            Schedule("s", "http://127.0.0.1/tick", "* * * * *", clock.now, Draft(body=b"tick"))
        )
        clock.now += MINUTE_MS
        engine.wake()

    run_until(
        courier, clock, act, lambda engine: courier.delivered and not engine.store.unfinished()
    )

    assert courier.delivered == [b"tick"]


def test_a_bug_in_one_delivery_costs_that_attempt_and_nothing_else(caplog):
    clock, courier = Clock(), Courier()

    def act(engine: Engine, _scheduler: Scheduler) -> None:
        for body in (b"bug", b"fine"):
            engine.publish(Draft(url=DRAFT.url, body=body, max_retries=0))

    engine = run_until(courier, clock, act, lambda engine: not engine.store.unfinished())

    [letter] = engine.store.dead_letters
    assert letter.message.draft.body == b"bug"
    assert "internal error" in (letter.outcome.error or "")
    assert "broke" in caplog.text
    assert sorted(courier.delivered) == [b"bug", b"fine"]


def test_the_loop_sweeps_what_has_expired():
    clock, courier = Clock(), Courier()

    def act(engine: Engine, _scheduler: Scheduler) -> None:
        engine.publish(DRAFT, "id:old")
        clock.now += 11 * MINUTE_MS
        engine.wake()

    engine = run_until(courier, clock, act, lambda engine: not len(engine.store.sightings))

    assert engine.store.sightings.items() == []
