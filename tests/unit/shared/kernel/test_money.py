"""Amounts: exact inside, numbers on the wire, nothing else accepted."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from shared.contracts.envelope import to_json, validated
from shared.contracts.lines import OrderLine
from shared.kernel.errors import InvalidInputError
from shared.kernel.money import (
    AMOUNT_RULE,
    CENT,
    MAX_AMOUNT,
    TOLERANCE,
    Money,
    amount,
    balance,
    wire_number,
)
from shared.kernel.strict_json import dumps, loads

MAX_CENTS = int(MAX_AMOUNT * 100)
amounts = st.integers(0, MAX_CENTS).map(lambda cents: Decimal(cents) / 100)


def read(text: str) -> Decimal:
    """A JSON number as the pipeline reads it."""
    return amount(loads(text.encode(), max_bytes=100))


@given(amounts)
def test_every_amount_survives_the_wire_to_the_cent(value):
    text = dumps({"price": value})

    arrived = amount(loads(text.encode(), max_bytes=100)["price"])

    assert arrived == value
    assert str(arrived) == str(value.quantize(Decimal("0.01")))


@given(amounts)
def test_amount_on_the_wire_is_a_number_with_at_most_two_decimals(value):
    text = dumps(value)

    assert text.replace(".", "", 1).isdecimal()
    assert len(text.partition(".")[2]) <= 2


@given(amounts, st.integers(1, 1000))
def test_model_on_the_wire_gives_the_same_model_back(price, quantity):
    line = OrderLine(product_id="mug", quantity=quantity, price=price)

    assert validated(OrderLine, loads(to_json(line).encode(), max_bytes=1000)) == line


@pytest.mark.parametrize(
    "value",
    [
        29.99,
        0.1 + 0.2,
        1.0,
        True,
        False,
        "29.99",
        "1",
        b"1",
        None,
        [],
        {},
        -1,
        Decimal("-0.01"),
        Decimal("1.001"),
        Decimal("0.009"),
        Decimal("29.995"),
        Decimal("0.010001000000000000000000000000000000001"),
        Decimal("0.008998999999999999999999999999999999999"),
        Decimal("-0.0000011"),
        Decimal("99999999.9900011"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        MAX_AMOUNT + 1,
        Decimal("100000000.00"),
        10**30,
        Decimal("1E+30"),
        Decimal("1E+999999999"),
        Decimal("-1E+999999999"),
    ],
    ids=repr,
)
def test_what_is_no_amount_is_refused(value):
    with pytest.raises(ValueError, match="must be a JSON number from 0 to"):
        amount(value)


@pytest.mark.parametrize(
    "value", [0, 1, Decimal("0.00"), Decimal("1.5"), Decimal("1.500"), MAX_AMOUNT]
)
def test_amounts_are_kept_with_two_places(value):
    assert amount(value) == value
    assert amount(value).as_tuple().exponent == -2


@pytest.mark.parametrize("value", [29.99, True, "29.99", -1, Decimal("1.001")])
def test_field_and_rule_are_named_when_a_price_is_no_amount(value):
    with pytest.raises(InvalidInputError) as refused:
        validated(OrderLine, {"productId": "mug", "quantity": 1, "price": value})

    assert (refused.value.field, refused.value.rule) == ("price", AMOUNT_RULE)


def test_money_field_serialises_as_a_number_in_json_mode():
    assert TypeAdapter(Money).dump_json(Decimal("29.90")) == b"29.9"
    assert TypeAdapter(Money).dump_json(Decimal("30.00")) == b"30"


def test_whole_amounts_are_whole_numbers_on_the_wire():
    assert repr(wire_number(Decimal("30.00"))) == "30"
    assert repr(wire_number(Decimal("29.99"))) == "29.99"


@st.composite
def carts(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Up to a hundred lines of unit price in cents and quantity, below the largest amount."""
    count = draw(st.integers(1, 100))
    left, lines = MAX_CENTS, []
    for _ in range(count):
        quantity = draw(st.integers(1, 1000))
        cents = draw(st.integers(0, left // quantity))
        left -= cents * quantity
        lines.append((cents, quantity))
    return draw(st.permutations(lines))


@given(carts())
def test_every_sum_that_a_producer_makes_of_floats_is_read_as_its_exact_cents(lines):
    """As JavaScript does it: prices are doubles, each line is multiplied, all lines are added."""
    exact = sum(cents * quantity for cents, quantity in lines)
    total = 0.0
    for cents, quantity in lines:
        total += cents / 100 * quantity

    assert read(repr(total)) == Decimal(exact) / 100
    assert read(f"{total:.17g}") == read(f"{total:.17e}") == Decimal(exact) / 100


def test_a_hundred_of_the_worst_additions_stay_within_the_tolerance():
    """Where doubles are furthest apart, each addition rounds the same way, by nearly the most."""
    first, line = 6_710_886_500, 43
    exact = Decimal(first + 99 * line) / 100
    total = first / 100
    for _ in range(99):
        total += line / 100

    assert TOLERANCE * Decimal("0.7") < abs(Decimal(total) - exact) < TOLERANCE
    assert read(repr(total)) == exact


@given(
    st.integers(0, MAX_CENTS - 1),
    st.decimals(TOLERANCE, CENT - TOLERANCE, places=20).filter(
        lambda rest: TOLERANCE < rest < CENT - TOLERANCE
    ),
)
def test_nothing_between_two_cents_is_taken_for_either(cents, rest):
    with pytest.raises(ValueError, match=AMOUNT_RULE):
        amount(Decimal(cents) / 100 + rest)


@given(st.integers(0, MAX_CENTS), st.decimals(-TOLERANCE, TOLERANCE, places=20))
def test_within_the_tolerance_of_a_cent_is_that_cent_and_is_written_as_it(cents, noise):
    value = amount(Decimal(cents) / 100 + noise)

    assert value == Decimal(cents) / 100
    assert dumps(value) == dumps(Decimal(cents) / 100)


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("74.69999999999999", "74.70"),
        ("7.469999999999999e1", "74.70"),
        ("6.300000000000001", "6.30"),
        ("0.30000000000000004", "0.30"),
        ("74.700000000000003", "74.70"),
        ("1.0e2", "100.00"),
        ("-0", "0.00"),
        ("-0.0", "0.00"),
        ("1e-7", "0.00"),
        ("-2.7755575615628914e-17", "0.00"),
        ("0.010001", "0.01"),
        ("0.009999", "0.01"),
        ("99999999.99000001", "99999999.99"),
    ],
)
def test_numbers_are_read_by_value_however_they_are_spelled(text, cents):
    assert str(read(text)) == cents


@pytest.mark.parametrize("text", ["1e400", "-1e400", "1e999999999", "9" * 60, "NaN", "Infinity"])
def test_no_number_is_too_large_to_be_refused_at_once(text):
    with pytest.raises(InvalidInputError, match=r"must have at most 24 digits|is not JSON"):
        read(text)


def test_a_balance_may_be_below_nought_and_is_an_amount_otherwise():
    assert balance(Decimal("-12.499999999999998")) == Decimal("-12.50")
    assert str(balance(Decimal("-0.0"))) == "0.00"
    for value in (Decimal("29.995"), Decimal("-29.995"), -MAX_AMOUNT - CENT, True, "1", 1.0):
        with pytest.raises(ValueError, match="must be a JSON number from -"):
            balance(value)
