"""What the owner of the order row promises: nothing is lost between writing and reading, and no write
meets an order that is not as it was read."""

from dataclasses import replace
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.lines import OrderLine
from shared.contracts.statuses import OrderStatus
from shared.storage.records.order import (
    STEP_FACTS,
    OrderRow,
    ReturnedUnits,
    correct_tracking,
    insert_order,
    move_order,
    note_on_order,
    note_return,
)
from shared.storage.records.timeline import TimelineEntry
from shared.storage.writes import ConditionsFailed, Item, Write
from tests.builders import MOMENT
from tests.fakes.tables import InMemoryTables
from tests.unit.shared.storage.records.rows import LATER, MOMENTS, MONEY, TEXTS, TIMELINES

LINES = st.tuples(TEXTS, st.none() | TEXTS, st.integers(1, 1000), MONEY, st.none() | TEXTS).map(
    lambda values: OrderLine(
        product_id=values[0],
        variation_id=values[1],
        quantity=values[2],
        price=values[3],
        product_name=values[4],
    )
)
RETURNS = st.builds(
    ReturnedUnits,
    at=MOMENTS,
    product_id=TEXTS,
    variation_id=st.none() | TEXTS,
    quantity=st.integers(1, 1000),
    event_id=TEXTS,
    operator=TEXTS,
    reason=TEXTS,
)
ORDERS = st.builds(
    OrderRow,
    order_id=TEXTS,
    payment_id=TEXTS,
    user_id=TEXTS,
    customer_name=TEXTS,
    customer_email=TEXTS,
    customer_address=TEXTS,
    lines=st.lists(LINES, min_size=1, max_size=3).map(tuple),
    total=MONEY,
    status=st.sampled_from(get_args(OrderStatus)),
    cart_digest=st.none() | TEXTS,
    correlation_id=st.none() | TEXTS,
    created_at=st.none() | MOMENTS,
    updated_at=st.none() | MOMENTS,
    facts=st.dictionaries(st.sampled_from(STEP_FACTS), TEXTS),
    timeline=TIMELINES,
    returns=st.lists(RETURNS, max_size=3).map(tuple),
    return_count=st.integers(0, 9),
)
MUG = OrderLine(product_id="mug", quantity=2, price=Decimal(10))
PLACED = OrderRow(
    "ord_1", "pay-1", "ann", "Ann", "ann@example.com", "1 Road", (MUG,), Decimal(20), "PENDING"
)
SHIPPED = replace(PLACED, status="SHIPPED", facts={"carrier": "DHL", "trackingAt": MOMENT})
CORRECTED = replace(SHIPPED, facts={"carrier": "UPS", "trackingAt": LATER})
OLD_SHIPPED = replace(SHIPPED, facts={"carrier": "DHL"})
BACK = ReturnedUnits(LATER, "mug", None, 1, "cmd-1", "op", "broken")
RETURNED = replace(SHIPPED, returns=(BACK,), return_count=1)
ENTRY = TimelineEntry(LATER, "order.shipped", "evt-1", "applied")


def correct(order: OrderRow) -> Write:
    return correct_tracking(order, ENTRY, {"trackingNumber": "1"}, at=LATER, now=LATER)


def read(tables: InMemoryTables) -> OrderRow:
    item = tables.get("orders", {"orderId": "ord_1"})
    assert item is not None
    return OrderRow.from_item(item)


@given(ORDERS)
def test_an_order_is_read_back_as_it_was_stored(order):
    assert OrderRow.from_item(order.to_item()) == order


def test_an_order_from_before_later_attributes_were_kept_is_read():
    line: Item = {"productId": "mug", "quantity": 2, "price": Decimal(10)}
    row: Item = {
        "orderId": "ord_1",
        "paymentId": "pay-1",
        "userId": "ann",
        "customerName": "Ann",
        "customerEmail": "ann@example.com",
        "customerAddress": "1 Road",
        "items": [line],
        "totalAmount": Decimal(20),
        "status": "PENDING",
    }

    assert OrderRow.from_item(row) == PLACED
    assert PLACED.tracking_at == ""


DELIVERED = replace(SHIPPED, status="DELIVERED")


@pytest.mark.parametrize(
    ("stored", "write"),
    [
        (PLACED, insert_order(PLACED)),
        (SHIPPED, move_order(PLACED, "CONFIRMED", ENTRY, {}, LATER)),
        (None, move_order(PLACED, "CONFIRMED", ENTRY, {}, LATER)),
        (DELIVERED, correct(SHIPPED)),
        (CORRECTED, correct(SHIPPED)),
        (CORRECTED, correct(OLD_SHIPPED)),
        (None, note_on_order(PLACED, ENTRY)),
        (DELIVERED, note_return(SHIPPED, BACK)),
        (RETURNED, note_return(SHIPPED, BACK)),
        (replace(RETURNED, return_count=2), note_return(RETURNED, BACK)),
    ],
)
def test_a_write_that_meets_another_order_than_was_read_changes_nothing(
    stored: OrderRow | None, write: Write
) -> None:
    tables = InMemoryTables()
    if stored is not None:
        tables.seed("orders", stored.to_item())
    before = tables.all("orders")

    with pytest.raises(ConditionsFailed):
        tables.transact([write])

    assert tables.all("orders") == before


def test_corrected_tracking_replaces_all_that_was_known():
    tables = InMemoryTables()
    tables.transact([insert_order(SHIPPED)])

    tables.transact([correct(SHIPPED)])

    assert read(tables).tracking == {"trackingNumber": "1"}
    assert read(tables).tracking_at == LATER


def test_each_return_is_noted_and_counted():
    tables = InMemoryTables()
    tables.transact([insert_order(SHIPPED)])

    tables.transact([note_return(SHIPPED, BACK)])
    tables.transact([note_return(read(tables), BACK)])

    assert (read(tables).returns, read(tables).return_count) == ((BACK, BACK), 2)
