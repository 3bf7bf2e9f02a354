"""The grammar of identifiers, and ids that are a function of something else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.ids import (
    OrderIds,
    caused_event_id,
    checkout_event_id_for,
    is_id,
    is_user_id,
    sku_of,
    valid_id,
)

ids = st.from_regex(r"[A-Za-z0-9._:\-]{1,20}", fullmatch=True)
KEYED = OrderIds(b"order-ids-of-tests-0123456789abcdef")
NO_IDS = [
    "",
    " ",
    "a b",
    "a\r\nUpstash-Forward-X: 1",
    "a\n",
    "\na",
    "a\r",
    "a\x00",
    "ä",
    "pay-\u0661",
    "p\u00e0y",
    "a" * 129,
    "a/b",
    "a#b",
    "a,b",
    "Upstash-Forward-X: y",
    "{{7*7}}",
    "<script>",
    "${jndi:ldap}",
    "a\u2028b",
    "\ud800",
]


@pytest.mark.parametrize("text", NO_IDS, ids=ascii)
def test_text_that_could_mean_something_in_a_header_is_no_id(text):
    assert not is_id(text)
    with pytest.raises(ValueError, match="must be 1 to 128 characters"):
        valid_id(text)


@pytest.mark.parametrize("value", [None, 1, True, b"abc", ["a"], {"a": 1}])
def test_only_text_is_an_id(value):
    assert not is_id(value)


@pytest.mark.parametrize("text", ["a", "A.b_c:d-9", "0", "a" * 128, "Upstash-Forward-X"])
def test_ids_of_the_grammar_are_kept_as_they_are(text):
    assert is_id(text)
    assert valid_id(text) == text


@given(st.text(max_size=200))
def test_grammar_is_exactly_the_documented_one(text):
    assert is_id(text) is bool(re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", text))


@given(ids)
def test_derived_ids_are_ids_and_always_the_same(text):
    for derive in (KEYED.of, KEYED.plain, checkout_event_id_for):
        assert is_id(derive(text))
        assert derive(text) == derive(text)


@given(st.tuples(ids, ids, st.integers(0, 99)), st.tuples(ids, ids, st.integers(0, 99)))
def test_different_causes_give_different_ids(left, right):
    assert (caused_event_id(*left) == caused_event_id(*right)) is (left == right)


@given(ids, st.integers(0, 19), st.integers(0, 19))
def test_parts_cannot_run_together(text, first, second):
    """However one text is split into cause and type, each split names another event."""
    splits = {(text[:at], text[at:]) for at in (first, second)}

    assert len({caused_event_id(*split, 1) for split in splits}) == len(splits)


def test_index_cannot_run_together_with_the_type():
    assert caused_event_id("evt", "order.created1", 1) != caused_event_id(
        "evt", "order.created", 11
    )


@given(st.lists(ids, unique=True, min_size=2, max_size=10))
def test_each_payment_has_its_own_order(payments):
    assert len({KEYED.of(payment) for payment in payments}) == len(payments)
    assert len({KEYED.plain(payment) for payment in payments}) == len(payments)


def test_order_and_command_of_one_payment_share_no_digits():
    assert len({KEYED.of("pay-1")[4:], KEYED.plain("pay-1")[4:]}) == 2
    assert checkout_event_id_for("pay-1")[4:] not in {
        KEYED.of("pay-1")[4:],
        KEYED.plain("pay-1")[4:],
    }


@given(ids, st.binary(min_size=32, max_size=64))
def test_without_the_key_a_payment_tells_nothing_of_its_order(payment, another_key):
    """S38: another key gives another id, and so does none."""
    assert KEYED.of(payment) not in {KEYED.plain(payment), OrderIds(another_key).of(payment)}


def test_the_key_is_in_no_text_about_the_ids():
    assert "0123456789abcdef" not in f"{KEYED} {KEYED!r}"


def test_both_ids_come_with_that_of_new_orders_first():
    plain = OrderIds(KEYED.key, new="plain")

    assert KEYED.both("pay-1") == (KEYED.of("pay-1"), KEYED.plain("pay-1"))
    assert plain.both("pay-1") == KEYED.both("pay-1")[::-1]


def test_released_ids_stay_what_they_are():
    """A change here would give every payment a second order (I3)."""
    assert KEYED.of("pay-1") == "ord_315ef0f6cd444b4874621a45eeb97969"
    assert KEYED.plain("pay-1") == "ord_45ee2716e3d3b952c9dcdc7f95ecc992"
    assert checkout_event_id_for("pay-1") == "evt_659dc0932d51c00f601dd08dd642944b"


@given(ids, ids, ids, ids)
def test_different_products_never_share_a_stock_row(product, variation, other, another):
    assert (sku_of(product, variation) == sku_of(other, another)) is (
        (product, variation) == (other, another)
    )
    assert sku_of(product, None) != sku_of(other, another)


@given(ids)
def test_whatever_is_an_id_may_name_a_user(value):
    assert is_user_id(value)


@pytest.mark.parametrize("value", [*NO_IDS, "ada@example.com"])
def test_a_user_s_name_is_no_freer_than_an_id_but_for_the_bar(value):
    assert not is_user_id(value)
    assert is_user_id("auth0|1")
    assert not is_id("auth0|1")
