"""Rows read one by one, so that one that makes no sense does not hide the others (S33)."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from shared.kernel.errors import UnreadableRowError
from shared.storage.schema import TABLES
from shared.storage.writes import Item

T = TypeVar("T")

# What reading a row raises that another program, another version or a hand wrote.
_ODD = (LookupError, ValueError, TypeError, AttributeError, ArithmeticError)


def read_row(table: str, item: Item, decode: Callable[[Item], T]) -> T:
    """The row, decoded.

    Raises:
        UnreadableRowError: it lacks something, or something in it is of another kind.
    """
    try:
        return decode(item)
    except _ODD as error:
        key = str(item.get(TABLES[table].partition, "?"))
        raise UnreadableRowError(table, key, type(error).__name__) from error


def read_rows(
    table: str, items: Iterable[Item], decode: Callable[[Item], T]
) -> Iterator[T | UnreadableRowError]:
    """Each row decoded, or why it cannot be."""
    for item in items:
        try:
            yield read_row(table, item, decode)
        except UnreadableRowError as error:
            yield error
