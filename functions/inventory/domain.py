"""When a SKU needs attention. Decided from its row as it is now, never from an event's numbers:
those may be late, and a stale one must not raise an alert (I22)."""

from typing import Literal

from shared.storage.records.stock import ARMED, RAISED, StockRow

AlertChange = Literal["raise", "rearm", "none"]


def rearm_level(threshold: int) -> int:
    """How many units put a SKU clearly above its threshold: a quarter more, at least two.

    One unit more would be no distance: a reservation that takes it and releases it, again and
    again, would alert again and again.
    """
    return threshold + max(2, threshold // 4)


def alert_change(row: StockRow) -> AlertChange:
    """What the alert must do: raised once per fall to the threshold, armed again when the SKU is
    clearly above it, and in between left as it is. A row without an alert is left without one."""
    if row.is_low and row.alert == ARMED:
        return "raise"
    if row.available >= rearm_level(row.threshold) and row.alert == RAISED:
        return "rearm"
    return "none"


def is_worth_telling(row: StockRow) -> bool:
    """Whether the shop should hear of a SKU: it is low, or its alert was raised and is not armed
    again. One that came back a little since then counts: of this fall there is no other alert."""
    return row.is_low or row.alert == RAISED
