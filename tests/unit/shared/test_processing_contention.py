"""Other writers in the way: waited out, decided again, or given back to QStash."""

from typing import Any

import pytest

from shared.kernel.errors import ContentionError
from shared.messaging.effects import Effects
from shared.messaging.processor import PUBLISH_RESERVE
from shared.storage.writes import Absent, ConditionsFailed, FailedWrite, Put
from tests.builders import answer_of
from tests.unit.shared.bench import LEDGER_KEY, Bench, told
from tests.unit.shared.faults import Faults


def contended(bench: Bench, *, times: int, call: str = "tables.transact") -> Faults:
    """The first so many calls of the kind meet other writers."""
    faults = Faults()
    left = times

    def watch(name: str) -> None:
        nonlocal left
        if name == call and left:
            left -= 1
            raise ContentionError("busy items")

    faults.watch = watch
    bench.tables = faults.wrap("tables", bench.memory)
    return faults


def test_contention_is_waited_out_with_growing_jittered_pauses():
    bench = Bench()
    bench.jitter = iter([0.0, 1.0, 0.5, 0.25]).__next__
    contended(bench, times=4)

    assert bench.deliver()["statusCode"] == 200

    assert bench.clock.slept == pytest.approx([0.02 * 0.5, 0.04 * 1.5, 0.08, 0.16 * 0.75])
    assert bench.decisions == 1


def test_contention_without_end_is_answered_503_while_there_is_time_to_answer():
    bench = Bench()
    contended(bench, times=10_000)

    response = bench.deliver(seconds=30)

    assert response["statusCode"] == 503
    assert 15 < sum(bench.clock.slept) <= 30 - PUBLISH_RESERVE
    assert max(bench.clock.slept) <= 0.8 * 1.5
    assert bench.memory.all("orders") == []


def test_contention_at_the_end_of_the_time_is_not_waited_for():
    bench = Bench()
    contended(bench, times=1)

    assert bench.deliver(seconds=PUBLISH_RESERVE)["statusCode"] == 503
    assert bench.clock.slept == []


def test_contention_when_finishing_is_waited_out_too():
    bench = Bench()
    faults = contended(bench, times=0)
    hits = iter([False, True, True, False])

    def watch(name: str) -> None:
        if name == "tables.transact" and next(hits):
            raise ContentionError("busy item")

    faults.watch = watch

    assert bench.deliver()["statusCode"] == 200
    assert len(bench.outbox.batches) == 1
    assert (bench.record() or {})["state"] == "done"


def test_decision_that_was_overtaken_is_taken_again_on_the_new_facts():
    """Somebody takes the row between reading and writing."""

    def decide(event: Any) -> Effects:
        if bench.memory.get("orders", {"orderId": "o-1"}) is None:
            if bench.decisions == 1:
                bench.memory.seed("orders", {"orderId": "o-1"})
            put = Put("orders", {"orderId": "o-1"}, when=(Absent(),))
            return Effects(outcome="created", writes=[put], emits=told("created"))
        return Effects(outcome="rejected", emits=told("rejected"))

    bench = Bench(decide)

    assert bench.deliver()["statusCode"] == 200

    assert bench.decisions == 2
    assert (bench.record() or {})["outcome"] == "rejected"
    assert ["rejected" in message.body for message in bench.outbox.messages] == [True]


def test_decision_that_is_always_overtaken_is_given_back_to_qstash():
    impossible = Put("orders", {"orderId": "o-1"}, when=(Absent(),))
    bench = Bench(lambda _: Effects(outcome="created", writes=[impossible]))
    bench.memory.seed("orders", {"orderId": "o-1"})

    response = bench.deliver()

    assert response["statusCode"] == 503
    assert answer_of(response)["error"]["code"] == "contention"
    assert bench.decisions == 8
    assert bench.record() is None


def test_condition_that_fails_together_with_the_duplicate_is_the_duplicate():
    impossible = Put("orders", {"orderId": "o-1"}, when=(Absent(),))
    bench = Bench(lambda _: Effects(outcome="created", writes=[impossible]))
    bench.deliver()
    bench.redis.flush()

    assert answer_of(bench.deliver())["duplicate"] is True


def test_failed_condition_without_the_item_is_looked_up():
    """A store may refuse without saying what stands there."""
    bench = Bench()
    bench.deliver()
    bench.redis.flush()
    faults = Faults()

    def watch(name: str) -> None:
        if name == "tables.transact":
            raise ConditionsFailed([FailedWrite(0, None)])

    faults.watch = watch
    bench.tables = faults.wrap("tables", bench.memory)

    assert answer_of(bench.deliver())["duplicate"] is True
    assert faults.calls == ["tables.transact", "tables.get"]
    assert bench.memory.get("ledger", LEDGER_KEY) is not None
