"""Rows read one by one, so that one that makes no sense does not hide the others (S33)."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from shared.kernel.errors import PermanentError, UnreadableRowError
from shared.storage.odd import OddAttribute
from shared.storage.schema import TABLES
from shared.storage.writes import Item

T = TypeVar("T")

# What reading a row raises that another program, another version or a hand wrote.
ODD = (
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    PermanentError,
)


def read_row(table: str, item: Item, decode: Callable[[Item], T]) -> T:
    """The row, decoded.

    Raises:
        UnreadableRowError: it lacks something, or something in it is of another kind.
    """
    for value in item.values():
        if isinstance(value, OddAttribute):
            raise UnreadableRowError(table, _key(table, item), value.problem)
    try:
        return decode(item)
    except ODD as error:
        raise UnreadableRowError(table, _key(table, item), type(error).__name__) from error


def _key(table: str, item: Item) -> str:
    return "/".join(str(item.get(name, "?")) for name in TABLES[table].key_names())


def read_rows(
    table: str, items: Iterable[Item], decode: Callable[[Item], T]
) -> Iterator[T | UnreadableRowError]:
    """Each row decoded, or why it cannot be."""
    for item in items:
        try:
            yield read_row(table, item, decode)
        except UnreadableRowError as error:
            yield error
