"""What was started, on disk: written after every start, so that a crash leaves nothing unknown."""

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from local.stack.home import Home
from local.stack.processes import Process


class BusyError(Exception):
    """Another command is bringing this stack up or down."""


class RecordsError(Exception):
    """The list of processes is not one."""


def write(home: Home, processes: Sequence[Process]) -> None:
    """Remember these, and no others."""
    partial = home.processes_file.with_suffix(".partial")
    partial.write_text(json.dumps([process.to_json() for process in processes], indent=2))
    partial.replace(home.processes_file)


def read(home: Home) -> list[Process]:
    """What was started and not yet stopped, in order of starting.

    Raises:
        RecordsError: when something else wrote the file. Guessing would leave processes behind.
    """
    if not home.processes_file.exists():
        return []
    try:
        entries = json.loads(home.processes_file.read_text(encoding="utf-8"))
        return [
            Process(entry["name"], int(entry["pid"]), entry["started"], entry["log"])
            for entry in entries
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise RecordsError(
            f"{home.processes_file} is not a list of processes ({error!r}). End those that still "
            f"write to {home.logs}, and remove the file"
        ) from error


def forget(home: Home) -> None:
    """Nothing is running any more."""
    home.processes_file.unlink(missing_ok=True)


@contextmanager
def exclusive(home: Home) -> Iterator[None]:
    """Hold the home while it changes.

    Raises:
        BusyError: when somebody else holds it.
    """
    with home.lock_file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(f"another command works on the stack in {home.folder}") from None
        yield
