"""What the shop's use changes: rows, mails and texts, noted for the journal.

The emulator stores and removes every row through two functions of its own; both are watched.
Mails and texts are lists that only grow.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from local.stack.state import inside

Operation = list[Any]  # [kind, key, value]; a null value deletes

_ROW, _MAIL, _TEXT = "row", "mail", "text"


class Changes:
    """Collects what changed since it was asked last."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], dict[str, Any]] = {}
        # The emulator's own thread removes rows whose time is over.
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, ...], tuple[list[Any], int]] = {}

    def watch(self) -> None:
        """Hook into the emulator of this process; what its lists hold by now is no change."""
        dynamodb = inside.service("dynamodb")
        for name in ("_set_item", "_remove_item"):
            dynamodb[name] = self._noting(dynamodb[name])
        self.collect()

    def collect(self) -> list[Operation]:
        """Every change since the last call, as it is now."""
        with self._lock:
            rows, self._rows = self._rows, {}
        found = [[_ROW, list(key), _row(table, key)] for key, table in rows.items()]
        for kind, owner, entries in _lists():
            known = self._known((kind, *owner), entries)
            found += [[kind, [*owner, n], entries[n]] for n in range(known, len(entries))]
            self._seen[(kind, *owner)] = (entries, len(entries))
        return found

    def _known(self, key: tuple[str, ...], entries: list[Any]) -> int:
        """How many of them are no news. Who empties the mailbox begins another list."""
        before, length = self._seen.get(key, (entries, 0))
        return length if before is entries else 0

    def _noting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def noting(table: dict[str, Any], pk: str, sk: str, *rest: Any) -> Any:
            result = function(table, pk, sk, *rest)
            with self._lock:
                self._rows[(table["TableArn"], pk, sk)] = table
            return result

        return noting


def replay(operations: Iterable[Operation]) -> None:
    """Make the changes again, in order, on what a snapshot restored."""
    dynamodb, tables = inside.service("dynamodb"), inside.tables()
    for kind, key, value in operations:
        if kind != _ROW:
            _replay_message(kind, key, value)
        elif key[0] in tables:  # a table that was made by hand a moment before may be missing
            table, (_, pk, sk) = tables[key[0]], key
            if value is None:
                dynamodb["_remove_item"](table, pk, sk)
            else:
                dynamodb["_set_item"](table, pk, sk, value)


def forget_messages() -> None:
    """Empty the mailbox, and the account of texts."""
    for store in _stores().values():
        store.clear()


def _replay_message(kind: str, key: list[Any], value: Any) -> None:
    account, region, name, position = key
    store = _stores()[kind]
    entries = store.get_scoped(account, region, name)
    if entries is None:
        entries = []
        store.set_scoped(account, region, name, entries)
    if position == len(entries):
        entries.append(value)


def _row(table: dict[str, Any], key: tuple[str, str, str]) -> Any:
    _, pk, sk = key
    return table["items"].get(pk, {}).get(sk)


def _stores() -> dict[str, Any]:
    return {_MAIL: inside.mailbox(), _TEXT: inside.texts()}


def _lists() -> Iterator[tuple[str, tuple[str, ...], list[Any]]]:
    for kind, store in _stores().items():
        for owner, entries in store.all_items():
            yield kind, owner, entries
