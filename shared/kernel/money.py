"""Money: a Decimal with two places inside, a JSON number on the wire, never a float.

It is written with at most two decimals. The one place where a float exists is the moment a Decimal
becomes JSON text. It is exact: every amount in range has at most ten significant digits, and a
float keeps fifteen.

It is read by value. A producer that adds up in binary floats writes 74.69999999999999 where it
means 74.70, so a number that is as good as whole cents is those cents. A hundred additions below
the largest amount are wrong by less than the tolerance in any order, and half a cent is five
thousand times more: nothing that a shop could mean lies in between.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

MAX_AMOUNT = Decimal("99999999.99")
AMOUNT_RULE = f"must be a JSON number from 0 to {MAX_AMOUNT} with at most two decimals"
BALANCE_RULE = f"must be a JSON number from -{MAX_AMOUNT} to {MAX_AMOUNT} with at most two decimals"
CENT = Decimal("0.01")
TOLERANCE = Decimal("0.000001")
_BEYOND = MAX_AMOUNT + 1
SPELLING = (
    "with at most two decimals; "
    f"a number within {TOLERANCE:f} of whole cents, as floats add up to, is those cents"
)


def amount(value: object) -> Decimal:
    """A value as money that is paid: two places, not below zero.

    Raises:
        ValueError: for floats, booleans, text, NaN, out of range, and what is not whole cents:
            further from them than ``TOLERANCE``.
    """
    cents = _cents(value)
    if cents is None or cents < 0:
        raise ValueError(AMOUNT_RULE)
    return cents


def balance(value: object) -> Decimal:
    """A value as money to show, such as a discount: as ``amount``, but it may be below zero.

    Raises:
        ValueError: as for ``amount``.
    """
    cents = _cents(value)
    if cents is None:
        raise ValueError(BALANCE_RULE)
    return cents


def _cents(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        return None
    number = value if isinstance(value, Decimal) else Decimal(value)
    # Looked at before anything is computed: an exponent may be as large as its writer likes.
    if not number.is_finite() or not -_BEYOND < number < _BEYOND:
        return None
    cents = number.quantize(CENT, ROUND_HALF_EVEN)
    # Compared, not subtracted: a difference would be rounded to the context's 28 digits.
    near = cents == number or cents - TOLERANCE <= number <= cents + TOLERANCE
    if not near or not -MAX_AMOUNT <= cents <= MAX_AMOUNT:
        return None
    return cents or Decimal("0.00")  # minus zero is zero


def wire_number(value: Decimal) -> int | float:
    """A Decimal as the JSON number that spells the same amount (``30``, ``29.99``)."""
    integral = value.to_integral_value()
    return int(integral) if integral == value else float(value)


# JSON Schema could say "at most two decimals" as a multiple of 0.01, and its readers, who compute
# in binary, would then refuse every other price.
_SCHEMA = {
    "type": "number",
    "minimum": 0,
    "maximum": wire_number(MAX_AMOUNT),
    "description": f"An amount in the shop's currency, {SPELLING}.",
}
Money = Annotated[
    Decimal,
    BeforeValidator(amount),
    PlainSerializer(wire_number, when_used="json"),
    WithJsonSchema(_SCHEMA),
]
