"""Python values as DynamoDB attribute values and back. boto3 has this; the layer has no boto3."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

from shared.storage.odd import OddAttribute
from shared.storage.writes import Item, Value


class _OddKindError(TypeError):
    """An attribute of a kind that is not stored here; its argument is the kind."""


def to_attribute(value: "Value | OddAttribute") -> dict[str, Any]:  # noqa: PLR0911 - a table
    """One value in DynamoDB's typed form.

    Raises:
        TypeError: a float, or another type without an exact form.
    """
    # Text first, because most values are: each case before it would cost an event its time.
    match value:
        case str():
            return {"S": value}
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": str(value)}
        case dict() | Mapping():
            return {"M": to_attributes(value)}
        case list() | Sequence():
            return {"L": [to_attribute(child) for child in value]}
        case OddAttribute():
            return dict(value.stored)
    raise TypeError(f"{type(value).__name__} has no exact form in DynamoDB")


def to_attributes(item: Mapping[str, Value]) -> dict[str, dict[str, Any]]:
    """A whole item. Attributes that are None are left out: absent and null must not differ."""
    return {name: to_attribute(value) for name, value in item.items() if value is not None}


def from_attribute(attribute: Mapping[str, Any]) -> Value:
    """One value back in Python. Numbers are int where they are whole, else Decimal.

    Raises:
        TypeError: it is of a kind that this pipeline does not store.
    """
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value  # type: ignore[no-any-return]
        case "N":
            number = Decimal(value)
            return int(number) if number == number.to_integral_value() else number
        case "NULL":
            return None
        case "M":
            return {name: from_attribute(child) for name, child in value.items()}
        case "L":
            return [from_attribute(child) for child in value]
    raise _OddKindError(kind)


def from_attributes(item: Mapping[str, Mapping[str, Any]]) -> Item:
    """A whole item back in Python.

    An attribute of a kind that this pipeline does not store becomes an ``OddAttribute``, which says so
    when it is read: the rest of the item, and the items beside it, can be read without it.
    """
    return {name: _attribute(name, attribute) for name, attribute in item.items()}


def _attribute(name: str, attribute: Mapping[str, Any]) -> Value:
    try:
        return from_attribute(attribute)
    except _OddKindError as odd:
        return cast("Value", OddAttribute(name, attribute, str(odd)))
