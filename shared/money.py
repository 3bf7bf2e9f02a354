"""Money: a Decimal with at most two places inside, a JSON number on the wire, never a float.

The one place where a float exists is the moment a Decimal becomes JSON text. It is exact: every
amount in range has at most ten significant digits, and a float keeps fifteen.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

MAX_AMOUNT = Decimal("99999999.99")
AMOUNT_RULE = f"must be a JSON number from 0 to {MAX_AMOUNT} with at most two decimals"
CENT = Decimal("0.01")


def amount(value: object) -> Decimal:
    """A value as money.

    Raises:
        ValueError: for floats, booleans, text, NaN, more than two places, out of range.
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise ValueError(AMOUNT_RULE)  # noqa: TRY004 - pydantic turns ValueError into a field error
    number = Decimal(value)
    if not number.is_finite() or not 0 <= number <= MAX_AMOUNT:
        raise ValueError(AMOUNT_RULE)
    exact = abs(number).quantize(CENT)  # minus nought is nought
    if exact != number:
        raise ValueError(AMOUNT_RULE)
    return exact


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
    "description": "An amount in the shop's currency, with at most two decimals.",
}
Money = Annotated[
    Decimal,
    BeforeValidator(amount),
    PlainSerializer(wire_number, when_used="json"),
    WithJsonSchema(_SCHEMA),
]
