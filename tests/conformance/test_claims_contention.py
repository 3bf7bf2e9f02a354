"""Several processes, the same events: each is worked on once, also when replies get lost."""

import subprocess
import sys
import threading

import pytest

from local.stack.home import ROOT
from shared.adapters.redis_claims import RedisClaims
from shared.kernel.clock import SystemClock
from shared.messaging.claims import ClaimFormat
from tests.services import Services, unique

PROCESSES, EVENTS = 4, 120


@pytest.mark.parametrize("lossy", [False, True], ids=["quiet", "replies-get-lost"])
def test_no_event_is_worked_on_twice_and_nobody_is_locked_out(
    services: Services, lossy: bool
) -> None:
    prefix = unique("contended")
    command = [
        *[sys.executable, "-W", "error", "-m"],
        *["tests.conformance.contention_worker", services.redis_url, prefix],
        *[str(EVENTS), str(int(lossy))],
    ]

    workers = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    try:
        worked = [int(worker.communicate(timeout=60)[0]) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()

    with services.redis() as client:
        runs = [client.get(f"runs:{prefix}-{n}") for n in range(EVENTS)]
    assert runs == [b"1"] * EVENTS
    assert sum(worked) == EVENTS
    assert min(worked) >= 0, "somebody never saw all events done"


def test_of_many_threads_that_ask_at_once_exactly_one_becomes_the_holder(
    services: Services,
) -> None:
    event, found = unique("evt"), []
    start = threading.Barrier(8)
    with services.redis() as client:
        tokens = iter([f"token-{n}" for n in range(8)])
        claims = RedisClaims(
            client, ClaimFormat("test", b"s"), SystemClock(), new_token=lambda: next(tokens)
        )

        def ask() -> None:
            start.wait(5)
            found.append(claims.claim(event, lease_seconds=20).state.value)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)

    assert sorted(found) == ["busy"] * 7 + ["claimed"]
