"""The three servers under a stack: the AWS emulator, Redis, QStash."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from local.stack import aws, environment, ports, processes, qstash, redis
from local.stack.home import Home
from local.stack.plan import Name, moved
from local.stack.processes import Process, StartError
from local.stack.stackfile import Stack
from local.stack.survey import QSTASH_JOURNAL, remember_port, remembered_ports
from local.terminal import Progress

AWS_PORT_VARIABLE = "LOCAL_AWS_PORT"
REDIS_PORT_VARIABLE = "LOCAL_REDIS_PORT"
QSTASH_PORT_VARIABLE = "LOCAL_QSTASH_PORT"
# Generous: a cold disk, or two stacks starting on two cores.
_START_LIMIT = 60.0


@dataclass(frozen=True, slots=True)
class Servers:
    """Where they answer."""

    aws_url: str
    redis_url: str
    qstash: qstash.Server
    qstash_is_ours: bool


@dataclass(frozen=True, slots=True)
class _Wait:
    title: str
    process: Process
    is_ready: Callable[[], bool]
    note: str


@dataclass(frozen=True, slots=True)
class Launcher:
    """Starts them all at once, then waits for each.

    Args:
        remember: told of every process the moment it exists.
    """

    home: Home
    progress: Progress
    environ: Mapping[str, str]
    remember: Callable[[Process], None]

    def start(self) -> Servers:
        """Start what is needed, where it was before if that is possible; wait until it answers.

        Raises:
            StartError, PortError, RedisError: with what to do about it.
        """
        aws_port = self._port(Name.AWS, AWS_PORT_VARIABLE)
        waits = [self._start_aws(aws_port)]
        redis_port = self._port(Name.REDIS, REDIS_PORT_VARIABLE)
        waits.append(self._start_redis(redis_port))
        server = qstash.running_already(self.environ)
        is_ours = server is None
        if server is not None and not qstash.is_ready(server):
            raise StartError(f"no QStash dev server answers at {qstash.URL_VARIABLE}={server.url}")
        if server is None:
            qstash_port = self._port(Name.QSTASH, QSTASH_PORT_VARIABLE)
            server = qstash.Server(f"http://{ports.LOOPBACK}:{qstash_port}")
            waits.append(self._start_qstash(server, qstash_port, aws_port))
        self._await(waits)
        return Servers(
            aws_url=aws.endpoint(aws_port),
            redis_url=f"redis://{ports.LOOPBACK}:{redis_port}/0",
            qstash=qstash.with_its_keys(server),
            qstash_is_ours=is_ours,
        )

    def start_again(self, names: Sequence[Name], stack: Stack) -> None:
        """Start those that died, each on the port it had, and wait until they answer.

        Raises:
            StartError: with the end of the log of the one that did not.
        """
        port = remembered_ports(self.home)
        starts = {
            Name.AWS: lambda: self._start_aws(port[Name.AWS]),
            Name.REDIS: lambda: self._start_redis(port[Name.REDIS]),
            Name.QSTASH: lambda: self._start_qstash(
                qstash.Server(**stack.qstash), port[Name.QSTASH], port[Name.AWS]
            ),
        }
        self._await([starts[name]() for name in names])

    def _port(self, name: Name, variable: str) -> int:
        before = remembered_ports(self.home).get(name)
        port = ports.choose(variable, self.environ, before)
        if word := moved(name, before, port):
            self.progress.terminal.line(f"  {word}")
        remember_port(self.home, name, port)
        return port

    def _await(self, waits: Sequence[_Wait]) -> None:
        for wait in waits:
            with self.progress.step(wait.title) as step:
                step.note(wait.note)
                processes.wait_until(wait.is_ready, wait.process, _START_LIMIT)

    def _start_aws(self, port: int) -> _Wait:
        settings = aws.process_environment(self.home, port, self.environ)
        process = self._launch("aws", aws.command(), settings)
        return _Wait("AWS emulator", process, lambda: aws.is_ready(port), f"port {port}")

    def _start_redis(self, port: int) -> _Wait:
        flavour = redis.choose(self.environ)
        process = self._launch("redis", flavour.command(port))
        note = f"{flavour.name}, port {port}"
        return _Wait("Redis", process, lambda: redis.answers(port), note)

    def _start_qstash(self, server: qstash.Server, port: int, aws_port: int) -> _Wait:
        command = qstash.command(port, aws_port, self.environ)
        kept = ["--state-file", str(self.home.state / QSTASH_JOURNAL)]
        process = self._launch("qstash", [*command, *kept])
        return _Wait("QStash dev server", process, lambda: qstash.is_ready(server), f"port {port}")

    def _launch(
        self, name: str, command: Sequence[str], settings: Mapping[str, str] | None = None
    ) -> Process:
        with processes.interruptions_wait():
            process = processes.start(
                name, command, self.home, settings or environment.of_child(self.home)
            )
            self.remember(process)
        return process
