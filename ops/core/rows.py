"""Rows as the operators' programs read them: their names, and what stands in them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from shared.storage.schema import TABLES
from shared.storage.writes import Item

Name = tuple[str, tuple[str, ...]]


def name_of(table: str, row: Item) -> Name:
    """Table and key of a row."""
    return table, tuple(text(row, attribute) for attribute in TABLES[table].key_names())


def text(row: Item, attribute: str) -> str:
    """An attribute as text, empty if the row lacks it."""
    value = row.get(attribute)
    return "" if value is None else str(value)


def number(row: Item, attribute: str) -> Decimal:
    """An attribute as an exact number, zero if the row lacks it."""
    value = row.get(attribute)
    return Decimal(0) if value is None else Decimal(str(value))


def inner(row: Item, attribute: str) -> Item:
    """An attribute that is a row itself, empty if it is not."""
    value = row.get(attribute)
    return value if isinstance(value, Mapping) else {}


def entries(row: Item, attribute: str) -> list[Item]:
    """The rows in a list attribute."""
    value = row.get(attribute)
    if isinstance(value, str) or not isinstance(value, Sequence):
        return []
    return [entry for entry in value if isinstance(entry, Mapping)]
