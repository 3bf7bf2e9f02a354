"""Schedules under a clock that tests move."""

from dataclasses import replace

import pytest

from local.qstash.engine.publisher import Publisher
from local.qstash.engine.scheduler import Scheduler
from local.qstash.model.drafts import Draft
from local.qstash.state.records import Schedule
from local.qstash.syntax.destinations import Destinations
from local.qstash.syntax.durations import MINUTE_MS


def make_scheduler(bench) -> Scheduler:
    return Scheduler(bench.engine, Publisher(bench.engine, Destinations()))


def make_schedule(bench, **options) -> Schedule:
    draft = Draft(body=b"tick")
    return Schedule(
        "scd_1", "http://127.0.0.1/tick", "* * * * *", bench.clock.now, draft, **options
    )


@pytest.fixture
def scheduler(bench) -> Scheduler:
    return make_scheduler(bench)


def test_fires_once_per_matching_minute(bench, scheduler):
    scheduler.upsert(make_schedule(bench))
    fired = []
    for _ in range(6):
        bench.clock.move(MINUTE_MS // 2)
        scheduler.fire_due()
        scheduler.fire_due()
        fired += bench.started()

    assert len(fired) == 3
    message = bench.message(fired[0])
    assert (message.draft.schedule_id, message.draft.body) == ("scd_1", b"tick")
    assert dict(bench.engine.delivery_headers(message))["Upstash-Schedule-Id"] == "scd_1"


def test_the_delay_affects_the_messages(bench, scheduler):
    scheduler.upsert(make_schedule(bench, delay_ms=10_000))
    bench.clock.move(MINUTE_MS)
    scheduler.fire_due()

    assert bench.started() == []
    bench.clock.move(10_000)
    assert len(bench.started()) == 1


def test_a_paused_schedule_skips_what_it_missed(bench, scheduler):
    schedule = make_schedule(bench)
    scheduler.upsert(schedule)
    scheduler.pause(schedule, paused=True)
    bench.clock.move(5 * MINUTE_MS)
    scheduler.fire_due()
    assert scheduler.next_wakeup_ms() is None
    scheduler.pause(schedule, paused=False)
    scheduler.fire_due()

    assert bench.started() == []
    bench.clock.move(MINUTE_MS)
    scheduler.fire_due()
    assert len(bench.started()) == 1


def test_a_restart_skips_what_was_missed(open_bench, clock, tmp_path):
    bench = open_bench(tmp_path / "state")
    make_scheduler(bench).upsert(make_schedule(bench))
    clock.move(5 * MINUTE_MS)
    again = open_bench(tmp_path / "state")
    scheduler = make_scheduler(again)
    scheduler.fire_due()

    assert again.started() == []
    wakeup = scheduler.next_wakeup_ms()
    assert wakeup is not None
    assert wakeup > clock.now


def test_the_last_run_is_summarised(bench, scheduler):
    schedule = make_schedule(bench)
    scheduler.upsert(schedule)
    bench.clock.move(MINUTE_MS)
    scheduler.fire_due()
    [message_id] = bench.started()

    assert scheduler.last_states(schedule) == {message_id: "IN_PROGRESS"}
    bench.conclude(message_id)
    assert scheduler.last_states(schedule) == {message_id: "SUCCESS"}


def test_a_destination_that_has_vanished_stops_nothing(bench, scheduler, caplog):
    schedule = make_schedule(bench)
    scheduler.upsert(schedule)
    schedule.destination = "group-that-was-deleted"
    bench.clock.move(MINUTE_MS)
    scheduler.fire_due()

    assert bench.started() == []
    assert "can't fire" in caplog.text


def test_a_schedule_that_breaks_keeps_no_other_from_its_minute(bench, scheduler, monkeypatch):
    first, second = make_schedule(bench), replace(make_schedule(bench), id="scd_2")
    for schedule in (first, second):
        scheduler.upsert(schedule)
    drafts = scheduler._publisher.drafts

    def broken(destination, draft):
        if draft.schedule_id == "scd_1":
            raise ValueError("odd")
        return drafts(destination, draft)

    monkeypatch.setattr(scheduler._publisher, "drafts", broken)
    for _ in range(2):
        bench.clock.move(MINUTE_MS)
        scheduler.fire_due()
        [fired] = bench.started()
        assert bench.message(fired).draft.schedule_id == "scd_2"
