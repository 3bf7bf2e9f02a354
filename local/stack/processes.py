"""Start processes that outlive this program, and stop those and no others."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from local.stack import identity, private
from local.stack.home import ROOT, VARIABLE, Home

GRACE_SECONDS = 8.0
_POLL_SECONDS = 0.05


class StartError(Exception):
    """A process ended, or did not get ready in time; the message shows the end of its log."""


@dataclass(frozen=True, slots=True)
class Process:
    """One that we started, recorded so that it can be found again and never mistaken."""

    name: str
    pid: int
    started: str
    log: str
    # Only the program that started it has this; it is what lets the system forget the dead child.
    child: subprocess.Popen[bytes] | None = field(default=None, compare=False, repr=False)

    def is_running(self) -> bool:
        """Whether this very process still runs, not merely one with its number."""
        if self.child is not None:
            self.child.poll()
        sighting = identity.look(self.pid)
        return sighting is not None and not sighting.is_zombie and sighting.started == self.started

    def exit_code(self) -> int:
        """How it ended; waits for that, and can only be known by the program that started it."""
        if self.child is None:
            raise ValueError(f"{self.name} was started by another program")
        return self.child.wait()

    def to_json(self) -> dict[str, str | int]:
        """What `down` needs, for the processes file."""
        return {"name": self.name, "pid": self.pid, "started": self.started, "log": self.log}


@contextmanager
def interruptions_wait() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM until the block ends.

    Between a child's birth and the moment that we write its id down, an interruption would leave
    it without anybody to stop it. Only the main thread receives signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    before = {
        number: signal.signal(number, lambda caught, _frame: waiting.append(caught))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for caught in waiting:
            signal.raise_signal(caught)


def start(name: str, command: Sequence[str], home: Home, environment: Mapping[str, str]) -> Process:
    """Start it in a session of its own, with its output in the home's logs."""
    log = home.logs / f"{name}.log"
    if log.exists():
        # What a process said before it died is wanted when the next one runs already.
        log.replace(log.with_suffix(".before.log"))
    with log.open("wb") as output:
        child = subprocess.Popen(
            list(command),
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=private.UMASK,
        )
    sighting = identity.look(child.pid)
    if sighting is None:
        raise StartError(f"{name} ended at once:\n{tail(log)}")
    return Process(name, child.pid, sighting.started, str(log), child)


def wait_until(ready: Callable[[], bool], process: Process, limit: float) -> None:
    """Wait until the process says that it is ready.

    Raises:
        StartError: when it ends before, or takes longer than the limit.
    """
    deadline = time.monotonic() + limit
    while not ready():
        if not process.is_running():
            raise StartError(f"{process.name} ended:\n{tail(Path(process.log))}")
        if time.monotonic() > deadline:
            raise StartError(
                f"{process.name} was not ready in {limit:.0f} s:\n{tail(Path(process.log))}"
            )
        time.sleep(_POLL_SECONDS)


def stop(processes: Sequence[Process], home: Home, grace: float = GRACE_SECONDS) -> list[str]:
    """Stop them and what they started themselves; the names of those that were running."""
    running = [process for process in processes if process.is_running()]
    for process in running:
        _signal(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while any(process.is_running() for process in running) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    for process in running:
        if process.is_running():
            _signal(process.pid, signal.SIGKILL)
    for process in processes:
        _stop_leftovers(process, home)
        if process.child is not None:
            process.exit_code()
    return [process.name for process in running]


def run(
    name: str,
    command: Sequence[str],
    home: Home,
    environment: Mapping[str, str],
    remember: Callable[[Process], None],
) -> int:
    """Run a command to its end, with its output in the home's logs; its exit code.

    When this program is interrupted meanwhile, the command ends too, with all it started.

    Args:
        remember: told of the command the moment it exists: this program may be killed, too.
    """
    started: list[Process] = []
    try:
        with interruptions_wait():
            started.append(start(name, command, home, environment))
            remember(started[0])
        while started[0].is_running():
            time.sleep(_POLL_SECONDS)
    finally:
        stop(started, home)
    return started[0].exit_code()


def _stop_leftovers(process: Process, home: Home) -> None:
    """End children that a killed or crashed process left in its session.

    A session keeps its number as long as it has a member. If the number is a living process
    again, and not ours, the session is not ours either.
    """
    sighting = identity.look(process.pid)
    if sighting is not None and sighting.started != process.started:
        return
    mark = f"{VARIABLE}={home.folder}"
    deadline = time.monotonic() + GRACE_SECONDS
    while (pids := identity.members(process.pid, mark)) and time.monotonic() < deadline:
        for pid in pids:
            _signal(pid, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)


def _signal(pid: int, number: signal.Signals) -> None:
    # It may end between the look and the signal; that is what was wanted.
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def tail(log: Path, lines: int = 15) -> str:
    """The end of a log, indented for a message."""
    if not log.exists():
        return "    (no log)"
    said = log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    return "\n".join(f"    {line}" for line in said) or "    (its log is empty)"
