"""Tables in memory. Trusted because tests/conformance runs one suite over this and DynamoDB."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from shared.adapters.attributes import from_attributes, to_attributes
from shared.storage.odd import OddAttribute
from shared.storage.schema import TABLES
from shared.storage.writes import (
    Absent,
    AnyOf,
    AtLeast,
    AtMost,
    Check,
    Condition,
    ConditionsFailed,
    Delete,
    Equals,
    FailedWrite,
    Item,
    Key,
    Missing,
    Present,
    Put,
    Update,
    Write,
)

MOST_WRITES = 100
MOST_DIGITS = 38
MOST_BYTES = 400 * 1024


class InMemoryTables:
    """The ``Tables`` port over dictionaries, one lock, no surprises.

    ``calls`` lists every call by name, for tests that count them.
    """

    def __init__(self) -> None:
        self._rows: dict[str, dict[tuple[str, ...], Item]] = {name: {} for name in TABLES}
        self._lock = threading.Lock()
        self.calls: list[str] = []

    # ------------------------------------------------------------------ the port
    def get(self, table: str, key: Key) -> Item | None:
        self.calls.append("get")
        with self._lock:
            return _copy(self._rows[table].get(_identity(table, key)))

    def get_many(self, keys: Sequence[tuple[str, Key]]) -> list[Item | None]:
        self.calls.append("get_many")
        if len({(table, _identity(table, key)) for table, key in keys}) > MOST_WRITES:
            raise ValueError("at most 100 items in one batch")
        with self._lock:
            return [_copy(self._rows[table].get(_identity(table, key))) for table, key in keys]

    def query(
        self,
        table: str,
        value: str,
        *,
        index: str | None = None,
        newest_first: bool = False,
        limit: int = 100,
    ) -> list[Item]:
        self.calls.append("query")
        schema = TABLES[table]
        found = next((i for i in schema.indexes if i.name == index), None)
        if index is not None and found is None:
            raise ValueError(f"table {table} has no index {index}")
        partition, sort = (
            (schema.partition, schema.sort) if found is None else (found.partition, found.sort)
        )
        with self._lock:
            rows = [
                row
                for row in self._rows[table].values()
                if row.get(partition) == value and (sort is None or sort in row)
            ]
        if sort is not None:
            rows.sort(key=lambda row: str(row[sort]), reverse=newest_first)
        kept = [_twin(row) for row in rows[:limit]]
        if found is None or not found.keys_only:
            return kept
        keys = {*schema.key_names(), found.partition, found.sort}
        return [{name: row[name] for name in row if name in keys} for row in kept]

    def transact(self, writes: Sequence[Write]) -> None:
        self.calls.append("transact")
        targets = [(write.table, _identity(write.table, _key(write))) for write in writes]
        if len(set(targets)) != len(targets) or not 1 <= len(targets) <= MOST_WRITES:
            raise ValueError("a transaction takes 1 to 100 writes, no two of one item")
        with self._lock:
            current = [self._rows[table].get(identity) for table, identity in targets]
            failures = [
                FailedWrite(index, item)
                for index, (write, item) in enumerate(zip(writes, current, strict=True))
                if not all(_holds(condition, item) for condition in write.when)
            ]
            if failures:
                raise ConditionsFailed(failures)
            # What cannot be stored fails before anything is.
            rows = [_changed(write, item) for write, item in zip(writes, current, strict=True)]
            for (table, identity), row in zip(targets, rows, strict=True):
                if row is None:
                    self._rows[table].pop(identity, None)
                else:
                    self._rows[table][identity] = row

    # ------------------------------------------------------------------ for tests
    def seed(self, table: str, *items: Mapping[str, Any]) -> None:
        """Put items without a condition."""
        for item in items:
            row = _normal(item)
            self._rows[table][_identity(table, row)] = row

    def all(self, table: str) -> list[Item]:
        """Every item of a table."""
        return list(self._rows[table].values())

    def count(self, name: str) -> int:
        """How often a call was made."""
        return self.calls.count(name)


def _changed(write: Write, item: Item | None) -> Item | None:
    """The row after a write, None for no row. Computed for all before any is stored."""
    match write:
        case Put():
            return _normal(write.item)
        case Update():
            return _updated(write, item)
        case Delete():
            return None
        case Check():
            return item


def _updated(write: Update, item: Item | None) -> Item:
    row: dict[str, Any] = {**(item or {}), **write.key}
    row |= {name: value for name, value in write.set.items() if value is not None}
    for name, entries in write.append.items():
        row[name] = [*row.get(name, []), *entries]
    for name, amount in write.add.items():
        row[name] = row.get(name, 0) + amount
    for name in write.remove:
        row.pop(name, None)
    return _normal(row)


def _key(write: Write) -> Mapping[str, Any]:
    return write.item if isinstance(write, Put) else write.key


def _identity(table: str, key: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(key[name]) for name in TABLES[table].key_names())


def _copy(item: Item | None) -> Item | None:
    # What is stored went through `_normal`.
    return None if item is None else {name: _twin(value) for name, value in item.items()}


def _twin(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {name: _twin(child) for name, child in value.items()}
    return [_twin(child) for child in value] if kind is list else value


def _normal(item: Mapping[str, Any]) -> Item:
    # Through DynamoDB's own types and back: the same refusals (floats), the same numbers.
    if _bytes({n: v for n, v in item.items() if not isinstance(v, OddAttribute)}) > MOST_BYTES:
        raise ValueError("DynamoDB holds no item of more than 400 KB")
    return from_attributes(to_attributes(item))


def _bytes(value: object) -> int:
    # Text and names only: less than DynamoDB counts, so that what is refused here is refused there.
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode())
    if value is None or isinstance(value, bool):
        return 0
    if isinstance(value, int | Decimal):
        _check_number(Decimal(value))
        return 0
    if isinstance(value, Mapping):
        return sum(len(name.encode()) + _bytes(child) for name, child in value.items())
    return sum(map(_bytes, value)) if isinstance(value, Iterable) else 0


def _check_number(number: Decimal) -> None:
    if not number.is_finite() or len(number.as_tuple().digits) > MOST_DIGITS:
        raise ValueError("DynamoDB cannot hold this number")


def _holds(condition: Condition, item: Item | None) -> bool:
    checks: dict[type[Any], Callable[[Any], bool]] = {
        Absent: lambda _: item is None,
        Present: lambda _: item is not None,
        Missing: lambda c: item is None or c.attribute not in item,
        Equals: lambda c: _value(item, c.attribute, c.value) == c.value,
        AtLeast: lambda c: _compares(item, c, lambda a, b: a >= b),
        AtMost: lambda c: _compares(item, c, lambda a, b: a <= b),
        AnyOf: lambda c: any(_holds(inner, item) for inner in c.conditions),
    }
    return checks[type(condition)](condition)


def _value(item: Item | None, attribute: str, like: object) -> object:
    value = None if item is None else item.get(attribute)
    return value if _same_kind(value, like) else None


def _same_kind(left: object, right: object) -> bool:
    # DynamoDB never converts: text is not a number, a boolean is neither.
    def kind(value: object) -> type[Any]:
        return Decimal if type(value) is int else type(value)

    return kind(left) is kind(right)


def _compares(
    item: Item | None, condition: AtLeast | AtMost, compare: Callable[[Any, Any], bool]
) -> bool:
    value = _value(item, condition.attribute, condition.bound)
    return value is not None and compare(value, condition.bound)
