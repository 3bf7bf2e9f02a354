"""When a SKU is clearly above its threshold, and that an alert never swings with it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.inventory.domain import alert_change, rearm_level
from shared.storage.records.stock import ARMED, RAISED, StockRow

THRESHOLDS = st.integers(0, 1_000_000_000)


def _row(available: int, threshold: int, armed: bool) -> StockRow:
    return StockRow(
        sku="mug",
        name="Mug",
        price=Decimal("12.50"),
        available=available,
        threshold=threshold,
        alert=ARMED if armed else RAISED,
    )


@pytest.mark.parametrize(
    ("threshold", "level"), [(0, 2), (1, 3), (5, 7), (8, 10), (11, 13), (12, 15), (400, 500)]
)
def test_level_is_a_quarter_above_the_threshold_and_at_least_two(threshold, level):
    assert rearm_level(threshold) == level


@given(THRESHOLDS, THRESHOLDS, st.booleans())
def test_a_decision_leads_to_a_state_that_asks_for_no_other(available, threshold, armed):
    """Looking twice at the same row changes nothing the second time."""
    change = alert_change(_row(available, threshold, armed))
    then = {"raise": False, "rearm": True, "none": armed}[change]

    assert alert_change(_row(available, threshold, then)) == "none"


@given(THRESHOLDS, st.lists(st.integers(-1, 1), max_size=60))
def test_no_swing_of_one_unit_around_the_threshold_alerts_more_than_once(threshold, swings):
    armed, alerts = True, 0
    for swing in [0, *swings]:
        change = alert_change(_row(max(threshold + swing, 0), threshold, armed))
        alerts += change == "raise"
        armed = {"raise": False, "rearm": True, "none": armed}[change]

    assert alerts == 1


@pytest.mark.parametrize("available", [0, 5, 100])
def test_a_row_without_an_alert_is_left_without_one(available):
    row = StockRow(sku="mug", name="Mug", price=Decimal(1), available=available, threshold=5)

    assert alert_change(row) == "none"
