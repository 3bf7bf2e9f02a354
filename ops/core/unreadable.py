"""Rows that make no sense, apart from the others (S33)."""

from collections.abc import Iterable
from typing import TypeVar

from shared.kernel.errors import UnreadableRowError

T = TypeVar("T")


def parted(
    rows: Iterable[T | UnreadableRowError],
) -> tuple[list[T], list[UnreadableRowError]]:
    """The rows that could be read, and why the others could not."""
    readable: list[T] = []
    unreadable: list[UnreadableRowError] = []
    for row in rows:
        if isinstance(row, UnreadableRowError):
            unreadable.append(row)
        else:
            readable.append(row)
    return readable, unreadable
