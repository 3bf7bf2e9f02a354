"""Everything a measured handler talks to, on loopback, and the environment that says so."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from benchmarks import servers
from benchmarks.events import API_URL, CATALOGUE, URLS
from benchmarks.servers import CountingServer
from local.stack import ports, redis
from shared.storage.schema import TABLES
from tests.conformance.redis_proxy import RedisProxy
from tests.order_ids import ORDER_ID_KEY
from tests.signing import CURRENT_KEY, NEXT_KEY

_TOKEN = "token-of-the-benchmark"  # noqa: S105 - our own QStash takes any
_SECRETS = {
    "QSTASH_TOKEN": _TOKEN,
    "QSTASH_CURRENT_SIGNING_KEY": CURRENT_KEY,
    "QSTASH_NEXT_SIGNING_KEY": NEXT_KEY,
    "ORDER_ID_KEY": ORDER_ID_KEY,
}
_REDIS_SECONDS = 20.0


class NoRedisError(RuntimeError):
    """The Redis of this machine did not start."""


@dataclass(frozen=True, slots=True)
class World:
    """The servers.

    Args:
        redis_flavour: which Redis it is; ``fakeredis`` says nothing about the time of a real one.
    """

    dynamodb: CountingServer
    ssm: CountingServer
    qstash: CountingServer
    redis_port: int
    redis_flavour: str
    proxy: RedisProxy

    @property
    def redis_url(self) -> str:
        """Redis itself."""
        return f"redis://{ports.LOOPBACK}:{self.redis_port}/0"

    def environment(self, *, counting: bool = False) -> dict[str, str]:
        """A complete environment of any function, as Lambda gives it while it initialises.

        Args:
            counting: go to Redis through the proxy that counts.
        """
        return {
            # Powertools times something else where it does not believe to be in Lambda.
            "LAMBDA_TASK_ROOT": "/var/task",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret-of-the-benchmark",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb.url,
            "AWS_ENDPOINT_URL_SSM": self.ssm.url,
            "STAGE": "bench",
            "QSTASH_URL": self.qstash.url,
            "REDIS_URL": self.proxy.url if counting else self.redis_url,
            "SENDER_ADDRESS": "orders@shop.example",
            "SES_CONFIGURATION_SET": "orders",
            "ALERT_ADDRESS": "stock@shop.example",
            "STOREFRONT_AUTH": "none",
            "CHECKOUT_TRUST": "open",
            "MAX_UNITS_PER_ORDER": "1000000",
            "UNITS_PER_ADDRESS_HOUR": "100000000",
            **_SECRETS,
            "API_URL": API_URL,
            **{f"{topic.upper()}_URL": url for topic, url in URLS.items()},
            **{f"TABLE_{name.upper()}": f"bench-{name}" for name in TABLES},
        }

    def environment_with_parameters(self) -> dict[str, str]:
        """The same, but secrets and addresses are read from SSM, as a deployed function does."""
        addresses = ["API_URL", *(f"{topic.upper()}_URL" for topic in URLS)]
        in_ssm = {*_SECRETS, "REDIS_URL", *addresses}
        environ = {name: v for name, v in self.environment().items() if name not in in_ssm}
        return environ | {"CONFIG_PREFIX": "/order-pipeline/bench"}

    @property
    def connections(self) -> int:
        """How many were opened since the counting began."""
        opened = sum(server.connections for server in (self.dynamodb, self.ssm, self.qstash))
        return opened + self.proxy.connections

    def reset(self) -> None:
        """Count from zero."""
        for server in (self.dynamodb, self.ssm, self.qstash):
            server.reset()
        self.proxy.commands.clear()
        self.proxy.connections = 0


@contextmanager
def world() -> Iterator[World]:
    """Start everything; stop it again, whatever happens.

    Raises:
        NoRedisError: Redis did not answer in time.
    """
    with ExitStack() as stack:
        port, flavour = stack.enter_context(_redis())
        parameters = {
            **_SECRETS,
            "REDIS_URL": f"redis://{ports.LOOPBACK}:{port}/0",
            "api": API_URL,
            **URLS,
        }
        dynamodb = CountingServer(servers.dynamodb(CATALOGUE))
        stack.callback(dynamodb.close)
        ssm = CountingServer(servers.ssm(parameters))
        stack.callback(ssm.close)
        qstash = CountingServer(servers.qstash)
        stack.callback(qstash.close)
        proxy = RedisProxy(port)
        stack.callback(proxy.close)
        yield World(dynamodb, ssm, qstash, port, flavour, proxy)


@contextmanager
def _redis() -> Iterator[tuple[int, str]]:
    flavour = redis.choose({})
    port = ports.choose("", {})
    with subprocess.Popen(
        flavour.command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for_redis(port, process)
            yield port, flavour.name
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()


def _wait_for_redis(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _REDIS_SECONDS
    while not redis.answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise NoRedisError(f"Redis did not answer on port {port}")
        time.sleep(0.02)
