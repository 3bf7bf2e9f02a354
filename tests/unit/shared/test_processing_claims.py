"""The claim in Redis: a lease, given back after a failure, and never believed."""

from typing import Any

import pytest

from shared.kernel.errors import TransientError
from shared.messaging.effects import Effects
from tests.builders import answer_of, checkout_command
from tests.unit.shared.bench import Bench, place


@pytest.mark.parametrize("seconds", [30, 7.5, 2])
def test_lease_is_the_time_that_the_invocation_has_left(seconds):
    bench = Bench()
    leases: list[float] = []

    class Watched:
        def claim(self, event_id: str, *, lease_seconds: float, content: str = "") -> Any:
            leases.append(lease_seconds)
            return bench.redis.claim(event_id, lease_seconds=lease_seconds, content=content)

        complete, release = bench.redis.complete, bench.redis.release

    bench.claims = Watched()

    bench.deliver(seconds=seconds)

    assert leases == [seconds]


def test_claim_of_a_killed_run_lapses_with_its_lease():
    bench = Bench()
    bench.redis.claim("evt-1", lease_seconds=30)

    assert bench.deliver()["statusCode"] == 503
    bench.clock.advance(30)
    assert bench.deliver()["statusCode"] == 200


@pytest.mark.parametrize("error", [TransientError("later"), RuntimeError("bug")])
def test_failed_attempt_releases_its_claim_so_that_the_next_one_really_runs(error):
    def decide(event: Any) -> Effects:
        if bench.decisions == 1:
            raise error
        return place(event)

    bench = Bench(decide)

    assert bench.deliver()["statusCode"] >= 500
    assert bench.redis.calls == ["claim", "release"]
    assert bench.deliver(retried=1)["statusCode"] == 200
    assert bench.decisions == 2


POISON = [
    "done",
    "1",
    "true",
    "",
    "d:",
    "d:00000000000000000000000000000000",
    "d:ä",
    "l:",
    "l:t:",
    "l:t:soon",
    "l:t:-1",
    "l:t:0",
    "l:t:99999999999999",
    "l:t:" + "9" * 400,
    "l:t:\u0663",
    "x" * 100_000,
    "\x00\ufffd",
]


@pytest.mark.parametrize("value", POISON, ids=lambda v: ascii(v)[:24])
def test_value_that_somebody_else_wrote_to_redis_never_loses_an_event(value):
    """Whatever stands there, the ledger decides (S27)."""
    bench = Bench()
    bench.redis.poison("evt-1", value)

    response = bench.deliver()

    assert (response["statusCode"], answer_of(response)["duplicate"]) == (200, False)
    assert len(bench.memory.all("orders")) == 1


def test_done_mark_of_another_event_means_nothing_for_this_one():
    bench = Bench()
    bench.deliver(checkout_command(event_id="evt-0"))
    bench.redis.poison("evt-1", bench.redis._values["evt-0"][0])

    assert answer_of(bench.deliver())["duplicate"] is False
