"""The life of an order, as far as this topic decides about it."""

from dataclasses import dataclass

from shared.clock import iso
from shared.envelope import Event
from shared.writes import Value


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One event on an order's timeline, and what it did to the order."""

    at: str
    event_type: str
    event_id: str
    verdict: str

    def to_item(self) -> dict[str, Value]:
        """As kept with the order."""
        return {
            "at": self.at,
            "type": self.event_type,
            "eventId": self.event_id,
            "verdict": self.verdict,
        }


def recorded(event: Event) -> TimelineEntry:
    """An event that tells what already holds: it is kept, and changes nothing."""
    return TimelineEntry(
        at=iso(event.timestamp),
        event_type=event.event_type,
        event_id=event.event_id,
        verdict="recorded",
    )
