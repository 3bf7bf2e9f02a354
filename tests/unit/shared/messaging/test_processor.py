"""Once per event, whatever happens in between."""

from typing import Any

import pytest

from shared.kernel.errors import DependencyError, PublishError, ReservationConflictError
from shared.messaging.effects import Effects
from shared.telemetry.measurement import Measure
from tests.builders import answer_of
from tests.unit.shared.bench import Bench, place
from tests.unit.shared.faults import Faults


def test_duplicate_of_a_done_event_costs_one_redis_call_and_no_store_call():
    bench = Bench()
    bench.deliver()
    bench.redis.calls.clear()
    bench.memory.calls.clear()

    response = bench.deliver()

    assert answer_of(response)["duplicate"] is True
    assert bench.redis.calls == ["claim"]
    assert bench.memory.calls == []
    assert bench.decisions == 1


@pytest.mark.parametrize("loss", ["flush", "down", "hour passed"])
def test_duplicate_is_known_by_the_ledger_when_redis_knows_nothing(loss):
    bench = Bench()
    bench.deliver()
    published = bench.outbox.ids()
    if loss == "flush":
        bench.redis.flush()
    elif loss == "down":
        bench.redis.down = True
    else:
        bench.clock.advance(3601)

    response = bench.deliver()

    assert (response["statusCode"], answer_of(response)["duplicate"]) == (200, True)
    assert bench.outbox.ids() == published
    assert len(bench.memory.all("orders")) == 1


@pytest.mark.parametrize("state", ["done", "committed"])
def test_duplicate_that_would_be_refused_by_now_is_still_a_duplicate(state):
    """Such as a hold that became an order: asked for again, it is a conflict, unless it is known."""
    bench = Bench()
    bench.outbox.failing = state == "committed"
    bench.deliver()
    bench.outbox.failing = False
    bench.redis.flush()

    def refuse(_event: Any) -> Effects:
        raise ReservationConflictError("already used")

    bench.decide = refuse
    response = bench.deliver()

    assert (response["statusCode"], answer_of(response)["duplicate"]) == (200, True)
    assert len(bench.outbox.ids()) == 2
    record = bench.record()
    assert record is not None
    assert record["state"] == "done"


def test_replay_of_a_dead_letter_is_the_same_event_under_a_new_message_id():
    bench = Bench()
    bench.deliver(message_id="msg_1")
    bench.redis.flush()

    assert answer_of(bench.deliver(message_id="msg_2"))["duplicate"] is True


def test_duplicate_while_the_first_attempt_is_undecided_is_never_answered_2xx():
    bench = Bench()
    answers: list[dict[str, Any]] = []

    def decide(event: Any) -> Effects:
        if not answers:
            bench.memory.calls.clear()
            answers.append(bench.deliver(seconds=30))
            assert bench.memory.calls == []
        return place(event)

    bench.decide = decide

    assert bench.deliver(seconds=20)["statusCode"] == 200
    assert answers[0]["statusCode"] == 503
    assert answers[0]["headers"]["retry-after"] == "20"
    assert answer_of(answers[0])["error"]["code"] == "busy"


def test_two_runs_at_once_without_redis_commit_once():
    bench = Bench()
    bench.redis.down = True
    answers: list[dict[str, Any]] = []

    def decide(event: Any) -> Effects:
        if bench.decisions == 1:
            answers.append(bench.deliver())
        return place(event)

    bench.decide = decide

    late = bench.deliver()

    assert [answer_of(a)["duplicate"] for a in (*answers, late)] == [False, True]
    assert len(bench.memory.all("orders")) == 1
    assert len(bench.outbox.ids()) == 2


def test_metrics_are_written_for_the_decision_and_not_for_its_duplicates():
    measure = Measure("OrdersCreated", 1)
    bench = Bench(lambda _: Effects(outcome="created", measures=(measure,)))
    bench.redis.down = True

    bench.deliver()
    bench.deliver()

    assert bench.telemetry.measures == [measure]
    assert bench.telemetry.counts["DuplicatesSkipped"] == 1


def test_publish_that_fails_after_the_commit_is_healed_by_the_redelivery():
    bench = Bench()
    bench.outbox.failing = True

    assert bench.deliver()["statusCode"] == 503
    record = bench.record()
    assert record is not None
    assert record["state"] == "committed"
    promised = [entry["eventId"] for entry in record["outbox"]]

    bench.outbox.failing = False
    response = bench.deliver(retried=1)

    assert response["statusCode"] == 200
    assert bench.outbox.ids() == promised
    assert (bench.record() or {})["state"] == "done"
    assert len(bench.memory.all("orders")) == 1


def test_reply_lost_after_the_publish_sends_the_same_ids_once_more():
    bench = Bench()
    bench.outbox.failing_after_effect = True

    assert bench.deliver()["statusCode"] == 503
    bench.outbox.failing_after_effect = False
    assert bench.deliver(retried=1)["statusCode"] == 200

    first, second = bench.outbox.batches
    assert first == second, "byte for byte, so that QStash's deduplication can see it"
    bench.deliver()
    assert len(bench.outbox.batches) == 2


def test_all_events_leave_in_one_request():
    bench = Bench()

    bench.deliver()

    assert [len(batch) for batch in bench.outbox.batches] == [2]


def test_decision_without_events_is_done_at_once_and_publishes_nothing():
    bench = Bench(lambda _: Effects(outcome="noted"))
    bench.publisher = Faults().wrap("publisher", object())

    assert bench.deliver()["statusCode"] == 200
    assert (bench.record() or {})["state"] == "done"
    assert bench.memory.count("transact") == 1


def test_nothing_is_published_before_the_commit():
    bench = Bench()
    faults = Faults()
    bench.tables = faults.wrap("tables", bench.memory)
    bench.publisher = faults.wrap("publisher", bench.outbox)

    bench.deliver()

    assert faults.calls == ["tables.transact", "publisher.publish", "tables.transact"]


def test_commit_whose_reply_was_lost_is_found_by_the_redelivery():
    bench = Bench()
    faults = Faults({(0, "after"): lambda: DependencyError("timeout")})
    bench.tables = faults.wrap("tables", bench.memory)

    assert bench.deliver()["statusCode"] == 503
    assert bench.outbox.ids() == []
    response = bench.deliver(retried=1)

    assert answer_of(response)["duplicate"] is True
    assert len(bench.outbox.ids()) == 2
    assert len(bench.memory.all("orders")) == 1


def test_finish_that_fails_is_repeated_by_the_redelivery():
    bench = Bench()
    faults = Faults({(1, "before"): lambda: DependencyError("timeout")})
    bench.tables = faults.wrap("tables", bench.memory)

    assert bench.deliver()["statusCode"] == 503
    assert (bench.record() or {})["state"] == "committed"
    assert bench.deliver(retried=1)["statusCode"] == 200
    assert (bench.record() or {})["state"] == "done"


def test_publish_error_of_the_first_attempt_shows_in_no_stored_state():
    bench = Bench()
    faults = Faults({(0, "before"): lambda: PublishError("down")})
    bench.publisher = faults.wrap("publisher", bench.outbox)

    bench.deliver()
    bench.deliver(retried=1)

    record = bench.record() or {}
    assert "pendingShard" not in record
    assert record["attempts"] == 1
