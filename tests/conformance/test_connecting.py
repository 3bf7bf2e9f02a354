"""A deployed function's start against real services: the first event finds every door open."""

import gc
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from functions.checkout.settings import CheckoutSettings
from functions.commands.settings import CommandsSettings
from shared.contracts.envelope import read_event
from shared.contracts.topics import Topic
from shared.messaging.claims import ClaimState
from shared.messaging.compose import Ports
from shared.messaging.outbox import Outbound
from shared.messaging.ports import CorePorts
from shared.runtime import clients, compose, startup
from tests.builders import body_of, checkout_command
from tests.conformance.endpoint import Answer, Endpoint, Seen
from tests.conformance.messages import forwarding
from tests.conformance.redis_proxy import RedisProxy
from tests.pipeline import environment
from tests.services import Services, aws_environment, product_clients, unique

UNREACHABLE = "127.0.0.1:9"


class Surroundings:
    """DynamoDB and QStash behind endpoints that see who calls, Redis behind a proxy."""

    def __init__(self, services: Services, redis: RedisProxy, names: dict[str, str]) -> None:
        self.dynamodb, self.qstash, self.redis = Endpoint(), Endpoint(), redis
        self.dynamodb.respond = forwarding(services.aws_url)
        self.qstash.respond = accepting
        self.settings = (
            environment()
            | aws_environment(services)
            | {"AWS_ENDPOINT_URL": self.dynamodb.url, "QSTASH_URL": self.qstash.url}
            | {"REDIS_URL": redis.url}
            | {f"TABLE_{name.upper()}": physical for name, physical in names.items()}
        )

    def close(self) -> None:
        self.dynamodb.close()
        self.qstash.close()

    @contextmanager
    def initialising(
        self, patch: pytest.MonkeyPatch, kind: str | None, **changes: str
    ) -> Iterator[None]:
        """This process as Lambda starts it."""
        settings = self.settings | changes
        for name, value in settings.items():
            patch.setenv(name, value)
        if kind is not None:
            patch.setenv(startup.KIND, kind)
        clients.http_pool.cache_clear()
        try:
            with product_clients(settings):
                yield
        finally:
            clients.http_pool.cache_clear()
            gc.unfreeze()

    def operations(self) -> list[str]:
        return [s.headers["x-amz-target"].rpartition(".")[2] for s in self.dynamodb.seen]


def accepting(seen: Seen) -> Answer:
    if seen.method == "HEAD":
        return Answer(404)
    return Answer(200, json.dumps([{"messageId": "m"}] * len(json.loads(seen.body))).encode())


@pytest.fixture
def around(
    services: Services, redis_proxy: RedisProxy, physical_names: dict[str, str]
) -> Iterator[Surroundings]:
    surroundings = Surroundings(services, redis_proxy, physical_names)
    yield surroundings
    surroundings.close()


def consumer_ports() -> Ports:
    """Start the commands function, and keep what it was given."""
    given: list[Ports] = []

    def build(_settings: CommandsSettings, ports: Ports) -> Callable[..., dict[str, Any]]:
        given.append(ports)
        return lambda _event, _context: {"statusCode": 200}

    handler = startup.handler(compose.consumer_function(Topic.COMMANDS, CommandsSettings, build))
    if not given:
        handler({}, None)  # type: ignore[arg-type]
    return given[0]


def use(ports: Ports) -> None:
    """What a first event does."""
    event_id = unique("evt")
    assert ports.claims.claim(event_id, lease_seconds=5).state is ClaimState.CLAIMED
    ports.tables.get("ledger", {"id": event_id})
    command = read_event(body_of(checkout_command()), {"command.checkout": _command()})
    ports.publisher.publish([Outbound.of(command)])


def _command() -> type:
    from shared.contracts.commands import CheckoutCommand  # noqa: PLC0415 - one use

    return CheckoutCommand


def test_first_event_goes_over_the_connections_that_the_start_opened(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with around.initialising(monkeypatch, "on-demand"):
        ports = consumer_ports()
        opened = (around.operations(), [s.method for s in around.qstash.seen])
        use(ports)

    assert opened == (["GetItem"], ["HEAD"])
    assert around.redis.commands[0] == "PING"
    assert len({seen.caller for seen in around.dynamodb.seen}) == 1
    assert len({seen.caller for seen in around.qstash.seen}) == 1
    assert around.redis.connections == 1


def test_what_opens_the_connection_to_qstash_carries_no_token(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with around.initialising(monkeypatch, "provisioned-concurrency"):
        consumer_ports()

    (seen,) = around.qstash.seen
    assert "authorization" not in seen.headers


@pytest.mark.parametrize("kind", ["snap-start", None])
def test_nothing_is_opened_for_a_snapshot_nor_outside_of_a_start(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch, kind: str | None
) -> None:
    with around.initialising(monkeypatch, kind):
        consumer_ports()

    assert [*around.dynamodb.seen, *around.qstash.seen] == []
    assert around.redis.commands == []


def test_a_function_without_redis_opens_the_other_two(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(_settings: CheckoutSettings, _ports: CorePorts) -> Callable[..., dict[str, Any]]:
        return lambda _event, _context: {"statusCode": 200}

    with around.initialising(monkeypatch, "on-demand"):
        startup.handler(compose.plain_function("checkout", CheckoutSettings, build))

    assert around.operations() == ["BatchGetItem"]
    assert [seen.method for seen in around.qstash.seen] == ["HEAD"]
    assert around.redis.commands == []


def test_a_start_succeeds_when_nothing_answers(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And every port is as good as new: what comes back in time for the event is used."""
    down = {
        "AWS_ENDPOINT_URL": f"http://{UNREACHABLE}",
        "QSTASH_URL": f"http://{UNREACHABLE}",
        "REDIS_URL": f"redis://{UNREACHABLE}/0",
    }
    with around.initialising(monkeypatch, "on-demand", **down):
        ports = consumer_ports()

    assert ports.claims.claim(unique("evt"), lease_seconds=5).state is ClaimState.UNKNOWN


def test_a_connection_that_idled_away_before_the_first_event_is_simply_opened_again(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with around.initialising(monkeypatch, "provisioned-concurrency"):
        ports = consumer_ports()
        around.redis.hang_up_on_everybody()
        around.dynamodb.hang_up()
        around.qstash.hang_up()
        use(ports)

    assert around.redis.connections == 2
    assert len({seen.caller for seen in around.dynamodb.seen}) == 2
    assert len({seen.caller for seen in around.qstash.seen}) == 2
