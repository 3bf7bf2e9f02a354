"""When a shelf needs attention. Decided from the shelf as it is now, never from an event's numbers:
those may be late, and a stale one must not raise an alert (I22)."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ShelfState:
    """A stock row as read.

    Args:
        armed: whether the next fall to the threshold raises an alert.
    """

    name: str
    available: int
    threshold: int
    armed: bool


AlertChange = Literal["raise", "rearm", "none"]


def alert_change(shelf: ShelfState) -> AlertChange:
    """What the shelf's alert must do: once per fall to the threshold, ready again above it."""
    low = shelf.available <= shelf.threshold
    if low and shelf.armed:
        return "raise"
    if not low and not shelf.armed:
        return "rearm"
    return "none"
