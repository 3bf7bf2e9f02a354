"""The state file: an append-only journal, one line per change, written before the change is answered.

A line is a JSON array of operations that belong together, handed to the operating system in a single write. A killed
process therefore loses nothing it has answered for, and at worst leaves half a line at the end, which the next start
cuts off. (A machine that loses power may lose the last seconds: the journal doesn't wait for the disk.) At start the
file is compacted to what is still alive.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from local.qstash.errors import StateFileError

FORMAT = {"format": "qstash-dev-journal", "version": 1}

Operation = list[Any]  # [table, key, value]; a null value deletes


class Journal(Protocol):
    """Where tables record their changes."""

    def record(self, operation: Operation) -> None:
        """Write a change, or keep it for the end of the batch that's open."""
        ...

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Make all changes inside one line: after a crash, either all of them happened or none."""
        ...


class NoJournal:
    """Keeps nothing: the state ends with the process."""

    def record(self, operation: Operation) -> None:
        """Do nothing."""

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Do nothing."""
        yield


class FileJournal:
    """A journal in a file that only this process may hold.

    Args:
        head: the first line, by which a reader knows whose file it is.
    """

    def __init__(self, path: Path, head: Mapping[str, object] = FORMAT) -> None:
        self._path = path
        self._head = dict(head)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._depth = 0
        self._batch: list[Operation] = []
        self._lock()
        self._check_not_replaced()

    def read(self) -> Iterator[Operation]:
        """Yield every operation ever recorded, oldest first."""
        content = self._path.read_bytes()
        complete, _, _torn = content.rpartition(b"\n")
        lines = complete.split(b"\n") if complete else []
        for number, line in enumerate(lines, start=1):
            try:
                entry = json.loads(line)
            except ValueError as error:
                raise StateFileError(f"{self._path}: line {number} is damaged") from error
            if number == 1:
                if entry != self._head:
                    raise StateFileError(f"{self._path} isn't a state file of this server")
                continue
            yield from entry

    def compact(self, operations: Iterable[Operation]) -> None:
        """Replace the file, in one step, by one that holds just these operations."""
        fresh = self._path.with_name(self._path.name + ".new")
        with fresh.open("wb") as stream:
            os.fchmod(stream.fileno(), 0o600)
            stream.write(_line(self._head))
            stream.writelines(_line([operation]) for operation in operations)
            stream.flush()
            os.fsync(stream.fileno())
        replacement = os.open(fresh, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        previous, self._file = self._file, replacement
        # Locked before it takes the name, so that no other server can slip in between.
        self._lock()
        fresh.replace(self._path)
        os.close(previous)

    def record(self, operation: Operation) -> None:
        """Write a change, or keep it for the end of the batch that's open."""
        if self._depth:
            self._batch.append(operation)
        else:
            self._write([operation])

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Make all changes inside one line. What was changed in memory is written even if the rest fails."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth and self._batch:
                operations, self._batch = self._batch, []
                self._write(operations)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StateFileError(f"{self._path} is in use by another server") from error

    def _check_not_replaced(self) -> None:
        # Between our open and our lock another starting server may have put its own file in place.
        if not os.path.samestat(os.fstat(self._file), self._path.stat()):
            raise StateFileError(f"{self._path} is in use by another server")

    def _write(self, operations: list[Operation]) -> None:
        line = _line(operations)
        written = 0
        try:
            while written < len(line):
                written += os.write(self._file, line[written:])
        except OSError:
            # A full disk: without this, the next line would be glued to the half of this one.
            os.ftruncate(self._file, os.fstat(self._file).st_size - written)
            raise


def _line(entry: object) -> bytes:
    return json.dumps(entry, separators=(",", ":")).encode() + b"\n"
