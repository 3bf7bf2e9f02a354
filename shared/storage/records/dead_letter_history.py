"""What was done with a dead letter, as it stands in its row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from shared.storage import bounded
from shared.storage.writes import Item, Value

_HISTORY = "history"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """What was done with a dead letter: when (ISO-8601), by whom, and why."""

    at: str
    action: str
    by: str
    reason: str

    def to_item(self) -> dict[str, Value]:
        """As kept in the row."""
        return {"at": self.at, "action": self.action, "by": self.by, "reason": self.reason}

    @classmethod
    def from_item(cls, item: Item) -> "HistoryEntry":
        """As read."""
        return cls(
            at=_text(item, "at"),
            action=_text(item, "action"),
            by=_text(item, "by"),
            reason=_text(item, "reason"),
        )


@dataclass(frozen=True, slots=True)
class History:
    """A bounded list of entries (``shared.storage.bounded``).

    Args:
        count: how many entries were counted, None where the row has no count yet.
    """

    first: tuple[HistoryEntry, ...] = ()
    newest: tuple[HistoryEntry, ...] = ()
    count: int | None = None

    @property
    def entries(self) -> tuple[HistoryEntry, ...]:
        """What is kept, oldest first."""
        return tuple(map(HistoryEntry.from_item, bounded.entries(self.to_item(), _HISTORY)))

    @property
    def left_out(self) -> int:
        """How many entries in the middle are not kept."""
        return bounded.left_out(self.to_item(), _HISTORY)

    def note(self, entry: HistoryEntry) -> bounded.Note:
        """The parts of an ``Update`` that note one more entry."""
        return bounded.note(self.to_item(), _HISTORY, entry.to_item())

    def to_item(self) -> dict[str, Value]:
        """Its attributes in the row."""
        item: dict[str, Value] = {_HISTORY: [entry.to_item() for entry in self.first]}
        if self.newest:
            item[f"{_HISTORY}Newest"] = [entry.to_item() for entry in self.newest]
        if self.count is not None:
            item[f"{_HISTORY}Count"] = self.count
        return item

    @classmethod
    def from_item(cls, row: Item) -> "History":
        """As read from the row that it stands in."""
        count = row.get(f"{_HISTORY}Count")
        return cls(
            first=_entries(row.get(_HISTORY)),
            newest=_entries(row.get(f"{_HISTORY}Newest")),
            count=None if count is None else int(str(count)),
        )


def _entries(value: Value) -> tuple[HistoryEntry, ...]:
    return tuple(map(HistoryEntry.from_item, cast("Sequence[Item]", value or ())))


def _text(item: Item, name: str) -> str:
    return str(item.get(name) or "")
