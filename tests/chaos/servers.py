"""The servers under a stack that a run may kill and start again, on the port where they were."""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import redis as redis_client

from local.stack import environment, identity, ports, processes, qstash, redis
from local.stack.home import Home
from local.stack.polling import wait_for
from local.stack.processes import Process
from local.stack.stackfile import Stack

_START_LIMIT = 60.0
# QStash tries a failure callback again after 12 s, 2.5 min and half an hour; nobody watches that
# long. What a function asks for with Retry-After is not shortened.
TIME_SCALE = 0.05
# A port that nothing listens on: every connection is refused.
_NOBODY = 1


@dataclass(slots=True)
class Server:
    """One process after another that serve one port. The first is the stack's own.

    Args:
        pid: the running one, 0 if none is.
    """

    home: Home
    name: str
    port: int
    pid: int
    is_ready: Callable[[], bool]
    kills: int = 0
    _started: list[Process] = field(default_factory=list)

    def kill(self) -> None:
        """SIGKILL: no goodbye, nothing saved; returns once the port is free."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            wait_for(lambda: _has_ended(self.pid) or None, f"{self.name} ends", limit=10)
            self.pid, self.kills = 0, self.kills + 1

    def start(self, command: Sequence[str]) -> None:
        """Start the next one and wait until it answers."""
        name = f"{self.name}-{len(self._started) + 2}"
        process = processes.start(name, command, self.home, environment.of_child(self.home))
        self._started.append(process)
        self.pid = process.pid
        processes.wait_until(self.is_ready, process, _START_LIMIT)

    def pause(self) -> None:
        """It keeps its connections and answers nobody."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """It goes on as if nothing had happened."""
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """Stop what was started here; the stack's own is the stack's to stop."""
        processes.stop(self._started, self.home)


def _has_ended(pid: int) -> bool:
    sighting = identity.look(pid)
    return sighting is None or sighting.is_zombie


def port_of(url: str) -> int:
    """The port in an address."""
    return int(urlsplit(url).port or 0)


@dataclass(slots=True)
class Redis:
    """The stack's Redis."""

    server: Server

    @classmethod
    def of(cls, home: Home, stack: Stack) -> "Redis":
        """The one that runs."""
        port = port_of(stack.redis_url)
        pid = stack.pids["redis"]
        return cls(Server(home, "redis", port, pid, lambda: redis.answers(port)))

    def flush(self) -> None:
        """It forgets everything."""
        with redis_client.Redis(port=self.server.port, socket_timeout=5) as connection:
            connection.flushall()

    def restart(self) -> None:
        """A new one that knows nothing."""
        flavour = redis.choose({"PATH": os.environ.get("PATH", os.defpath)})
        self.server.start(flavour.command(self.server.port))


@dataclass(slots=True)
class QStash:
    """The stack's QStash dev server, with its journal on disk.

    Args:
        delivered: requests made to functions as far as they were counted; ``copies`` of these
            were second deliveries, ``failed`` were not answered with 200.
        time_scale: of the backoff, from the next start on.
    """

    server: Server
    address: qstash.Server
    aws_port: int
    journal: Path
    delivered: int = 0
    copies: int = 0
    failed: int = 0
    time_scale: float = TIME_SCALE
    _wanted_copies: int = 1
    _counted: int = 0

    @classmethod
    def of(cls, home: Home, stack: Stack) -> "QStash":
        """The one that runs, replaced at once by one that survives being killed."""
        address = qstash.Server(**stack.qstash)
        port = port_of(address.url)
        server = Server(
            home, "qstash", port, stack.pids["qstash"], lambda: qstash.is_ready(address)
        )
        journal = home.scratch / "qstash.journal"
        found = cls(server, address, port_of(stack.aws.endpoint_url), journal)
        server.kill()
        server.kills = 0
        found.restart()
        return found

    def restart(self, *, unreachable: Sequence[str] = ()) -> None:
        """Start it on its journal; hosts that are unreachable refuse every connection."""
        settings = {qstash.TIME_SCALE_VARIABLE: str(self.time_scale)}
        base = qstash.command(self.server.port, self.aws_port, settings)
        routes = [f"--route={host}={ports.LOOPBACK}:{_NOBODY}" for host in unreachable]
        kept = ["--state-file", str(self.journal)]
        # The first route that matches wins, so these go before the stack's own.
        self.server.start([*base[:3], *routes, *base[3:], *kept])
        self.duplicate(self._wanted_copies)

    def duplicate(self, copies: int) -> None:
        """Make every delivery so many requests at once."""
        self._wanted_copies = copies
        self._call("POST", "duplicate", {"copies": copies})

    def health(self) -> dict[str, Any]:
        """How busy it is."""
        return dict(self._call("GET", "health"))

    def due(self) -> int:
        """How many messages wait to be delivered now; none where it is down."""
        try:
            health = self.health()
        except httpx.HTTPError:
            return 0
        return int(health["due"]) + int(health["inFlight"])

    def tally(self) -> None:
        """Add what was delivered since the last time to the figures."""
        log = self._call("GET", f"deliveries?after={self._counted}")["deliveries"]
        self._counted = log[-1]["number"] if log else self._counted
        self.delivered += len(log)
        self.copies += sum(1 for entry in log if entry["copy"])
        self.failed += sum(1 for entry in log if entry["status"] != 200)

    def _call(self, method: str, name: str, body: object = None) -> Any:
        answer = httpx.request(
            method,
            f"{self.address.url}/_dev/{name}",
            json=body,
            headers={"Authorization": f"Bearer {self.address.token}"},
            trust_env=False,
            timeout=30,
        )
        return answer.raise_for_status().json()
