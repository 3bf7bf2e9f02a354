"""What a use case wants stored, as data: conditional writes that commit together or not at all.

A use case decides and returns these; the spine commits them in one transaction with the ledger
record. Because they are plain values, the DynamoDB adapter and the in-memory store of the tests
interpret the very same thing, and a conformance suite holds them together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

Value: TypeAlias = "str | int | Decimal | bool | Sequence[Value] | Mapping[str, Value] | None"
Item: TypeAlias = Mapping[str, Value]
Key: TypeAlias = Mapping[str, str]


# ------------------------------------------------------------------ conditions on the item as it is
@dataclass(frozen=True, slots=True)
class Absent:
    """No item has this key yet."""


@dataclass(frozen=True, slots=True)
class Present:
    """An item has this key."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The item, if any, lacks the attribute."""

    attribute: str


@dataclass(frozen=True, slots=True)
class Equals:
    """The attribute exists and has exactly this value."""

    attribute: str
    value: str | int | Decimal | bool


@dataclass(frozen=True, slots=True)
class AtLeast:
    """The attribute exists and is not less than the bound (numbers, or text in code point order)."""

    attribute: str
    bound: int | Decimal | str


@dataclass(frozen=True, slots=True)
class AtMost:
    """The attribute exists and is not more than the bound."""

    attribute: str
    bound: int | Decimal | str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the conditions holds."""

    conditions: "tuple[Condition, ...]"


Condition: TypeAlias = Absent | Present | Missing | Equals | AtLeast | AtMost | AnyOf


# ------------------------------------------------------------------ writes
@dataclass(frozen=True, slots=True)
class Put:
    """Store a whole item (its key attributes included) if every condition holds."""

    table: str
    item: Item
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """Change attributes of an item; makes the item if there is none and the conditions allow it.

    ``set`` leaves alone what it gives as None; ``append`` adds to the end of a list attribute,
    which starts empty.
    """

    table: str
    key: Key
    set: Item = field(default_factory=dict)
    add: Mapping[str, int | Decimal] = field(default_factory=dict)
    append: Mapping[str, Sequence[Value]] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove an item if every condition holds."""

    table: str
    key: Key
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """Change nothing, but let the transaction fail unless every condition holds."""

    table: str
    key: Key
    when: tuple[Condition, ...]


Write: TypeAlias = Put | Update | Delete | Check


@dataclass(frozen=True, slots=True)
class FailedWrite:
    """Which write of a transaction was refused by its condition, and the item as it stood."""

    index: int
    current: Item | None


class ConditionsFailed(Exception):  # noqa: N818 - an answer of the store, not an error of the program
    """The transaction was refused and stored nothing; says which writes disagreed with reality.

    Not part of the error tree: a use case or the spine always turns it into a decision.
    """

    def __init__(self, failures: Sequence[FailedWrite]) -> None:
        self.failures = tuple(failures)
        super().__init__(f"conditions failed for writes {[f.index for f in failures]}")
