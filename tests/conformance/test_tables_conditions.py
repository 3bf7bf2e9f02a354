"""Every condition, where it holds and where it does not, on the fake and on DynamoDB alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from shared.storage.ports import Tables
from shared.storage.writes import (
    Absent,
    AnyOf,
    AtLeast,
    AtMost,
    Check,
    Condition,
    ConditionsFailed,
    Delete,
    Equals,
    Item,
    Missing,
    Present,
    Put,
    Update,
    Write,
)
from tests.services import unique

NO_ITEM = None
EMPTY: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Case:
    condition: Condition
    item: Mapping[str, Any] | None
    holds: bool

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "fails"
        return f"{self.condition}-{verdict}-for-{self.item}".replace("(", "[").replace(")", "]")


def holds(condition: Condition, item: Mapping[str, Any] | None) -> Case:
    return Case(condition, item, True)


def fails(condition: Condition, item: Mapping[str, Any] | None) -> Case:
    return Case(condition, item, False)


CASES = [
    holds(Absent(), NO_ITEM),
    fails(Absent(), EMPTY),
    fails(Present(), NO_ITEM),
    holds(Present(), EMPTY),
    holds(Missing("a"), NO_ITEM),
    holds(Missing("a"), {"b": 1}),
    fails(Missing("a"), {"a": 1}),
    fails(Missing("a"), {"a": False}),
    fails(Missing("a"), {"a": ""}),
    fails(Missing("a"), {"a": []}),
    # Equals: the same type and the same value.
    holds(Equals("a", "x"), {"a": "x"}),
    fails(Equals("a", "x"), {"a": "y"}),
    fails(Equals("a", "x"), {"a": "X"}),
    fails(Equals("a", "x"), {"b": "x"}),
    fails(Equals("a", "x"), NO_ITEM),
    holds(Equals("a", ""), {"a": ""}),
    fails(Equals("a", ""), {"b": 1}),
    holds(Equals("a", 1), {"a": 1}),
    holds(Equals("a", 1), {"a": Decimal("1.00")}),
    holds(Equals("a", Decimal("1.50")), {"a": Decimal("1.5")}),
    fails(Equals("a", 1), {"a": 2}),
    fails(Equals("a", 1), {"a": "1"}),
    fails(Equals("a", "1"), {"a": 1}),
    holds(Equals("a", True), {"a": True}),
    fails(Equals("a", True), {"a": False}),
    fails(Equals("a", True), {"a": 1}),
    fails(Equals("a", 1), {"a": True}),
    fails(Equals("a", 0), {"a": False}),
    fails(Equals("a", False), {"b": 1}),
    fails(Equals("a", "x"), {"a": ["x"]}),
    # Bounds: numbers, or text; never across types.
    holds(AtLeast("a", 5), {"a": 5}),
    holds(AtLeast("a", 5), {"a": 6}),
    holds(AtLeast("a", 5), {"a": Decimal("5.01")}),
    holds(AtLeast("a", Decimal("4.99")), {"a": 5}),
    fails(AtLeast("a", 5), {"a": 4}),
    fails(AtLeast("a", 5), {"a": Decimal("4.99")}),
    fails(AtLeast("a", 5), {"b": 9}),
    fails(AtLeast("a", 5), NO_ITEM),
    fails(AtLeast("a", 5), {"a": "9"}),
    fails(AtLeast("a", "5"), {"a": 9}),
    fails(AtLeast("a", 0), {"a": True}),
    holds(AtLeast("a", 10), {"a": 10**20}),
    holds(AtLeast("a", -5), {"a": -4}),
    fails(AtLeast("a", -5), {"a": -6}),
    holds(AtLeast("a", "b"), {"a": "b"}),
    holds(AtLeast("a", "b"), {"a": "ba"}),
    fails(AtLeast("a", "b"), {"a": "B"}),
    holds(AtLeast("a", "9"), {"a": "9"}),
    fails(AtLeast("a", "9"), {"a": "10"}),
    holds(AtLeast("a", "\uffee"), {"a": "\U0001f600"}),
    holds(AtMost("a", 5), {"a": 5}),
    holds(AtMost("a", 5), {"a": -1}),
    fails(AtMost("a", 5), {"a": 6}),
    fails(AtMost("a", 5), {"a": Decimal("5.01")}),
    fails(AtMost("a", 5), {"b": 1}),
    fails(AtMost("a", 5), NO_ITEM),
    fails(AtMost("a", 5), {"a": "1"}),
    fails(AtMost("a", 5), {"a": False}),
    fails(AtMost("a", "5"), {"a": 1}),
    holds(AtMost("a", "2026-03-01"), {"a": "2026-02-28"}),
    fails(AtMost("a", "2026-03-01"), {"a": "2026-03-02"}),
    holds(AnyOf((Absent(), Equals("a", "x"))), NO_ITEM),
    holds(AnyOf((Absent(), Equals("a", "x"))), {"a": "x"}),
    fails(AnyOf((Absent(), Equals("a", "x"))), {"a": "y"}),
    fails(AnyOf((Absent(), Equals("a", "x"))), EMPTY),
    holds(AnyOf((Missing("a"), AtMost("a", 5))), {"b": 1}),
    holds(AnyOf((Missing("a"), AtMost("a", 5))), {"a": 5}),
    fails(AnyOf((Missing("a"), AtMost("a", 5))), {"a": 6}),
    holds(AnyOf((Equals("a", 9), AnyOf((Equals("b", 1), Present())))), EMPTY),
    fails(AnyOf((Equals("a", 9), AnyOf((Equals("b", 1), Equals("b", 2))))), EMPTY),
]

# DynamoDB knows some words; as names of attributes they must not trip anything up.
RESERVED = ("status", "name", "state", "items", "ttl", "a.b", "a-b", "#a", ":a", "größe")


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("kind", ["put", "update", "delete", "check"])
def test_a_condition_decides_about_every_kind_of_write(
    tables: Tables, case: Case, kind: str
) -> None:
    key = {"sku": unique("c")}
    before: Item | None = None if case.item is None else {**key, **case.item}
    if before is not None:
        tables.transact([Put("stock", before)])
    write = written(kind, key, case.condition)

    refused = attempt(tables, write)

    assert (refused is None) is case.holds
    if refused is not None:
        assert [(f.index, f.current) for f in refused.failures] == [(0, before)]
        assert tables.get("stock", key) == before


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_condition_decides_alike_beside_another_write(tables: Tables, case: Case) -> None:
    key, other = {"sku": unique("c")}, {"sku": unique("other")}
    if case.item is not None:
        tables.transact([Put("stock", {**key, **case.item})])

    refused = attempt(tables, Put("stock", other), Check("stock", key, (case.condition,)))

    assert (refused is None) is case.holds
    assert (tables.get("stock", other) is not None) is case.holds
    assert refused is None or [failure.index for failure in refused.failures] == [1]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ((Equals("a", 1), Equals("b", 2)), True),
        ((Equals("a", 1), Equals("b", 3)), False),
        ((Equals("a", 9), Equals("b", 2)), False),
        ((Present(), Missing("c"), AnyOf((Equals("a", 9), AtLeast("b", 2)))), True),
        ((AnyOf((Equals("a", 1), Equals("a", 2))), AnyOf((Equals("b", 8), Equals("b", 9)))), False),
    ],
)
def test_all_conditions_of_a_write_must_hold(
    tables: Tables, conditions: tuple[Condition, ...], expected: bool
) -> None:
    key = {"sku": unique("c")}
    tables.transact([Put("stock", {**key, "a": 1, "b": 2})])

    refused = attempt(tables, Update("stock", key, set={"done": True}, when=conditions))

    assert (refused is None) is expected


@pytest.mark.parametrize("attribute", RESERVED)
def test_an_attribute_may_have_any_name(tables: Tables, attribute: str) -> None:
    key = {"sku": unique("c")}
    tables.transact([Put("stock", {**key, attribute: "x", "old": 1})])

    tables.transact(
        [
            Update(
                "stock", key, set={attribute: "y"}, remove=("old",), when=(Equals(attribute, "x"),)
            )
        ]
    )

    assert tables.get("stock", key) == {**key, attribute: "y"}


def test_the_presence_of_an_item_with_a_sort_key_is_that_of_both_parts(tables: Tables) -> None:
    sku = unique("c")
    tables.transact([Put("movements", {"sku": sku, "movementId": "m1"})])

    beside = attempt(tables, Put("movements", {"sku": sku, "movementId": "m2"}, when=(Absent(),)))
    same = attempt(tables, Put("movements", {"sku": sku, "movementId": "m1"}, when=(Absent(),)))

    assert beside is None
    assert same is not None


def written(kind: str, key: dict[str, str], condition: Condition) -> Write:
    writes: dict[str, Write] = {
        "put": Put("stock", {**key, "new": 1}, when=(condition,)),
        "update": Update("stock", key, set={"new": 1}, when=(condition,)),
        "delete": Delete("stock", key, when=(condition,)),
        "check": Check("stock", key, (condition,)),
    }
    return writes[kind]


def attempt(tables: Tables, *writes: Write) -> ConditionsFailed | None:
    try:
        tables.transact(writes)
    except ConditionsFailed as refused:
        return refused
    return None
