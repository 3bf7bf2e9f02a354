"""What is there of a stack: which of its processes run, and what of it lies on disk."""

import json
from collections.abc import Mapping

from local.stack import pid_file, ports
from local.stack.home import Home
from local.stack.plan import Name, Part, StackSnapshot, names
from local.stack.processes import Process
from local.stack.stackfile import Stack

SNAPSHOT = "aws/snapshot.json"
QSTASH_JOURNAL = "qstash.jsonl"


class NotRunningError(Exception):
    """A part of the stack ended, and what was asked for needs it."""


def take(home: Home) -> StackSnapshot:
    """Look at the stack of this home."""
    is_kept = (home.state / SNAPSHOT).exists()
    kept = {Name.AWS: is_kept, Name.QSTASH: (home.state / QSTASH_JOURNAL).exists()}
    before = remembered_ports(home)
    return StackSnapshot(
        parts=tuple(_part(entry, before, kept) for entry in pid_file.read(home)),
        is_complete=home.stack_file.exists(),
        is_kept=is_kept,
    )


def running_stack(home: Home) -> Stack:
    """The stack, all of which runs.

    Raises:
        StackFileError: when none was brought up.
        NotRunningError: naming what ended.
    """
    stack = Stack.load(home)
    found = take(home)
    if found.dead:
        raise NotRunningError(f"{names(found.dead)} ended; `make up` mends it")
    return stack


def gone(home: Home, error: Exception) -> NotRunningError:
    """What it means that a part did not answer: a part that ended, if one did."""
    dead = take(home).dead
    why = f"{names(dead)} ended" if dead else f"the stack does not answer ({error})"
    return NotRunningError(f"{why}; `make up` mends it, `make status` says more")


def remember_port(home: Home, name: Name, port: int) -> None:
    """Where it listens, for the day when it has to be started again."""
    known = {**remembered_ports(home), name: port}
    partial = home.ports_file.with_suffix(".partial")
    partial.write_text(json.dumps({str(name): port for name, port in known.items()}))
    partial.replace(home.ports_file)


def remembered_ports(home: Home) -> dict[Name, int]:
    """Where the stack's processes listened last; a file that is none counts for nothing."""
    try:
        entries = json.loads(home.ports_file.read_text(encoding="utf-8"))
        return {Name(name): int(port) for name, port in entries.items()}
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        # Only a convenience: without it, free ports are chosen.
        return {}


def _part(process: Process, before: Mapping[Name, int], kept: Mapping[Name, bool]) -> Part:
    name = Name(process.name)
    port = before.get(name, 0)
    runs = process.is_running()
    return Part(
        name,
        runs=runs,
        port=port,
        port_is_free=runs or ports.is_free(port),
        is_kept=kept.get(name, False),
    )
