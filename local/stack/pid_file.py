"""What was started, on disk: written after every start, so that a crash leaves nothing unknown."""

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.stack.home import Home
from local.stack.processes import Process


class BusyError(Exception):
    """Another command is bringing this stack up or down."""


class RecordsError(Exception):
    """The list of processes is not one."""


def write(home: Home, processes: Sequence[Process]) -> None:
    """Remember these, and no others."""
    _write(home.processes_file, processes)


def read(home: Home) -> list[Process]:
    """What was started and not yet stopped, in order of starting.

    Raises:
        RecordsError: when something else wrote the file. Guessing would leave processes behind.
    """
    return _read(home, home.processes_file)


def begin_command(home: Home, process: Process) -> None:
    """Remember a command that this program waits for, in case that this program is killed."""
    _write(home.command_file, [process])


def end_command(home: Home) -> None:
    """The command has ended."""
    home.command_file.unlink(missing_ok=True)


def abandoned_command(home: Home) -> list[Process]:
    """A command whose program was killed before it ended, if there is one."""
    return _read(home, home.command_file)


def forget(home: Home) -> None:
    """Nothing is running any more."""
    home.processes_file.unlink(missing_ok=True)


@contextmanager
def exclusive(home: Home) -> Iterator[None]:
    """Hold the home while it changes.

    Raises:
        BusyError: when another command holds it.
    """
    with home.lock_file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(f"another command works on the stack in {home.folder}") from None
        yield


def _write(path: Path, processes: Sequence[Process]) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps([process.to_json() for process in processes], indent=2))
    partial.replace(path)


def _read(home: Home, path: Path) -> list[Process]:
    if not path.exists():
        return []
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return [
            Process(entry["name"], int(entry["pid"]), entry["started"], entry["log"])
            for entry in entries
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise RecordsError(
            f"{path} is not a list of processes ({error!r}). End those that still "
            f"write to {home.logs}, and remove the file"
        ) from error
