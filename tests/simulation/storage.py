"""The tables of the simulated account: watched at every commit, with an index that can lag."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.storage.schema import TABLES
from shared.storage.writes import Item, Key, Put, Write
from tests.fakes.tables import InMemoryTables

Identity = tuple[str, ...]
# Seconds that an index may be behind its table.
_LAG = 3.0


@dataclass(frozen=True)
class Change:
    """One item before and after a commit; None where there is no item."""

    table: str
    key: Identity
    before: Item | None
    after: Item | None


Commit = Sequence[Change]


class WatchedTables(InMemoryTables):
    """The in-memory tables that the conformance suite holds to DynamoDB, and who looks on.

    Args:
        now: virtual seconds.
        watch: told of every commit, after it took effect.
    """

    def __init__(self, now: Callable[[], float], watch: Callable[[Commit], None]) -> None:
        super().__init__()
        self._now, self._watch = now, watch
        self._before: dict[tuple[str, Identity], tuple[float, Item | None]] = {}

    def transact(self, writes: Sequence[Write]) -> None:
        items = [(write.table, _identity(write)) for write in writes]
        before = [self._rows[table].get(key) for table, key in items]
        super().transact(writes)
        commit = [
            Change(table, key, item, self._rows[table].get(key))
            for (table, key), item in zip(items, before, strict=True)
        ]
        for change in commit:
            if TABLES[change.table].indexes:
                self._before[(change.table, change.key)] = (self._now(), change.before)
        self._watch(commit)

    # Reads give out the rows themselves: copying each took a third of a run, and whoever changed
    # one would have to defy its type.
    def get(self, table: str, key: Key) -> Item | None:
        return self._rows[table].get(_identity_of(table, key))

    def get_many(self, keys: Sequence[tuple[str, Key]]) -> list[Item | None]:
        return [self.get(table, key) for table, key in keys]

    def query(
        self,
        table: str,
        value: str,
        *,
        index: str | None = None,
        newest_first: bool = False,
        limit: int = 100,
    ) -> list[Item]:
        return _selected(self._rows[table], table, value, index, newest_first, limit)

    def stale_query(
        self,
        table: str,
        value: str,
        *,
        index: str | None = None,
        newest_first: bool = False,
        limit: int = 100,
    ) -> list[Item]:
        """A query of an index that has not seen the changes of the last seconds."""
        rows = dict(self._rows[table])
        for (name, key), (since, before) in self._before.items():
            if name == table and since > self._now() - _LAG:
                rows.pop(key, None)
                if before is not None:
                    rows[key] = before
        return _selected(rows, table, value, index, newest_first, limit)

    def row(self, table: str, *key: str) -> Item | None:
        """An item, without a call that anybody sees."""
        return self._rows[table].get(key)

    def snapshot(self) -> dict[str, list[Item]]:
        """Every row of every table, in a fixed order."""
        return {name: [rows[key] for key in sorted(rows)] for name, rows in self._rows.items()}


def _identity(write: Write) -> Identity:
    return _identity_of(write.table, write.item if isinstance(write, Put) else write.key)


def _identity_of(table: str, key: Mapping[str, Any]) -> Identity:
    return tuple(str(key[name]) for name in TABLES[table].key_names())


def _selected(
    rows: Mapping[Identity, Item],
    table: str,
    value: str,
    index: str | None,
    newest_first: bool,
    limit: int,
) -> list[Item]:
    schema = TABLES[table]
    by = schema if index is None else next(i for i in schema.indexes if i.name == index)
    found = [row for row in rows.values() if row.get(by.partition) == value]
    if by.sort is not None:
        name = by.sort
        found = sorted((row for row in found if name in row), key=lambda row: str(row[name]))
    return (found[::-1] if newest_first else found)[:limit]


def text(item: Mapping[str, Any] | None, name: str) -> str | None:
    """An attribute as text, None where it is absent."""
    value = None if item is None else item.get(name)
    return None if value is None else str(value)
