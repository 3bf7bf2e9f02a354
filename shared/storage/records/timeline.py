"""Timelines: the events that an order or a checkout was told of, as they stand in its row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from shared.storage import bounded
from shared.storage.writes import Item, Value

NAME = "timeline"
_OWN = ("at", "type", "eventId", "verdict")


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One event on a timeline, and what it did.

    Args:
        at: when the event was written (ISO-8601).
        facts: what else is worth keeping, such as the carrier or who cancelled.
    """

    at: str
    event_type: str
    event_id: str
    verdict: str
    facts: Mapping[str, str] = field(default_factory=dict)

    def to_item(self) -> dict[str, Value]:
        """As kept in the row."""
        return {
            "at": self.at,
            "type": self.event_type,
            "eventId": self.event_id,
            "verdict": self.verdict,
            **self.facts,
        }

    @classmethod
    def from_item(cls, item: Item) -> "TimelineEntry":
        """As read."""
        return cls(
            at=str(item["at"]),
            event_type=str(item["type"]),
            event_id=str(item["eventId"]),
            verdict=str(item["verdict"]),
            facts={name: str(value) for name, value in item.items() if name not in _OWN},
        )


@dataclass(frozen=True, slots=True)
class Timeline:
    """A bounded list of entries (``shared.storage.bounded``).

    Args:
        count: how many entries were counted, None where the row has no count yet.
    """

    first: tuple[TimelineEntry, ...] = ()
    newest: tuple[TimelineEntry, ...] = ()
    count: int | None = None

    @property
    def entries(self) -> tuple[TimelineEntry, ...]:
        """What is kept, oldest first."""
        return tuple(map(TimelineEntry.from_item, bounded.entries(self.to_item(), NAME)))

    def note(self, entry: TimelineEntry) -> bounded.Note:
        """The parts of an ``Update`` that note one more entry."""
        return bounded.note(self.to_item(), NAME, entry.to_item())

    def to_item(self) -> dict[str, Value]:
        """Its attributes in the row."""
        item: dict[str, Value] = {}
        if self.first:
            item[NAME] = [entry.to_item() for entry in self.first]
        if self.newest:
            item[f"{NAME}Newest"] = [entry.to_item() for entry in self.newest]
        if self.count is not None:
            item[f"{NAME}Count"] = self.count
        return item

    @classmethod
    def from_item(cls, row: Item) -> "Timeline":
        """As read from the row that it stands in."""
        count = row.get(f"{NAME}Count")
        return cls(
            first=_entries(row.get(NAME)),
            newest=_entries(row.get(f"{NAME}Newest")),
            count=None if count is None else int(str(count)),
        )


def _entries(value: Value) -> tuple[TimelineEntry, ...]:
    return tuple(map(TimelineEntry.from_item, cast("Sequence[Item]", value or ())))
