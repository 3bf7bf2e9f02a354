"""Dependencies that are slow, throttled, silent or away: what is answered, and that it heals."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from shared.adapters.aws.errors import AwsRefusedError, AwsUnreachableError
from shared.adapters.aws.port import AwsClient
from shared.adapters.dynamodb_tables import DynamoDBTables
from shared.kernel.errors import PublishError
from shared.messaging.processor import PUBLISH_RESERVE
from tests.builders import checkout_payload, stock
from tests.conformance.live import LivePipeline
from tests.conformance.redis_proxy import RedisProxy
from tests.integration.functions.world import Around, World, command, distinct

Fault = Callable[[Callable[[], Any]], Any]


def throttled(_call: Callable[[], Any]) -> Any:
    raise AwsRefusedError("ThrottlingException", {}, passing=True)


def away(_call: Callable[[], Any]) -> Any:
    raise AwsUnreachableError("ConnectTimeoutError")


def silent_after_effect(call: Callable[[], Any]) -> Any:
    call()
    raise AwsUnreachableError("ReadTimeoutError")


def fine(call: Callable[[], Any]) -> Any:
    return call()


class FaultyClient:
    """DynamoDB's client; what goes wrong next with which operation is up to the test."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client
        self.next: dict[str, deque[Fault]] = {}
        self.always: dict[str, Fault] = {}

    def call(self, operation: str, request: Mapping[str, Any]) -> Any:
        queue = self.next.get(operation)
        fault = queue.popleft() if queue else self.always.get(operation, fine)
        return fault(lambda: self._client.call(operation, request))


@pytest.fixture
def faulty(world: World) -> FaultyClient:
    world.seed(stock(available=10))
    return FaultyClient(world.aws)


@pytest.fixture
def pipeline(world: World, faulty: FaultyClient) -> LivePipeline:
    # Enough time left for a few repetitions within the invocation, and not for many.
    return world.pipeline(
        tables=DynamoDBTables(faulty, world.names), milliseconds=int(PUBLISH_RESERVE * 1000) + 150
    )


def assert_one_order(world: World, pipeline: LivePipeline) -> None:
    assert len(world.rows("orders")) == 1
    assert world.available() == 9
    assert len(distinct(pipeline.outbox.messages)) == 4


# ------------------------------------------------------------------ DynamoDB
def test_throttled_for_a_moment_is_waited_out_within_the_invocation(
    world: World, pipeline: LivePipeline, faulty: FaultyClient
) -> None:
    faulty.next["TransactWriteItems"] = deque([throttled, throttled])

    assert pipeline.status_of("commands", command()) == 200

    assert_one_order(world, pipeline)


def test_throttled_for_long_is_handed_back_and_healed_by_the_next_delivery(
    world: World, pipeline: LivePipeline, faulty: FaultyClient
) -> None:
    faulty.always["TransactWriteItems"] = throttled

    first = pipeline.post("commands", command())
    faulty.always.clear()
    second = pipeline.post("commands", command(), retried=1)

    assert (first["statusCode"], second["statusCode"]) == (503, 200)
    assert int(first["headers"]["retry-after"]) >= 1
    assert_one_order(world, pipeline)


@pytest.mark.parametrize("fault", [throttled, away, silent_after_effect])
@pytest.mark.parametrize("operation", ["BatchGetItem", "TransactWriteItems", "UpdateItem"])
def test_any_call_that_fails_once_is_answered_503_at_most_and_healed(
    world: World, pipeline: LivePipeline, faulty: FaultyClient, operation: str, fault: Fault
) -> None:
    faulty.next[operation] = deque([fault])

    first = pipeline.status_of("commands", command())
    second = pipeline.status_of("commands", command(), retried=1)

    assert first in (200, 503)
    assert second == 200
    assert_one_order(world, pipeline)
    record = world.record("commands", "evt-1")
    assert record is not None
    assert record["state"] == "done"


def test_a_commit_that_nobody_heard_of_is_published_by_the_next_delivery(
    world: World, pipeline: LivePipeline, faulty: FaultyClient
) -> None:
    faulty.next["TransactWriteItems"] = deque([silent_after_effect])

    first = pipeline.status_of("commands", command())
    published = len(pipeline.outbox.messages)
    second = pipeline.status_of("commands", command(), retried=1)

    assert (first, published, second) == (503, 0, 200)
    assert len(pipeline.outbox.batches) == 1
    assert_one_order(world, pipeline)


@pytest.mark.parametrize("fault", [throttled, away, silent_after_effect])
@pytest.mark.parametrize("operation", ["BatchGetItem", "TransactWriteItems"])
def test_a_checkout_that_failed_may_be_posted_again(
    world: World, pipeline: LivePipeline, faulty: FaultyClient, operation: str, fault: Fault
) -> None:
    faulty.next[operation] = deque([fault])

    first = pipeline.checkout(checkout_payload())
    second = pipeline.checkout(checkout_payload())
    pipeline.drain()

    assert (first["statusCode"], second["statusCode"]) == (503, 202)
    assert len(world.rows("orders")) == len(pipeline.mailer.sent) == 1


