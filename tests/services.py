"""The real services behind the ports, started once per test session and stopped by their own ids.

An AWS emulator, a Redis and the QStash dev server, on free loopback ports. QStash delivers whatever
is addressed to ``*.example.com`` to one endpoint inside the test process, where the test at hand
decides what becomes of it.
"""

import itertools
import os
import random
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.session
import httpx
import pytest
import redis as redis_client
import urllib3
from botocore.config import Config

from local.stack import aws, environment, ports, processes, qstash, redis
from local.stack.home import Home
from local.stack.processes import Process
from local.stack.qstash import Server
from shared.adapters.aws.credentials import EnvironmentCredentials
from shared.adapters.aws.json_client import JsonClient, Service
from shared.kernel.clock import SystemClock
from shared.runtime import botocore_clients, clients
from shared.storage.schema import TABLES, Table
from tests.conformance.endpoint import Endpoint
from tests.signing import CURRENT_KEY, NEXT_KEY

QSTASH_TOKEN = "token-for-tests"
# Delays and backoffs of QStash pass a thousand times faster.
TIME_SCALE = "0.001"
_START_LIMIT = 60.0
_KEY: pytest.StashKey["Services"] = pytest.StashKey()


def of_session(config: pytest.Config) -> "Services":
    """The services of this test session: started by whoever asks first, stopped when it ends."""
    if _KEY not in config.stash:
        services = Services.start()
        config.stash[_KEY] = services
        config.add_cleanup(services.stop)
    return config.stash[_KEY]


