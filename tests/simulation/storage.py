"""The tables of the simulated account: watched at every commit, with an index that can lag."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.schema import TABLES
from shared.writes import Item, Put, Write
from tests.fakes.tables import InMemoryTables

Identity = tuple[str, ...]


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

    def stale_query(
        self,
        table: str,
        value: str,
        *,
        index: str | None = None,
        newest_first: bool = False,
        limit: int = 100,
        lag: float = 3.0,
    ) -> list[Item]:
        """A query of an index that has not seen the changes of the last seconds."""
        lagging = InMemoryTables()
        rows = dict(self._rows[table])
        for (name, key), (since, before) in self._before.items():
            if name == table and since > self._now() - lag:
                rows.pop(key, None)
                if before is not None:
                    rows[key] = before
        lagging._rows[table] = rows
        return lagging.query(table, value, index=index, newest_first=newest_first, limit=limit)

    def row(self, table: str, *key: str) -> Item | None:
        """An item, without a call that anybody sees."""
        return self._rows[table].get(key)

    def snapshot(self) -> dict[str, list[Item]]:
        """Every row of every table, in a fixed order."""
        return {name: [rows[key] for key in sorted(rows)] for name, rows in self._rows.items()}


def _identity(write: Write) -> Identity:
    key = write.item if isinstance(write, Put) else write.key
    return tuple(str(key[name]) for name in TABLES[write.table].key_names())


def text(item: Mapping[str, Any] | None, name: str) -> str | None:
    """An attribute as text, None where it is absent."""
    value = None if item is None else item.get(name)
    return None if value is None else str(value)