# ------------------------------------------------------------------ Redis
def test_a_slow_redis_slows_down_and_changes_nothing(world: World, redis_proxy: RedisProxy) -> None:
    world.seed()
    redis_proxy.delay = 0.05
    pipeline = world.pipeline(claims=world.claims(redis_proxy.url))

    statuses = [pipeline.status_of("commands", command()) for _ in range(2)]

    assert statuses == [200, 200]
    assert_one_order(world, pipeline)


def test_a_redis_that_hangs_is_waited_for_briefly_and_soon_not_asked_any_more(
    world: World, redis_proxy: RedisProxy
) -> None:
    world.seed(stock(available=10))
    redis_proxy.delay = 2
    pipeline = world.pipeline(claims=world.claims(redis_proxy.url))

    asked, started = [], time.monotonic()
    for number in range(5):
        assert pipeline.status_of("commands", command(number)) == 200
        asked.append(len(redis_proxy.commands))

    # Claim and completion, with one repetition each, until the breaker opens.
    assert asked == [4, 6, 6, 6, 6]
    assert time.monotonic() - started < 10
    assert world.available() == 5


def test_a_redis_that_loses_replies_changes_nothing(world: World, redis_proxy: RedisProxy) -> None:
    world.seed()
    pipeline = world.pipeline(claims=world.claims(redis_proxy.url))
    redis_proxy.lose = 1

    first = pipeline.status_of("commands", command())
    redis_proxy.lose = 1
    second = pipeline.status_of("commands", command())

    assert (first, second) == (200, 200)
    assert_one_order(world, pipeline)


@pytest.mark.parametrize("value", ["d:" + "0" * 32, "processed", "l:stranger:9999999999999"])
def test_a_lying_redis_cannot_make_an_event_vanish(world: World, value: str) -> None:
    world.seed()
    with world.services.redis() as client:
        client.set(f"{world.prefix}webhook:dedup:evt-1", value, px=60_000)
    pipeline = world.pipeline()

    assert pipeline.status_of("commands", command()) == 200

    assert_one_order(world, pipeline)


# ------------------------------------------------------------------ QStash
@pytest.mark.parametrize("after_effect", [False, True])
def test_events_that_could_not_be_published_leave_with_the_next_delivery(
    world: World, after_effect: bool
) -> None:
    world.seed()
    pipeline = world.pipeline()
    pipeline.outbox.failing, pipeline.outbox.failing_after_effect = not after_effect, after_effect

    first = pipeline.status_of("commands", command())
    pipeline.outbox.failing = pipeline.outbox.failing_after_effect = False
    second = pipeline.status_of("commands", command(), retried=1)

    assert (first, second) == (503, 200)
    assert_one_order(world, pipeline)


def test_a_checkout_whose_command_could_not_leave_is_accepted_and_still_owed(world: World) -> None:
    world.seed()
    pipeline = world.pipeline()

    def down(_name: str) -> None:
        raise PublishError("QStash is down")

    pipeline.publisher = Around(pipeline.outbox, before=down)
    first = pipeline.checkout(checkout_payload())
    (owed,) = world.rows("checkouts")
    pipeline.publisher = pipeline.outbox
    second = pipeline.checkout(checkout_payload())
    pipeline.drain()

    assert (first["statusCode"], second["statusCode"]) == (202, 202)
    assert (owed["status"], "pendingShard" in owed) == ("accepted", True)
    assert len(world.rows("orders")) == 1


# ------------------------------------------------------------------ mail
@pytest.mark.parametrize(
    ("mode", "statuses", "sent", "state"),
    [
        ("throttled", [503, 200], 1, "sent"),
        ("lost_reply", [200, 200], 1, "unknown"),
        ("timeout", [200, 200], 0, "unknown"),
        ("refused", [489, 200], 1, "sent"),
    ],
)
def test_a_mail_goes_out_at_most_once_and_what_nobody_knows_is_kept_as_unknown(
    world: World, mode: str, statuses: list[int], sent: int, state: str
) -> None:
    world.seed()
    pipeline = world.pipeline()
    pipeline.post("commands", command())
    (mail,) = pipeline.outbox.of("notification.email")

    pipeline.mailer.mode = mode
    first = int(pipeline.send(mail)["statusCode"])
    pipeline.mailer.mode = "ok"
    second = int(pipeline.send(mail, retried=1)["statusCode"])

    # Beside the send itself, the table counts mails per recipient and hour.
    (record,) = (
        row for row in world.rows("notifications") if not str(row["id"]).startswith("cap#")
    )
    assert [first, second] == statuses
    assert len(pipeline.mailer.sent) == sent
    assert record["state"] == state


# ------------------------------------------------------------------ what DynamoDB cannot hold
@pytest.mark.parametrize("number", ["1." + "1" * 36, "9" * 24])
def test_numbers_as_long_as_they_may_be_are_kept_to_the_digit(world: World, number: str) -> None:
    body = (
        '{"eventId":"evt-a","eventType":"analytics.audit","timestamp":"2026-03-01T12:00:00Z",'
        '"version":"1.0","source":"api","payload":{"action":"a","entityType":"e",'
        f'"entityId":"1","newState":{{"n":{number}}}}}}}'
    )
    pipeline = world.pipeline()

    assert pipeline.status_of("analytics", body.encode()) == 200

    (entry,) = world.rows("audit")
    assert str(entry["newState"]["n"]) == number  # type: ignore[call-overload,index]
