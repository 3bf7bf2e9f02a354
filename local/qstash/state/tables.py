"""Journalled tables: dictionaries and bounded logs whose every change is recorded first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from local.qstash.state.journal import Journal, Operation

Value = TypeVar("Value")


class Restorable(Protocol):
    """What the store needs of a table when it reads a journal back."""

    name: str

    def replay(self, key: str, record: Any) -> None:
        """Apply an operation read from the journal."""
        ...

    def snapshot(self) -> Iterable[Operation]:
        """Yield the operations that recreate the present content."""
        ...

    def clear(self) -> None:
        """Forget everything, without recording it."""
        ...


class Table(Generic[Value]):
    """A dictionary of records in the order of their first insertion."""

    def __init__(
        self,
        name: str,
        journal: Journal,
        *,
        encode: Callable[[Value], Any],
        decode: Callable[[Any], Value],
    ) -> None:
        self.name = name
        self._journal = journal
        self._encode = encode
        self._decode = decode
        self._rows: dict[str, Value] = {}

    def __iter__(self) -> Iterator[Value]:
        return iter(list(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def get(self, key: str) -> Value | None:
        """Return a record, None if there's none."""
        return self._rows.get(key)

    def items(self) -> list[tuple[str, Value]]:
        """Return all keys with their records."""
        return list(self._rows.items())

    def put(self, key: str, value: Value) -> None:
        """Insert or replace a record."""
        self._journal.record([self.name, key, self._encode(value)])
        self._rows[key] = value

    def delete(self, key: str) -> bool:
        """Remove a record; False if there was none."""
        if key not in self._rows:
            return False
        self._journal.record([self.name, key, None])
        del self._rows[key]
        return True

    def replay(self, key: str, record: Any) -> None:
        """Apply an operation read from the journal."""
        if record is None:
            self._rows.pop(key, None)
        else:
            self._rows[key] = self._decode(record)

    def snapshot(self) -> Iterable[Operation]:
        """Yield the operations that recreate the present content."""
        return ([self.name, key, self._encode(value)] for key, value in self._rows.items())

    def clear(self) -> None:
        """Forget everything, without recording it."""
        self._rows.clear()


class Log(Generic[Value]):
    """The newest entries of something that only grows, numbered for cursors."""

    def __init__(
        self,
        name: str,
        journal: Journal,
        *,
        encode: Callable[[Value], Any],
        decode: Callable[[Any], Value],
        capacity: int,
    ) -> None:
        self.name = name
        self._journal = journal
        self._encode = encode
        self._decode = decode
        self._entries: deque[tuple[int, Value]] = deque(maxlen=capacity)
        self._last = 0

    def append(self, value: Value) -> None:
        """Add an entry."""
        self._last += 1
        self._journal.record([self.name, str(self._last), self._encode(value)])
        self._entries.append((self._last, value))

    def newest_first(self) -> Iterator[tuple[int, Value]]:
        """Walk back from the latest entry."""
        return reversed(self._entries)

    def oldest_first(self) -> Iterator[tuple[int, Value]]:
        """Walk forward from the oldest entry that's still kept."""
        return iter(self._entries)

    def replay(self, key: str, record: Any) -> None:
        """Apply an operation read from the journal."""
        self._last = int(key)
        self._entries.append((self._last, self._decode(record)))

    def snapshot(self) -> Iterable[Operation]:
        """Yield the operations that recreate the present content."""
        return ([self.name, str(number), self._encode(value)] for number, value in self._entries)

    def clear(self) -> None:
        """Forget everything, without recording it; numbers start anew."""
        self._entries.clear()
        self._last = 0
