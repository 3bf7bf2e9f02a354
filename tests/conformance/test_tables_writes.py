"""What a write changes, and that several change all or nothing, on the fake and on DynamoDB alike."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from shared.adapters.aws.errors import AwsRefusedError
from shared.storage.ports import Tables
from shared.storage.writes import (
    Absent,
    AtLeast,
    Check,
    ConditionsFailed,
    Delete,
    Equals,
    Item,
    Present,
    Put,
    Update,
    Write,
)
from tests.services import unique

# How either store says that a request makes no sense: a bug, which no retry can heal.
NONSENSE = (AwsRefusedError, TypeError, ValueError)


def seeded(tables: Tables, **attributes: Any) -> dict[str, str]:
    key = {"sku": unique("w")}
    tables.transact([Put("stock", {**key, **attributes})])
    return key


def after(tables: Tables, before: Mapping[str, Any], **change: Any) -> dict[str, Any]:
    """What an update makes of an item, without its key."""
    key = seeded(tables, **before)
    tables.transact([Update("stock", key, **change)])
    item = dict(tables.get("stock", key) or {})
    del item["sku"]
    return item


# ------------------------------------------------------------------ put, delete, check
def test_a_put_replaces_the_whole_item(tables: Tables) -> None:
    key = seeded(tables, old=1, both=1)

    tables.transact([Put("stock", {**key, "both": 2})])

    assert tables.get("stock", key) == {**key, "both": 2}


def test_a_put_leaves_out_what_is_none(tables: Tables) -> None:
    key = seeded(tables, old=1)

    tables.transact([Put("stock", {**key, "old": None, "new": 1})])

    assert tables.get("stock", key) == {**key, "new": 1}


def test_a_delete_removes_the_item_and_repeats_harmlessly(tables: Tables) -> None:
    key = seeded(tables)

    tables.transact([Delete("stock", key)])
    tables.transact([Delete("stock", key)])

    assert tables.get("stock", key) is None


def test_a_check_changes_nothing_and_makes_no_item(tables: Tables) -> None:
    key, absent = seeded(tables, a=1), {"sku": unique("w")}

    tables.transact([Check("stock", key, (Present(),)), Check("stock", absent, (Absent(),))])

    assert tables.get("stock", key) == {**key, "a": 1}
    assert tables.get("stock", absent) is None


# ------------------------------------------------------------------ update
@pytest.mark.parametrize(
    ("before", "change", "expected"),
    [
        ({"a": 1}, {"set": {"a": 2}}, {"a": 2}),
        ({"a": 1}, {"set": {"b": "x"}}, {"a": 1, "b": "x"}),
        ({"a": 1}, {"set": {"a": None}}, {"a": 1}),
        ({"a": 1}, {"set": {"a": None, "b": 2}}, {"a": 1, "b": 2}),
        ({"a": 1}, {"set": {"a": {"deep": [1, {"er": True}]}}}, {"a": {"deep": [1, {"er": True}]}}),
        ({"a": 1}, {"set": {"a": ""}}, {"a": ""}),
        ({}, {"add": {"n": 2}}, {"n": 2}),
        ({"n": 5}, {"add": {"n": -2}}, {"n": 3}),
        ({"n": 1}, {"add": {"n": -2}}, {"n": -1}),
        ({"n": Decimal("0.1")}, {"add": {"n": Decimal("0.2")}}, {"n": Decimal("0.3")}),
        ({"n": Decimal("1.5")}, {"add": {"n": Decimal("0.5")}}, {"n": 2}),
        ({"n": 10**20}, {"add": {"n": 1}}, {"n": 10**20 + 1}),
        ({}, {"append": {"l": ["a"]}}, {"l": ["a"]}),
        ({"l": ["a"]}, {"append": {"l": ["b", "c"]}}, {"l": ["a", "b", "c"]}),
        ({"l": ["a"]}, {"append": {"l": []}}, {"l": ["a"]}),
        ({}, {"append": {"l": []}}, {"l": []}),
        ({"l": [1]}, {"append": {"l": [{"m": [None, True]}]}}, {"l": [1, {"m": [None, True]}]}),
        ({"a": 1, "b": 2}, {"remove": ("a",)}, {"b": 2}),
        ({"b": 2}, {"remove": ("a",)}, {"b": 2}),
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1}, {"set": {}, "add": {}, "append": {}, "remove": ()}, {"a": 1}),
        (
            {"s": "x", "n": 1, "l": [1], "r": 1},
            {"set": {"s": "y"}, "add": {"n": 1}, "append": {"l": [2]}, "remove": ("r",)},
            {"s": "y", "n": 2, "l": [1, 2]},
        ),
        (
            {},
            {"add": {"n": 1, "m": 2}, "append": {"l": [1], "k": [2]}},
            {"n": 1, "m": 2, "l": [1], "k": [2]},
        ),
    ],
)
def test_an_update_changes_exactly_what_it_names(
    tables: Tables, before: dict[str, Any], change: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert after(tables, before, **change) == expected


@pytest.mark.parametrize(
    "change", [{"set": {"a": 1}}, {"add": {"a": 1}}, {"append": {"a": [1]}}, {"remove": ("a",)}, {}]
)
def test_an_update_makes_the_item_if_there_is_none(tables: Tables, change: dict[str, Any]) -> None:
    key = {"sku": unique("w")}

    tables.transact([Update("stock", key, **change)])

    made: dict[str, dict[str, Any]] = {"set": {"a": 1}, "add": {"a": 1}, "append": {"a": [1]}}
    expected = next((value for name, value in made.items() if name in change), {})
    assert tables.get("stock", key) == {**key, **expected}


def test_an_update_of_an_item_with_a_sort_key_leaves_its_neighbours_alone(tables: Tables) -> None:
    sku = unique("w")
    one, two = ({"sku": sku, "movementId": m} for m in ("m1", "m2"))
    tables.transact([Put("movements", {**one, "n": 1}), Put("movements", {**two, "n": 1})])

    tables.transact([Update("movements", two, add={"n": 1})])

    assert tables.query("movements", sku) == [{**one, "n": 1}, {**two, "n": 2}]


def test_an_item_enters_and_leaves_a_sparse_index_with_its_attribute(tables: Tables) -> None:
    shard, key = unique("shard"), {"id": unique("e")}
    tables.transact([Put("ledger", {**key, "committedAt": "x"})])

    tables.transact([Update("ledger", key, set={"pendingShard": shard})])
    inside = tables.query("ledger", shard, index="pending")
    tables.transact([Update("ledger", key, remove=("pendingShard",))])

    assert [item["id"] for item in inside] == [key["id"]]
    assert tables.query("ledger", shard, index="pending") == []


@pytest.mark.parametrize(
    "write",
    [
        Put("stock", {"sku": "f", "a": 1.5}),  # type: ignore[dict-item]
        Update("stock", {"sku": "f"}, set={"a": [1.5]}),  # type: ignore[list-item]
        Update("stock", {"sku": "f"}, add={"a": 1.5}),  # type: ignore[dict-item]
        Update("stock", {"sku": "f"}, append={"a": [1.5]}),  # type: ignore[list-item]
    ],
    ids=["put", "set", "add", "append"],
)
def test_no_write_takes_a_binary_float(tables: Tables, write: Write) -> None:
    with pytest.raises(TypeError):
        tables.transact([write])


# ------------------------------------------------------------------ all or none
def six_puts(failing: int | None = None) -> list[Put]:
    """Six new items; the failing one insists on existing already."""
    return [
        Put("stock", {"sku": unique("t"), "n": n}, when=(Present() if n == failing else Absent(),))
        for n in range(6)
    ]


def stored(tables: Tables, writes: list[Put]) -> list[bool]:
    keys = [("stock", {"sku": str(write.item["sku"])}) for write in writes]
    return [item is not None for item in tables.get_many(keys)]


def test_a_transaction_stores_every_write(tables: Tables) -> None:
    writes = six_puts()

    tables.transact(writes)

    assert all(stored(tables, writes))


@pytest.mark.parametrize("failing", range(6))
def test_a_transaction_whose_nth_write_is_refused_stores_nothing(
    tables: Tables, failing: int
) -> None:
    writes = six_puts(failing)

    with pytest.raises(ConditionsFailed) as refused:
        tables.transact(writes)

    assert [(f.index, f.current) for f in refused.value.failures] == [(failing, None)]
    assert not any(stored(tables, writes))


@pytest.mark.parametrize("failing", range(4))
def test_no_kind_of_write_survives_the_refusal_of_another(tables: Tables, failing: int) -> None:
    keys = [seeded(tables, n=1) for _ in range(4)]
    impossible = (AtLeast("n", 2),)
    conditions = [impossible if n == failing else () for n in range(4)]

    with pytest.raises(ConditionsFailed) as refused:
        tables.transact(
            [
                Put("stock", {**keys[0], "n": 9}, when=conditions[0]),
                Update("stock", keys[1], add={"n": 8}, when=conditions[1]),
                Delete("stock", keys[2], when=conditions[2]),
                Check("stock", keys[3], (Present(), *conditions[3])),
            ]
        )

    assert [(f.index, f.current) for f in refused.value.failures] == [
        (failing, {**keys[failing], "n": 1})
    ]
    assert tables.get_many([("stock", key) for key in keys]) == [{**key, "n": 1} for key in keys]


def test_every_refused_write_is_named_with_its_item_as_it_stood(tables: Tables) -> None:
    taken, free, other = seeded(tables, n=1), {"sku": unique("t")}, seeded(tables, s="x")

    with pytest.raises(ConditionsFailed) as refused:
        tables.transact(
            [
                Put("stock", {**taken}, when=(Absent(),)),
                Put("stock", {**free}, when=(Absent(),)),
                Update("stock", other, set={"s": "y"}, when=(Equals("s", "z"),)),
            ]
        )

    failures = [(failure.index, failure.current) for failure in refused.value.failures]
    assert failures == [(0, {**taken, "n": 1}), (2, {**other, "s": "x"})]


def test_a_transaction_spans_tables(tables: Tables) -> None:
    name = unique("t")
    writes: list[Write] = [
        Put("orders", {"orderId": name}, when=(Absent(),)),
        Put("movements", {"sku": name, "movementId": "m"}),
        Update("stock", {"sku": name}, add={"available": -1}, when=(AtLeast("available", 1),)),
    ]

    with pytest.raises(ConditionsFailed):
        tables.transact(writes)
    absent = tables.get("orders", {"orderId": name}), tables.query("movements", name)
    tables.transact([Put("stock", {"sku": name, "available": 1})])
    tables.transact(writes)

    assert absent == (None, [])
    assert tables.get("stock", {"sku": name}) == {"sku": name, "available": 0}
    assert tables.get("orders", {"orderId": name}) is not None


def test_a_transaction_takes_a_hundred_writes_and_not_one_more(tables: Tables) -> None:
    hundred = [Put("stock", {"sku": unique("t")}) for _ in range(100)]
    more = [Put("stock", {"sku": unique("t")}) for _ in range(101)]

    tables.transact(hundred)
    with pytest.raises(NONSENSE):
        tables.transact(more)

    assert all(stored(tables, hundred))
    assert not any(stored(tables, more[:100]))


@pytest.mark.parametrize("second", ["put", "update", "delete", "check"])
def test_a_transaction_that_names_an_item_twice_is_refused(tables: Tables, second: str) -> None:
    key: Item = {"sku": unique("t")}
    text = {"sku": str(key["sku"])}
    writes: dict[str, Write] = {
        "put": Put("stock", {**key, "n": 2}),
        "update": Update("stock", text, add={"n": 1}),
        "delete": Delete("stock", text),
        "check": Check("stock", text, (Absent(),)),
    }

    with pytest.raises(NONSENSE):
        tables.transact([Put("stock", {**key, "n": 1}), writes[second]])

    assert tables.get("stock", text) is None


@pytest.mark.parametrize("beside", [True, False])
def test_an_addition_to_text_is_a_bug_and_not_an_answer(tables: Tables, beside: bool) -> None:
    key = seeded(tables, a="text")
    writes: list[Write] = [Update("stock", key, add={"a": 1})]
    if beside:
        writes.append(Put("stock", {"sku": unique("t")}))

    with pytest.raises(NONSENSE):
        tables.transact(writes)

    assert tables.get("stock", key) == {**key, "a": "text"}


def test_of_many_writers_of_one_last_unit_exactly_one_wins(tables: Tables) -> None:
    key = seeded(tables, available=1)
    take = Update("stock", key, add={"available": -1}, when=(AtLeast("available", 1),))

    refused = 0
    for _ in range(5):
        try:
            tables.transact([take, Put("stock", {"sku": unique("sold")})])
        except ConditionsFailed:
            refused += 1

    assert refused == 4
    assert tables.get("stock", key) == {**key, "available": 0}
