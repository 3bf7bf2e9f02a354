"""Amounts: exact inside, numbers on the wire, nothing else accepted."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from shared.contracts.lines import OrderLine
from shared.envelope import to_json, validated
from shared.errors import InvalidInputError
from shared.money import AMOUNT_RULE, MAX_AMOUNT, Money, amount, wire_number
from shared.strict_json import dumps, loads

amounts = st.integers(0, int(MAX_AMOUNT * 100)).map(lambda cents: Decimal(cents) / 100)


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
        Decimal("0.30000000000000004"),
        Decimal("0.009"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        MAX_AMOUNT + 1,
        Decimal("100000000.00"),
        10**30,
        Decimal("1E+30"),
        Decimal("1E-30"),
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
