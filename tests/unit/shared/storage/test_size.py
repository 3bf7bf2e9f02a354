"""An item is measured before it is stored, never smaller than DynamoDB counts it (S32)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.errors import PayloadTooLargeError
from shared.storage.size import (
    MAX_ITEM_BYTES,
    MAX_NAME_BYTES,
    MAX_TRANSACTION_BYTES,
    check_fits,
    size_of,
)
from shared.storage.writes import Check, Delete, Put, Update, Value


def put(value: Value) -> Put:
    return Put("orders", {"orderId": "a", "v": value})


@pytest.mark.parametrize(
    ("value", "at_least"),
    [
        ("", 0),
        ("ü😀", 6),
        (7, 2),
        (Decimal("1e24"), 2),
        (int("9" * 38), 21),
        (True, 1),
        (None, 1),
        ([], 3),
        ([1, "ab"], 3 + 2 + 2 + 2),
        ({"name": {"in": "it"}}, 3 + 4 + 3 + 2 + 2),
    ],
)
def test_a_value_counts_at_least_as_much_as_in_the_table(value, at_least):
    assert size_of(value) >= at_least


def test_an_item_that_just_fits_is_stored_and_one_byte_more_is_not():
    room = MAX_ITEM_BYTES - size_of({"orderId": "a", "v": ""})

    check_fits([put("x" * room)])
    with pytest.raises(PayloadTooLargeError, match="payload: must fit into an item of orders"):
        check_fits([put("x" * (room + 1))])
    with pytest.raises(PayloadTooLargeError, match="orders"):
        check_fits([put("ü" * (room // 2 + 1))])


_LONG = "x" * MAX_ITEM_BYTES


@pytest.mark.parametrize(
    "update",
    [
        Update("checkouts", {"orderId": "a"}, set={"v": _LONG}),
        Update("checkouts", {"orderId": "a"}, append={"v": [_LONG]}),
        Update("checkouts", {"orderId": _LONG}),
    ],
    ids=["set", "append", "key"],
)
def test_what_an_update_brings_is_measured_too(update):
    with pytest.raises(PayloadTooLargeError, match="checkouts"):
        check_fits([put(1), update])


def test_all_writes_together_fit_into_one_transaction():
    one = put("x" * (MAX_ITEM_BYTES - 100))
    count = MAX_TRANSACTION_BYTES // MAX_ITEM_BYTES

    check_fits([one] * count)
    with pytest.raises(PayloadTooLargeError, match="all that follows from it"):
        check_fits([one] * (count + 1))


def test_a_name_may_be_as_long_as_the_table_takes_however_deep_it_stands():
    check_fits([put([{"n" * MAX_NAME_BYTES: 1}])])
    with pytest.raises(PayloadTooLargeError, match="names must be at most"):
        check_fits([put([{"n" * (MAX_NAME_BYTES + 1): 1}])])
    with pytest.raises(PayloadTooLargeError, match="names must be at most"):
        check_fits([put({"ü" * (MAX_NAME_BYTES // 2 + 1): 1})])


def test_what_brings_nothing_is_of_no_size():
    check_fits([Delete("orders", {"orderId": "a"}), Check("orders", {"orderId": "a"}, when=())])


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(value=_VALUES)
def test_a_value_within_another_makes_it_larger(value):
    assert size_of([value]) > size_of(value)
    assert size_of({"n": value}) > size_of([value])
