"""What the owner of the stock row promises: nothing is lost between writing and reading, and no move
takes what is not there."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.lines import StockLine
from shared.storage.records.reservation import Reservation, ReservationStatus
from shared.storage.records.stock import (
    ARMED,
    RAISED,
    StockRow,
    adjust,
    insert_stock_row,
    release,
    reserve,
    return_to_stock,
    sell,
    stock_by_sku,
    update_catalogue,
)
from shared.storage.writes import ConditionsFailed
from tests.builders import MOMENT, stock
from tests.fakes.tables import InMemoryTables

UNITS = st.integers(0, 1_000_000_000)
PRICES = st.decimals(0, 999_999, places=2, allow_nan=False, allow_infinity=False)
IDS = st.text("abcxyz012-_", min_size=1, max_size=9)
SKUS = st.one_of(IDS, st.builds("{}#{}".format, IDS, IDS))
ROWS = st.builds(
    StockRow,
    sku=SKUS,
    name=st.text(min_size=1, max_size=30).filter(lambda name: name.isprintable()),
    price=PRICES,
    available=UNITS,
    reserved=UNITS,
    threshold=UNITS,
    alert=st.sampled_from(["", ARMED, RAISED]),
    opened_with=st.none() | UNITS,
    updated_at=st.sampled_from(["", MOMENT]),
)
MUG = StockRow(sku="mug", name="Mug", price=Decimal("12.50"), available=10)
QUANTITIES = st.integers(1, 6)
MOVES = st.lists(
    st.one_of(
        st.builds(lambda n: ("reserve", n, 0), QUANTITIES),
        st.builds(lambda n: ("release", n, 0), QUANTITIES),
        st.builds(lambda n, held: ("sell", n, held), QUANTITIES, st.integers(0, 6)),
        st.builds(lambda n: ("return", n, 0), QUANTITIES),
        st.builds(lambda n: ("adjust", n, 0), st.integers(0, 12)),
    ),
    max_size=25,
)


def stored(tables: InMemoryTables, sku: str = "mug") -> StockRow:
    item = tables.get("stock", {"sku": sku})
    assert item is not None
    return StockRow.from_item(item)


@given(ROWS)
def test_a_row_is_read_back_as_it_was_stored(row):
    tables = InMemoryTables()

    tables.transact([insert_stock_row(row)])

    assert stored(tables, row.sku) == row
    assert StockRow.from_item(row.to_item()) == row


def test_a_row_from_before_an_attribute_was_added_is_read_without_it():
    later = ("reserved", "threshold", "alert", "productId", "updatedAt")
    item = {name: value for name, value in stock().items() if name not in later}

    row = StockRow.from_item(item)

    assert (row.available, row.reserved, row.threshold) == (10, 0, 0)
    assert (row.alert, row.opened_with, row.updated_at) == ("", None, "")
    assert (row.product_id, row.variation_id) == ("mug", None)


@pytest.mark.parametrize("missing", ["sku", "name", "price", "available"])
def test_a_row_without_what_every_row_has_is_an_error_and_not_a_guess(missing):
    item = {name: value for name, value in stock().items() if name != missing}

    with pytest.raises(KeyError, match=missing):
        StockRow.from_item(item)


def test_a_sku_that_does_not_exist_is_not_among_the_rows():
    assert stock_by_sku([None, stock("jar")]) == {"jar": StockRow.from_item(stock("jar"))}


@given(st.integers(0, 12), MOVES)
def test_no_move_takes_what_is_not_there_and_each_changes_the_sum_by_what_it_says(first, moves):
    tables = InMemoryTables()
    tables.transact([insert_stock_row(replace(MUG, available=first))])

    for kind, units, own in moves:
        before = stored(tables)
        write, change = {
            "reserve": (reserve("mug", units, MOMENT), 0),
            "release": (release("mug", units, MOMENT), 0),
            "sell": (sell("mug", units, reserved=own, now=MOMENT), -units),
            "return": (return_to_stock("mug", units, MOMENT), units),
            "adjust": (
                adjust(before, units - before.available, MOMENT),
                units - before.available,
            ),
        }[kind]
        possible = {
            "reserve": before.available >= units,
            "release": before.reserved >= units,
            "sell": before.reserved >= own and before.available + own >= units,
        }.get(kind, True)
        try:
            tables.transact([write])
            done = True
        except ConditionsFailed:
            done = False
        after = stored(tables)

        assert done == possible
        assert after.available >= 0
        assert 0 <= after.reserved <= after.available + after.reserved
        moved = (after.available + after.reserved) - (before.available + before.reserved)
        assert moved == (change if done else 0)


@pytest.mark.parametrize("delta", [0, 3])
def test_a_count_of_what_is_there_no_longer_is_refused(delta):
    tables = InMemoryTables()
    tables.transact([insert_stock_row(MUG)])
    tables.transact([reserve("mug", 1, MOMENT)])

    with pytest.raises(ConditionsFailed):
        tables.transact([adjust(MUG, delta, MOMENT)])


@given(st.sampled_from([{"name": "Cup"}, {"price": Decimal(3)}, {"threshold": 9}]))
def test_catalogue_facts_are_brought_to_what_is_wanted_only_from_what_was_read(change):
    tables = InMemoryTables()
    tables.transact([insert_stock_row(MUG)])
    wanted = replace(MUG, **change, updated_at=MOMENT)

    tables.transact([update_catalogue(MUG, wanted, counted=False)])

    assert stored(tables) == wanted
    with pytest.raises(ConditionsFailed):
        tables.transact([update_catalogue(MUG, wanted, counted=False)])


@pytest.mark.parametrize(("sku", "orderable"), [("mug", 14), ("jar", 10)])
def test_an_order_may_have_what_is_available_and_what_is_reserved_for_it(sku, orderable):
    reservation = Reservation(
        order_id="ord_1",
        event_id="evt-1",
        lines=(StockLine(product_id="mug", quantity=4),),
        status=ReservationStatus.HELD,
        held_at=MOMENT,
        expires_at=MOMENT,
    )
    row = replace(MUG, sku=sku)

    assert row.orderable(reservation) == orderable
    assert row.orderable(None) == 10


def test_people_are_shown_the_name_on_one_line_without_what_cannot_be_seen():
    assert replace(MUG, name="Red\nm\u202eug\u200b").title == "Red mug"