def unique(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


@dataclass
class Services:
    """Where they answer.

    Args:
        endpoint: what QStash delivers to.
    """

    home: Home
    aws_port: int
    redis_port: int
    qstash: qstash.Server
    endpoint: Endpoint
    started: list[Process]
    folder: "tempfile.TemporaryDirectory[str]"
    _opened: list[Any] = field(default_factory=list)

    @classmethod
    def start(cls) -> "Services":
        """Start all at once, then wait for each; on failure nothing is left running."""
        folder = tempfile.TemporaryDirectory(prefix="services-")
        home = Home(Path(folder.name))
        home.create()
        endpoint = Endpoint()
        aws_port, redis_port, qstash_port = (ports.choose("", {}) for _ in range(3))
        server = qstash.Server(
            f"http://{ports.LOOPBACK}:{qstash_port}", QSTASH_TOKEN, CURRENT_KEY, NEXT_KEY
        )
        services = cls(home, aws_port, redis_port, server, endpoint, [], folder)
        try:
            services._start_all(qstash_port)
        except BaseException:
            services.stop()
            raise
        return services

    def _start_all(self, qstash_port: int) -> None:
        settings = aws.process_environment(self.home, self.aws_port, {})
        # As in an account; left alone, the emulator takes what the machine has memory for.
        settings["LAMBDA_ACCOUNT_CONCURRENCY"] = "1000"
        emulator = self._launch("aws", aws.command(), settings)
        store = self._launch("redis", _redis_command(self.redis_port))
        messages = self._launch("qstash", _qstash_command(qstash_port, self.endpoint.port))
        processes.wait_until(lambda: redis.answers(self.redis_port), store, _START_LIMIT)
        processes.wait_until(lambda: qstash.is_ready(self.qstash), messages, _START_LIMIT)
        processes.wait_until(lambda: aws.is_ready(self.aws_port), emulator, _START_LIMIT)

    def _launch(
        self, name: str, command: list[str], settings: Mapping[str, str] | None = None
    ) -> Process:
        settings = settings or environment.of_child(self.home)
        process = processes.start(name, command, self.home, settings)
        self.started.append(process)
        return process

    def stop(self) -> None:
        """Stop what was started here, and nothing else."""
        for opened in self._opened:
            opened.close()
        processes.stop(self.started, self.home)
        self.endpoint.close()
        self.folder.cleanup()

    # ------------------------------------------------------------------ AWS
    @property
    def aws_url(self) -> str:
        """Where the emulator listens."""
        return aws.endpoint(self.aws_port)

    def client(self, service: str, **options: Any) -> Any:
        """A botocore client of the emulator, or of another ``endpoint_url``; closed at the end."""
        settings = {"retries": {"total_max_attempts": 1}, "max_pool_connections": 64, **options}
        endpoint_url = settings.pop("endpoint_url", self.aws_url)
        client = botocore.session.Session().create_client(
            service,
            region_name=environment.REGION,
            endpoint_url=endpoint_url,
            aws_access_key_id=environment.ACCESS_KEY_ID,
            aws_secret_access_key=environment.SECRET_ACCESS_KEY,
            config=Config(**settings),
        )
        self._opened.append(client)
        return client

    def aws(self, service: Service, *, endpoint_url: str = "") -> JsonClient:
        """The functions' own client of the emulator, for many threads, or of another address."""
        return JsonClient(
            service,
            endpoint_url or self.aws_url,
            environment.REGION,
            pool=urllib3.PoolManager(maxsize=128),
            credentials=EnvironmentCredentials(aws_environment(self)),
            clock=SystemClock(),
            jitter=random.random,
        )

    def create_tables(self, client: Any) -> dict[str, str]:
        """All tables of the schema under names of their own: logical to physical name."""
        prefix = unique("test")
        names = {name: f"{prefix}-{name}" for name in TABLES}
        for name, table in TABLES.items():
            client.create_table(TableName=names[name], **_definition(table))
        return names

    def mails(self, to: str) -> list[dict[str, Any]]:
        """What the emulator's SES sent to this address."""
        answer = httpx.get(f"{self.aws_url}/_ministack/ses/messages", trust_env=False)
        accounts = answer.raise_for_status().json()["messages"]
        return [mail for sent in accounts.values() for mail in sent if to in mail["To"]]

    # ------------------------------------------------------------------ Redis
    @property
    def redis_url(self) -> str:
        """Where Redis listens."""
        return f"redis://{ports.LOOPBACK}:{self.redis_port}/0"

    @contextmanager
    def redis(self, url: str = "") -> Iterator["redis_client.Redis"]:
        """A client as the functions have it."""
        client = clients.redis(url or self.redis_url)
        try:
            yield client
        finally:
            client.close()

    @contextmanager
    def another_redis(self) -> Iterator[tuple[str, Process]]:
        """A Redis that a test may stop."""
        port = ports.choose("", {})
        process = self._launch(unique("redis"), _redis_command(port))
        try:
            processes.wait_until(lambda: redis.answers(port), process, _START_LIMIT)
            yield f"redis://{ports.LOOPBACK}:{port}/0", process
        finally:
            self.stop_process(process)

    def stop_process(self, process: Process) -> None:
        """Stop one of ours now."""
        processes.stop([process], self.home)

    # ------------------------------------------------------------------ QStash
    def qstash_call(self, method: str, path: str, body: object = None) -> Any:
        """Ask the QStash server something; its JSON, if any."""
        headers = {"Authorization": f"Bearer {self.qstash.token}"}
        answer = httpx.request(
            method, f"{self.qstash.url}{path}", json=body, headers=headers, trust_env=False
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    @contextmanager
    def another_qstash(self, token: str, *options: str, parallelism: int = 10) -> Iterator[Server]:
        """A QStash with keys of its own, which a test may rotate.

        Args:
            options: further ones of its command line.
        """
        port = ports.choose("", {})
        command = _qstash_command(port, self.endpoint.port, token)
        command += ["--parallelism", str(parallelism), *options]
        process = self._launch(unique("qstash"), command)
        server = qstash.Server(f"http://{ports.LOOPBACK}:{port}", token, CURRENT_KEY, NEXT_KEY)
        try:
            processes.wait_until(lambda: qstash.is_ready(server), process, _START_LIMIT)
            yield server
        finally:
            self.stop_process(process)

    def reset_qstash(self) -> None:
        """No messages, no chaos, and an endpoint that has seen nothing."""
        self.qstash_call("POST", "/_dev/reset")
        self.endpoint.reset()


def aws_environment(services: Services) -> dict[str, str]:
    """What a process is told so that its AWS clients talk to the emulator and to no other AWS."""
    return environment.of_aws_client(services.home, services.aws_url)


@contextmanager
def product_clients(settings: Mapping[str, str]) -> Iterator[None]:
    """The product's own cached clients, made in this environment and forgotten afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            if name.startswith("AWS_"):
                patch.setenv(name, value)
        clients.forget()
        botocore_clients.forget()
        try:
            yield
        finally:
            clients.forget()
            botocore_clients.forget()


def _redis_command(port: int) -> list[str]:
    return redis.choose({"PATH": os.environ.get("PATH", os.defpath)}).command(port)


def _qstash_command(port: int, endpoint_port: int, token: str = QSTASH_TOKEN) -> list[str]:
    return [
        *[sys.executable, "-m", "local.qstash", "--port", str(port)],
        *["--route", f"*.example.com={ports.LOOPBACK}:{endpoint_port}"],
        *["--token", token, "--time-scale", TIME_SCALE],
        *["--current-signing-key", CURRENT_KEY, "--next-signing-key", NEXT_KEY],
    ]


def _definition(table: Table) -> dict[str, Any]:
    indexes = [
        {
            "IndexName": index.name,
            "KeySchema": _key_schema((index.partition, index.sort)),
            "Projection": {"ProjectionType": "KEYS_ONLY" if index.keys_only else "ALL"},
        }
        for index in table.indexes
    ]
    keys = [(table.partition, table.sort), *((i.partition, i.sort) for i in table.indexes)]
    attributes = sorted({name for name in itertools.chain(*keys) if name is not None})
    return {
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _key_schema((table.partition, table.sort)),
        "AttributeDefinitions": [{"AttributeName": a, "AttributeType": "S"} for a in attributes],
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    }


def _key_schema(names: tuple[str, str | None]) -> list[dict[str, str]]:
    return [
        {"AttributeName": name, "KeyType": kind}
        for name, kind in zip(names, ("HASH", "RANGE"), strict=True)
        if name is not None
    ]
