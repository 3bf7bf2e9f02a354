"""A function is killed at every point of its work; the next deliveries carry on from there."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import cast

import pytest

from local.stack.home import ROOT
from shared.messaging.outbox import Outbound
from shared.storage.writes import Item
from tests.builders import body_of, stock
from tests.conformance.messages import publisher_to
from tests.fakes.clock import ManualClock
from tests.integration.functions.crash_worker import EXIT_CODE, POINTS
from tests.integration.functions.world import World, command, wait_for

# Shortest lease there is: what a dead holder leaves behind in Redis.
LEASE_MS = 1000
DECIDED = {"after-commit", "before-publish", "after-publish", "after-finish", "after-complete"}
HOLDING = set(POINTS) - {"before-claim", "after-complete"}


@pytest.fixture
def clean(world: World) -> Iterator[World]:
    world.services.reset_qstash()
    world.seed(stock(available=10))
    yield world
    world.services.reset_qstash()


def die(world: World, point: str) -> None:
    """One delivery to a process that is killed at the point."""
    services = world.services
    story = {
        "point": point,
        "aws_url": services.aws_url,
        "redis_url": services.redis_url,
        "qstash_url": services.qstash.url,
        "names": world.names,
        "prefix": world.prefix,
        "milliseconds": LEASE_MS,
        "event": body_of(command()).decode(),
    }
    ended = subprocess.run(
        [
            *[sys.executable, "-W", "ignore::DeprecationWarning"],
            *["-m", "tests.integration.functions.crash_worker"],
        ],
        input=json.dumps(story),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == EXIT_CODE, ended.stdout + ended.stderr


@pytest.mark.parametrize("point", POINTS)
def test_what_a_killed_run_left_undone_is_done_once_by_the_next(clean: World, point: str) -> None:
    die(clean, point)
    left_by_the_dead = clean.record("commands", "evt-1")
    still_held = held_for_a_while(clean)

    statuses = deliver_until_done(clean)

    record = clean.record("commands", "evt-1")
    assert (left_by_the_dead is not None) is (point in DECIDED)
    assert set(statuses[:-1]) <= {503}
    assert statuses[0] == (503 if still_held else 200)
    assert point in HOLDING or not still_held
    assert len(clean.rows("orders")) == 1
    assert clean.available() == 9
    assert record is not None
    assert record["state"] == "done"
    assert delivered(clean) == dict.fromkeys(outbox_of(record), 1)
    if left_by_the_dead is not None:
        assert outbox_of(left_by_the_dead) == outbox_of(record)


def held_for_a_while(world: World) -> bool:
    """Whether the dead one's lease lasts long enough for a delivery to meet it."""
    with world.services.redis() as client:
        key = f"{world.prefix}webhook:dedup:evt-1"
        value, milliseconds = client.get(key), int(str(client.pttl(key)))
    if not isinstance(value, bytes) or not value.startswith(b"l:the-one-who-died:"):
        return False
    if milliseconds < 200:  # too close to call: let it end
        time.sleep(0.2)
        return False
    return True


def deliver_until_done(world: World) -> list[int]:
    """Redeliver, as QStash does, until it is answered with success."""
    statuses: list[int] = []
    deadline = time.monotonic() + 10
    with publisher_to(world.services.qstash.url, ManualClock()) as publisher:
        pipeline = world.pipeline(publisher=publisher)
        while not statuses or statuses[-1] != 200:
            assert time.monotonic() < deadline, statuses
            statuses.append(pipeline.status_of("commands", command(), retried=len(statuses)))
            time.sleep(0.03)
    return statuses


def outbox_of(record: Item) -> list[str]:
    entries = cast("list[Item]", record["outbox"])
    return [Outbound.from_item(entry).event_id for entry in entries]


def delivered(world: World) -> dict[str, int]:
    """How often QStash delivered each event that was published to it."""
    wait_for(lambda: world.services.qstash_call("GET", "/_dev/health")["idle"])
    return Counter(seen.headers["x-event-id"] for seen in world.services.endpoint.seen)


def test_a_run_that_dies_before_its_first_call_leaves_no_trace(clean: World) -> None:
    die(clean, "before-claim")

    assert clean.rows("ledger") == clean.rows("orders") == clean.rows("checkouts") == []
    assert clean.available() == 10


def test_what_was_committed_but_not_published_is_found_in_the_pending_index(clean: World) -> None:
    die(clean, "after-commit")

    (record,) = clean.rows("ledger")
    pending = clean.tables.query("ledger", str(record["pendingShard"]), index="pending")

    assert pending == [record]
    assert record["state"] == "committed"
    assert delivered(clean) == {}
