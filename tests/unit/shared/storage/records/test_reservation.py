"""What the owner of the reservation row promises: nothing is lost between writing and reading, and a
reservation ends once."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.lines import StockLine
from shared.storage.records.reservation import (
    Reservation,
    ReservationStatus,
    consume_reservation,
    insert_early_release,
    insert_reservation,
    note_early_release,
    release_reservation,
    reservation_in_force,
    reservation_of,
)
from shared.storage.schema import shard_of
from shared.storage.writes import ConditionsFailed
from tests.builders import MOMENT
from tests.fakes.tables import InMemoryTables

LATER = "2026-03-01T13:00:00.000Z"
IDS = st.text("abcxyz012-_", min_size=1, max_size=9)
LINES = st.lists(
    st.tuples(IDS, st.none() | IDS, st.integers(1, 1000)).map(
        lambda values: StockLine(product_id=values[0], variation_id=values[1], quantity=values[2])
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda line: line.sku,
).map(tuple)
MOMENTS = st.sampled_from(["", MOMENT, LATER])
RESERVATIONS = st.builds(
    Reservation,
    order_id=IDS,
    event_id=IDS,
    lines=LINES,
    status=st.sampled_from(ReservationStatus),
    held_at=MOMENTS,
    expires_at=st.sampled_from([MOMENT, LATER]),
    consumed_at=MOMENTS,
    released_at=MOMENTS,
    release_reason=st.sampled_from(["", "timeout", "failed"]),
    early_release_at=MOMENTS,
)
HELD = Reservation(
    order_id="ord_1",
    event_id="evt-1",
    lines=(StockLine(product_id="mug", quantity=2),),
    status=ReservationStatus.HELD,
    held_at=MOMENT,
    expires_at=LATER,
)


def stored(tables: InMemoryTables) -> Reservation | None:
    return reservation_of(tables.get("reservations", {"orderId": "ord_1"}))


def held() -> InMemoryTables:
    tables = InMemoryTables()
    tables.transact([insert_reservation(HELD)])
    return tables


@given(RESERVATIONS)
def test_a_reservation_is_read_back_as_it_was_stored(reservation):
    tables = InMemoryTables()
    tables.transact([insert_reservation(reservation)])
    item = tables.get("reservations", {"orderId": reservation.order_id})

    assert reservation_of(item) == reservation
    assert Reservation.from_item(reservation.to_item()) == reservation
    assert (reservation_in_force(item) is None) != reservation.is_held


def test_a_row_from_before_an_attribute_was_added_is_read_without_it():
    item = {name: value for name, value in HELD.to_item().items() if name != "heldAt"}

    assert Reservation.from_item(item) == replace(HELD, held_at="")


def test_only_what_keeps_units_is_in_the_index_by_expiry():
    tables = held()
    row = tables.get("reservations", {"orderId": "ord_1"})
    assert row is not None
    assert row["holdShard"] == shard_of("ord_1")

    tables.transact([release_reservation(HELD, "timeout", LATER)])

    row = tables.get("reservations", {"orderId": "ord_1"})
    assert row is not None
    assert "holdShard" not in row


@pytest.mark.parametrize("ends", [(0, 0), (0, 1), (1, 0), (1, 1)], ids=["cc", "cr", "rc", "rr"])
def test_a_reservation_ends_once(ends):
    tables = held()
    moves = (consume_reservation(HELD, LATER), release_reservation(HELD, "failed", LATER))
    first, second = (moves[end] for end in ends)

    tables.transact([first])

    with pytest.raises(ConditionsFailed):
        tables.transact([second])


def test_an_end_that_is_meant_for_an_earlier_reservation_ends_no_later_one():
    tables = held()

    with pytest.raises(ConditionsFailed):
        tables.transact([release_reservation(replace(HELD, event_id="evt-0"), "timeout", LATER)])
    assert stored(tables) == HELD


def test_an_order_reserves_again_over_what_was_released_and_over_nothing_else():
    tables = held()
    again = replace(HELD, event_id="evt-2")
    with pytest.raises(ConditionsFailed):
        tables.transact([insert_reservation(again)])

    tables.transact([release_reservation(HELD, "timeout", LATER)])
    tables.transact([insert_reservation(again)])
    tables.transact([consume_reservation(again, LATER)])

    with pytest.raises(ConditionsFailed):
        tables.transact([insert_reservation(replace(HELD, event_id="evt-3"))])


def test_a_release_without_a_reservation_remembers_when_the_newest_was_written():
    tables = InMemoryTables()
    released = replace(HELD, status=ReservationStatus.RELEASED, early_release_at=MOMENT)
    tables.transact([insert_early_release(released)])

    tables.transact([note_early_release(released, LATER)])

    assert stored(tables) == replace(released, early_release_at=LATER)
    with pytest.raises(ConditionsFailed):
        tables.transact([insert_early_release(released)])
