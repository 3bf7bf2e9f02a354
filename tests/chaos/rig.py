"""A stack of one's own with a handle on everything that can fail in it."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from local.stack import environment
from local.stack.client import StackClient
from local.stack.home import ROOT, Home
from local.stack.session import running_stack
from local.stack.stackfile import Stack
from local.terminal import Progress
from tests.chaos.mail_proxy import MailProxy
from tests.chaos.servers import QStash, Redis, port_of
from tests.chaos.workers import Lambda, Workers

_CONSUMERS = ("commands", "orders", "notifications", "inventory", "analytics")
# More than a laptop's share, so that invocations really meet.
_CONCURRENCY = "6"
# Retries must outlast the claim of a killed run (30 s) and still end while somebody watches.
_MOST_RETRY_AFTER = "16"
_COMMAND_SECONDS = 180


@dataclass(slots=True)
class Rig:
    """Everything under test, and everything that can be done to it."""

    home: Home
    stack: Stack
    client: StackClient
    qstash: QStash
    redis: Redis
    workers: Workers
    functions: Lambda
    mail: MailProxy

    def host(self, topic: str) -> str:
        """The host of a topic's function, as QStash knows it."""
        return str(urlsplit(self.stack.topics[topic]["url"]).hostname)

    def command(self, *arguments: str) -> list[str]:
        """An operator's command about this stack."""
        return [sys.executable, "-m", "ops", *arguments, "--stack", str(self.home.stack_file)]

    def operate(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run an operator's command to its end."""
        return subprocess.run(
            self.command(*arguments),
            check=False,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=environment.of_child(self.home),
            timeout=_COMMAND_SECONDS,
        )

    def audit(self) -> dict[str, Any]:
        """What the audit finds now, when nothing is under way."""
        done = self.operate("audit", "--minutes", "0", "--strict", "--json")
        if done.returncode not in {0, 1}:
            raise RuntimeError(f"the audit could not look: {done.stderr}")
        return dict(json.loads(done.stdout))


@contextmanager
def running_rig(home: Home, progress: Progress, chance: random.Random) -> Iterator[Rig]:
    """A rig, stopped at the end with all that was started, whatever happened in between."""
    settings = {"LOCAL_CONCURRENCY": _CONCURRENCY}
    with running_stack(home, progress, settings) as stack, ExitStack() as after:
        client = StackClient.connect(stack)
        after.callback(client.close)
        functions = Lambda.of(stack)
        mail = MailProxy(port_of(stack.aws.endpoint_url), chance)
        after.callback(mail.close)
        _prepare(functions, mail.start())
        redis = Redis.of(home, stack)
        after.callback(redis.server.close)
        qstash = QStash.of(home, stack)
        after.callback(qstash.server.close)
        yield Rig(home, stack, client, qstash, redis, Workers.of(stack), functions, mail)


def _prepare(functions: Lambda, mail_address: str) -> None:
    """Test-side settings of the deployed functions; the code is the deployed code."""
    for name in _CONSUMERS:
        extra = {"AWS_ENDPOINT_URL_SESV2": mail_address} if name == "notifications" else {}
        functions.tell(name, MAX_RETRY_AFTER=_MOST_RETRY_AFTER, **extra)
