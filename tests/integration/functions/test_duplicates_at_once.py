"""The same command many times at once, with Redis working, forgetful, and gone."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from shared.messaging.claims import Claims
from tests.builders import envelope, stock
from tests.conformance.live import LivePipeline
from tests.integration.functions.world import Around, Gate, World, command, distinct, wait_for

COPIES = 20


@dataclass
class Storm:
    """Statuses of all copies: those answered before anything was decided, and all in the end."""

    undecided: list[int]
    final: list[int]


def storm(
    pipeline: LivePipeline, gate: Gate, *, meanwhile: Callable[[], None] = lambda: None
) -> Storm:
    """One delivery up to the gate, then something happens, then all the others at once."""
    statuses: list[int] = []

    def deliver() -> None:
        statuses.append(pipeline.status_of("commands", command()))

    threads = [threading.Thread(target=deliver) for _ in range(COPIES)]
    threads[0].start()
    wait_for(lambda: gate.waiting == 1)
    meanwhile()
    for thread in threads[1:]:
        thread.start()
    wait_for(lambda: len(statuses) + gate.waiting == COPIES)
    undecided = list(statuses)
    gate.open()
    for thread in threads:
        thread.join(30)
    return Storm(undecided, statuses)


@pytest.fixture
def gate() -> Gate:
    return Gate()


def gated(world: World, gate: Gate, claims: Claims | None = None) -> LivePipeline:
    """Everybody waits right before the commit."""
    world.seed(stock(available=10))

    def at_the_gate(name: str) -> None:
        if name == "transact":
            gate.pass_through()

    tables = Around(world.tables, before=at_the_gate)
    return world.pipeline(tables=tables, claims=claims or world.claims(patient=True))


def assert_once(world: World, pipeline: LivePipeline, statuses: list[int]) -> None:
    """Whatever was not answered with success is delivered again; then it all happened once."""
    again = [pipeline.status_of("commands", command()) for status in statuses if status != 200]
    pipeline.drain()
    assert set(again) <= {200}
    assert set(statuses) <= {200, 503}
    assert len(world.rows("orders")) == 1
    assert world.available() == 9
    assert len(pipeline.mailer.sent) == 1
    assert len(world.rows("movements")) == 1
    events = distinct(pipeline.outbox.messages).values()
    assert sorted(event.event_type for event in events) == [
        "analytics.audit",
        "analytics.audit",
        "inventory.stock.updated",
        "notification.email",
        "order.created",
    ]


def test_only_the_first_works_and_nobody_hears_of_success_before_it_is_one(
    world: World, gate: Gate
) -> None:
    pipeline = gated(world, gate)

    result = storm(pipeline, gate)

    assert result.undecided == [503] * (COPIES - 1)
    assert sorted(result.final) == [200] + [503] * (COPIES - 1)
    assert_once(world, pipeline, result.final)


def test_a_busy_answer_says_when_to_come_back(world: World, gate: Gate) -> None:
    pipeline = gated(world, gate)
    holder = threading.Thread(target=pipeline.post, args=("commands", command()))
    holder.start()
    wait_for(lambda: gate.waiting == 1)

    answer = pipeline.post("commands", command())
    gate.open()
    holder.join(30)

    assert answer["statusCode"] == 503
    assert 1 <= int(answer["headers"]["retry-after"]) <= 30


def test_a_flush_while_the_first_is_at_work_changes_no_result(world: World, gate: Gate) -> None:
    pipeline = gated(world, gate)

    result = storm(pipeline, gate, meanwhile=world.flush_redis)

    # The flush makes room for exactly one more, who decides for himself.
    assert result.undecided == [503] * (COPIES - 2)
    assert_once(world, pipeline, result.final)


def test_without_redis_the_ledger_alone_keeps_it_to_once(world: World, gate: Gate) -> None:
    with world.services.another_redis() as (url, process):
        pipeline = gated(world, gate, world.claims(url))

        result = storm(pipeline, gate, meanwhile=lambda: world.services.stop_process(process))

        assert result.undecided == []
        assert set(result.final) == {200}
        assert_once(world, pipeline, result.final)


def test_an_event_that_only_the_ledger_remembers_counts_once_without_redis(
    world: World, gate: Gate
) -> None:
    pipeline = gated(world, gate, world.claims("redis://127.0.0.1:1/0"))
    metric = envelope("analytics.metric", {"metric": "Visits", "value": 1, "dimensions": {}})
    threads = [
        threading.Thread(target=pipeline.post, args=("analytics", metric)) for _ in range(COPIES)
    ]
    for thread in threads:
        thread.start()
    wait_for(lambda: gate.waiting == COPIES)

    gate.open()
    for thread in threads:
        thread.join(30)

    assert [measure.name for measure in pipeline.telemetry.measures] == ["Visits"]
    assert len(world.rows("ledger")) == 1


def test_commands_of_many_names_for_one_payment_make_one_order(world: World, gate: Gate) -> None:
    pipeline = gated(world, gate)
    statuses: list[int] = []

    def deliver(number: int) -> None:
        event = {**command(), "eventId": f"evt-alias-{number}"}
        statuses.append(pipeline.status_of("commands", event))

    threads = [threading.Thread(target=deliver, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    wait_for(lambda: gate.waiting == 8)
    gate.open()
    for thread in threads:
        thread.join(30)

    assert statuses == [200] * 8
    assert_once(world, pipeline, [])


def test_a_storm_through_every_function_leaves_one_of_each(world: World) -> None:
    world.seed(stock(available=10))
    pipeline = world.pipeline()
    pipeline.post("commands", command())
    messages = list(pipeline.outbox.messages)
    statuses: list[int] = []

    def deliver() -> None:
        statuses.extend(int(pipeline.send(message)["statusCode"]) for message in messages)

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert set(statuses) <= {200, 503}
    assert_once(world, pipeline, [])
