"""What the owner of the checkout row promises: nothing is lost between writing and reading, it is
decided once, and its money is asked for once."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.storage.records.checkout import (
    CheckoutRow,
    RefundRow,
    accept_beside_refund,
    decide_checkout,
    give_up_checkout,
    insert_checkout,
    note_on_checkout,
    note_repetition,
    request_refund,
    settle_refund,
)
from shared.storage.records.timeline import TimelineEntry
from shared.storage.writes import ConditionsFailed, Write
from tests.builders import MOMENT
from tests.fakes.tables import InMemoryTables
from tests.unit.shared.storage.records.rows import LATER, MOMENTS, MONEY, TEXTS, TIMELINES

REFUNDS = st.builds(
    RefundRow,
    status=st.sampled_from(["requested", "settled"]),
    amount=MONEY,
    reason=TEXTS,
    requested_at=MOMENTS,
    event_id=TEXTS,
    reference=st.just("") | TEXTS,
    settled_at=st.just("") | MOMENTS,
)
REJECTIONS = st.tuples(
    st.sampled_from(["out_of_stock", "price_changed", "unknown_product"]),
    st.lists(TEXTS, max_size=3).map(tuple),
)
CHECKOUTS = st.builds(
    lambda row, rejection: replace(row, reason=rejection[0], skus=rejection[1]),
    st.builds(
        CheckoutRow,
        order_id=TEXTS,
        payment_id=TEXTS,
        user_id=st.none() | TEXTS,
        cart_digest=st.none() | TEXTS,
        identity=st.dictionaries(TEXTS, TEXTS, max_size=3),
        status=st.sampled_from([None, "accepted", "confirmed", "rejected"]),
        accepted_at=st.none() | MOMENTS,
        command=st.none() | st.dictionaries(TEXTS, TEXTS, max_size=3),
        pending_shard=st.none() | TEXTS,
        decided_at=st.none() | MOMENTS,
        repeated=st.integers(0, 9),
        repeated_at=st.none() | MOMENTS,
        is_stuck=st.booleans(),
        refund=st.none() | REFUNDS,
        timeline=TIMELINES,
        updated_at=st.none() | MOMENTS,
    ),
    st.just((None, ())) | REJECTIONS,
)
ACCEPTED = CheckoutRow(
    "ord_1", "pay-1", user_id="ann", cart_digest="d1", status="accepted", pending_shard="3"
)
CONFIRMED = replace(ACCEPTED, status="confirmed", pending_shard=None, decided_at=LATER)
REFUND = RefundRow("requested", Decimal(20), "out_of_stock", MOMENT, "evt-1")
REFUND_ALONE = CheckoutRow("ord_1", "pay-1", refund=REFUND)
ENTRY = TimelineEntry(MOMENT, "order.refund.requested", "evt-1", "applied")
ASK = request_refund("ord_1", REFUND, ENTRY)
SETTLE = settle_refund("ord_1", reference="re-1", now=LATER)


def read(tables: InMemoryTables) -> CheckoutRow:
    item = tables.get("checkouts", {"orderId": "ord_1"})
    assert item is not None
    return CheckoutRow.from_item(item)


@given(CHECKOUTS)
def test_a_checkout_is_read_back_as_it_was_stored(checkout):
    assert CheckoutRow.from_item(checkout.to_item()) == checkout


def test_a_row_with_nothing_but_a_refund_is_read():
    row = {"orderId": "ord_1", "paymentId": "pay-1", **REFUND.to_item()}

    assert CheckoutRow.from_item(row) == REFUND_ALONE
    del row["refundEventId"]
    assert CheckoutRow.from_item(row).refund == replace(REFUND, event_id="")


REQUESTED = replace(ACCEPTED, refund=REFUND)
SETTLED = replace(ACCEPTED, refund=replace(REFUND, status="settled"))
ANOTHER_CART = replace(ACCEPTED, cart_digest="d2")


@pytest.mark.parametrize(
    ("stored", "write"),
    [
        (ACCEPTED, insert_checkout(ACCEPTED)),
        (REFUND_ALONE, insert_checkout(ACCEPTED)),
        (None, accept_beside_refund(ACCEPTED)),
        (ANOTHER_CART, accept_beside_refund(ACCEPTED)),
        (ACCEPTED, decide_checkout(CONFIRMED, accepted_digest=None)),
        (None, decide_checkout(CONFIRMED, accepted_digest="d1")),
        (CONFIRMED, decide_checkout(CONFIRMED, accepted_digest="d1")),
        (ANOTHER_CART, decide_checkout(CONFIRMED, accepted_digest="d1")),
        (CONFIRMED, note_repetition("ord_1", LATER)),
        (CONFIRMED, give_up_checkout("ord_1")),
        (None, note_on_checkout(ACCEPTED, ENTRY)),
        (None, ASK),
        (REQUESTED, ASK),
        (ACCEPTED, SETTLE),
        (SETTLED, SETTLE),
    ],
)
def test_a_write_that_the_row_does_not_allow_changes_nothing(
    stored: CheckoutRow | None, write: Write
) -> None:
    tables = InMemoryTables()
    if stored is not None:
        tables.seed("checkouts", stored.to_item())
    before = tables.all("checkouts")

    with pytest.raises(ConditionsFailed):
        tables.transact([write])

    assert tables.all("checkouts") == before


def test_a_checkout_goes_its_way_to_a_settled_refund():
    tables = InMemoryTables()

    for write in (
        insert_checkout(ACCEPTED),
        note_repetition("ord_1", MOMENT),
        decide_checkout(CONFIRMED, accepted_digest="d1"),
        ASK,
        SETTLE,
    ):
        tables.transact([write])

    row = read(tables)
    assert (row.status, row.repeated, row.pending_shard) == ("confirmed", 1, None)
    assert row.refund == replace(REFUND, status="settled", reference="re-1", settled_at=LATER)
    assert row.timeline.entries == (ENTRY,)


def test_a_row_with_nothing_but_a_refund_becomes_a_checkout_and_keeps_the_refund():
    tables = InMemoryTables()
    tables.seed("checkouts", REFUND_ALONE.to_item())

    tables.transact([accept_beside_refund(ACCEPTED)])

    assert read(tables) == replace(ACCEPTED, refund=REFUND)
