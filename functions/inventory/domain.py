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


def rearm_level(threshold: int) -> int:
    """From how many units on a shelf is clearly above its threshold: a quarter more, at least two.

    One unit more would be no distance: a hold that takes it and gives it back, again and again,
    would alert again and again.
    """
    return threshold + max(2, threshold // 4)


def alert_change(shelf: ShelfState) -> AlertChange:
    """What the shelf's alert must do: raised once per fall to the threshold, armed again when the
    shelf is clearly above it, and in between left as it is."""
    low = shelf.available <= shelf.threshold
    if low and shelf.armed:
        return "raise"
    if shelf.available >= rearm_level(shelf.threshold) and not shelf.armed:
        return "rearm"
    return "none"
