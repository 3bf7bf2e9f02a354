"""What an event may cost in calls, counted on the wire, and in which order they are made."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from shared.adapters.aws.port import AwsClient
from tests.builders import checkout_payload, line, stock
from tests.conformance.live import LivePipeline
from tests.conformance.redis_proxy import RedisProxy
from tests.integration.functions.world import Around, World, command, order_of


class Wire:
    """Every call that leaves the process, in order."""

    def __init__(self, world: World, proxy: RedisProxy) -> None:
        self._world, self._proxy, self._calls = world, proxy, list[str]()
        self._seen = 0

    def dynamodb(self, operation: str) -> None:
        self._redis()
        self._calls.append(f"dynamodb.{operation}")

    def publish(self, _name: str) -> None:
        self._redis()
        self._calls.append("qstash.batch")

    def _redis(self) -> None:
        fresh = self._proxy.commands[self._seen :]
        self._seen += len(fresh)
        self._calls += [f"redis.{name}" for name in fresh]

    def calls(self) -> list[str]:
        self._redis()
        return list(self._calls)

    def forget(self) -> None:
        self._redis()
        self._calls.clear()


class _Overheard:
    """DynamoDB's client, each of whose calls the wire hears of."""

    def __init__(self, client: AwsClient, wire: Wire) -> None:
        self._client, self._wire = client, wire

    def call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self._wire.dynamodb(operation)
        return self._client.call(operation, request)


@pytest.fixture
def wire(world: World, redis_proxy: RedisProxy) -> Wire:
    wire = Wire(world, redis_proxy)
    world.aws = _Overheard(world.aws, wire)
    return wire


@pytest.fixture
def pipeline(world: World, redis_proxy: RedisProxy, wire: Wire) -> LivePipeline:
    """Over a Redis that knows its scripts and connections that are open, as in a warm function."""
    world.seed(stock("mug"), stock("cup"), stock("pot"))
    claims = world.claims(redis_proxy.url)
    pipeline = world.pipeline(claims=claims)
    pipeline.publisher = Around(pipeline.outbox, before=wire.publish)
    warm = claims.claim("warm", lease_seconds=1)
    claims.release("warm", warm.token)
    claims.complete("warm", "")
    wire.forget()
    return pipeline


CART = [line("mug"), line("cup"), line("pot")]


def test_a_checkout_costs_one_read_one_write_and_one_publish(
    pipeline: LivePipeline, wire: Wire
) -> None:
    pipeline.checkout(checkout_payload(items=CART))

    assert wire.calls() == ["dynamodb.BatchGetItem", "dynamodb.TransactWriteItems", "qstash.batch"]


def test_asking_what_became_of_it_costs_one_read(pipeline: LivePipeline, wire: Wire) -> None:
    """Checkout and order come in one answer, decided or not."""
    pipeline.checkout(checkout_payload(items=CART))
    for _ in range(2):
        wire.forget()

        pipeline.status(order_of())

        assert wire.calls() == ["dynamodb.BatchGetItem"]
        pipeline.drain()


def test_a_cancellation_costs_one_read_and_one_publish(pipeline: LivePipeline, wire: Wire) -> None:
    pipeline.sign_in()
    pipeline.checkout(checkout_payload(items=CART), shopper="user-1")
    pipeline.drain()
    wire.forget()

    assert pipeline.cancel(order_of(), shopper="user-1")["statusCode"] == 202

    assert wire.calls() == ["dynamodb.BatchGetItem", "qstash.batch"]


def test_the_command_costs_six_calls_in_the_order_that_makes_it_safe(
    pipeline: LivePipeline, wire: Wire
) -> None:
    pipeline.post("commands", command(items=CART))

    assert wire.calls() == [
        "redis.EVALSHA",  # claim
        "dynamodb.BatchGetItem",
        "dynamodb.TransactWriteItems",  # order, stock, checkout and ledger at once
        "qstash.batch",
        "dynamodb.UpdateItem",  # the ledger: published
        "redis.EVALSHA",  # done
    ]


def test_a_rejection_costs_no_more_than_an_order(pipeline: LivePipeline, wire: Wire) -> None:
    pipeline.post("commands", command(items=[line(quantity=11)]))

    assert len(wire.calls()) == 6


@pytest.mark.parametrize(
    "deliver",
    [
        lambda pipeline: pipeline.post("commands", command(items=CART)),
        lambda pipeline: pipeline.send(pipeline.outbox.messages[0]),
        lambda pipeline: pipeline.send(pipeline.outbox.messages[1]),
        lambda pipeline: pipeline.send(pipeline.outbox.messages[2]),
        lambda pipeline: pipeline.send(pipeline.outbox.messages[-1]),
    ],
    ids=["command", "order", "mail", "stock", "audit"],
)
def test_a_duplicate_costs_exactly_one_call_to_redis(
    pipeline: LivePipeline, wire: Wire, deliver: Callable[[LivePipeline], Any]
) -> None:
    pipeline.post("commands", command(items=CART))
    pipeline.drain()
    wire.forget()

    assert deliver(pipeline)["statusCode"] == 200

    assert wire.calls() == ["redis.EVALSHA"]


def test_a_duplicate_that_redis_forgot_costs_a_read_and_a_refused_write(
    world: World, pipeline: LivePipeline, wire: Wire
) -> None:
    pipeline.post("commands", command(items=CART))
    with world.services.redis() as client:
        client.flushdb()
    wire.forget()

    pipeline.post("commands", command(items=CART))

    assert [call for call in wire.calls() if not call.startswith("redis")] == [
        "dynamodb.BatchGetItem",
        "dynamodb.PutItem",
    ]


@pytest.mark.parametrize(
    ("event_type", "most"),
    [
        ("order.created", 4),
        ("notification.email", 8),
        ("inventory.stock.updated", 4),
        ("analytics.audit", 3),
    ],
)
def test_what_follows_costs_at_most_this(
    pipeline: LivePipeline, wire: Wire, event_type: str, most: int
) -> None:
    pipeline.post("commands", command(items=CART))
    wire.forget()

    pipeline.send(pipeline.outbox.of(event_type)[0])

    calls = wire.calls()
    assert len(calls) <= most, calls
    assert calls.count("qstash.batch") <= 1
    assert [calls[0], calls[-1]] == ["redis.EVALSHA"] * 2


def test_a_refused_delivery_costs_nothing(pipeline: LivePipeline, wire: Wire) -> None:
    answer = pipeline.post("commands", command(), sent=command(2))

    assert answer["statusCode"] == 401
    assert wire.calls() == []


def test_a_message_that_makes_no_sense_costs_nothing(pipeline: LivePipeline, wire: Wire) -> None:
    answer = pipeline.post("commands", b'{"eventId": 1}')

    assert answer["statusCode"] == 489
    assert wire.calls() == []
