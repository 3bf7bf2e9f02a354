"""Copies of personal data in rows whose work is done, and how long they are kept (S44)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from shared.kernel.clock import iso


class Copies(Protocol):
    """The rows of one kind that still hold a copy, by the moment at which their work was done."""

    def older(self, shard: int, before: str, limit: int) -> Sequence[str]:
        """Keys of a shard's rows whose work was done before a moment, oldest first.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def remove(self, key: str, before: str) -> bool:
        """Remove the copy, if the row's work was done before a moment and still is; whether it went.

        Raises:
            UnreadableRowError: the row makes no sense; it keeps what it has.
            ContentionError, DependencyError: try again in the next run.
        """
        ...


@dataclass(frozen=True, slots=True)
class Retention:
    """How long one kind of copies is kept.

    Args:
        days: after the row's work was done.
    """

    copies: Copies
    days: int

    def before(self, now: datetime) -> str:
        """Copies of what was done before this moment go."""
        return iso(now - timedelta(days=self.days))
