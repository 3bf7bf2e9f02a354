"""Reading, on the fake and on DynamoDB alike."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.adapters.aws.errors import AwsRefusedError
from shared.storage.ports import Tables
from shared.storage.writes import Item, Put
from tests.services import unique


def put(tables: Tables, table: str, *items: Item) -> None:
    for item in items:
        tables.transact([Put(table, item)])


def movements(sku: str, *ids: str) -> list[Item]:
    return [{"sku": sku, "movementId": movement} for movement in ids]


def ids(items: Sequence[Item], name: str) -> list[Any]:
    return [item[name] for item in items]


# ------------------------------------------------------------------ get
def test_an_item_is_found_by_its_key_with_everything_that_was_put(tables: Tables) -> None:
    item: Item = {"sku": unique("mug"), "price": Decimal("12.50"), "available": 3}
    put(tables, "stock", item)

    found = tables.get("stock", {"sku": str(item["sku"])})

    assert found == item


def test_nothing_is_found_under_a_key_that_was_never_written(tables: Tables) -> None:
    assert tables.get("stock", {"sku": unique("absent")}) is None


def test_an_item_with_a_sort_key_is_found_by_both_parts_only(tables: Tables) -> None:
    sku = unique("mug")
    put(tables, "movements", *movements(sku, "m1"))

    assert tables.get("movements", {"sku": sku, "movementId": "m1"}) is not None
    assert tables.get("movements", {"sku": sku, "movementId": "m2"}) is None


# ------------------------------------------------------------------ get_many
def test_a_batch_answers_in_the_order_asked_with_none_where_absent(tables: Tables) -> None:
    first, second, absent = unique("a"), unique("b"), unique("c")
    put(tables, "stock", {"sku": first, "n": 1}, {"sku": second, "n": 2})

    found = tables.get_many([("stock", {"sku": key}) for key in (second, absent, first)])

    assert found == [{"sku": second, "n": 2}, None, {"sku": first, "n": 1}]


def test_a_batch_may_ask_for_the_same_item_twice(tables: Tables) -> None:
    key = {"sku": unique("mug")}
    put(tables, "stock", {**key, "n": 1})

    found = tables.get_many([("stock", key), ("stock", key)])

    assert found == [{**key, "n": 1}] * 2


def test_a_batch_spans_tables_and_key_shapes(tables: Tables) -> None:
    name = unique("x")
    put(tables, "orders", {"orderId": name, "of": "orders"})
    put(tables, "checkouts", {"orderId": name, "of": "checkouts"})
    put(tables, "movements", *movements(name, "m1"))

    found = tables.get_many(
        [
            ("checkouts", {"orderId": name}),
            ("movements", {"movementId": "m1", "sku": name}),
            ("orders", {"orderId": name}),
        ]
    )

    assert found == [
        {"orderId": name, "of": "checkouts"},
        {"sku": name, "movementId": "m1"},
        {"orderId": name, "of": "orders"},
    ]


def test_a_batch_takes_a_hundred_items(tables: Tables) -> None:
    keys = [{"sku": unique(f"s{n}")} for n in range(100)]
    tables.transact([Put("stock", {**key, "n": n}) for n, key in enumerate(keys)])

    found = tables.get_many([("stock", key) for key in keys])

    assert [item and item["n"] for item in found] == list(range(100))


def test_a_batch_of_more_than_a_hundred_items_is_refused(tables: Tables) -> None:
    keys = [("stock", {"sku": unique(f"s{n}")}) for n in range(101)]

    with pytest.raises((AwsRefusedError, ValueError)):
        tables.get_many(keys)


def test_an_empty_batch_has_an_empty_answer(tables: Tables) -> None:
    assert tables.get_many([]) == []


# ------------------------------------------------------------------ query
def test_a_partition_is_read_in_the_order_of_its_sort_key(tables: Tables) -> None:
    sku = unique("mug")
    put(tables, "movements", *movements(sku, "m3", "m1", "m2"))
    put(tables, "movements", *movements(unique("other"), "m0"))

    forwards = tables.query("movements", sku)
    backwards = tables.query("movements", sku, newest_first=True)

    assert ids(forwards, "movementId") == ["m1", "m2", "m3"]
    assert ids(backwards, "movementId") == ["m3", "m2", "m1"]


@pytest.mark.parametrize(
    ("newest_first", "expected"), [(False, ["m1", "m2"]), (True, ["m4", "m3"])]
)
def test_a_limit_keeps_the_beginning_of_the_order_asked_for(
    tables: Tables, newest_first: bool, expected: list[str]
) -> None:
    sku = unique("mug")
    put(tables, "movements", *movements(sku, "m1", "m2", "m3", "m4"))

    found = tables.query("movements", sku, newest_first=newest_first, limit=2)

    assert ids(found, "movementId") == expected


def test_text_sorts_by_code_points(tables: Tables) -> None:
    sku = unique("mug")
    put(tables, "movements", *movements(sku, "b", "B", "a", "é", "10", "9", "\U0001f600", "\uffee"))

    found = tables.query("movements", sku)

    assert ids(found, "movementId") == ["10", "9", "B", "a", "b", "é", "\uffee", "\U0001f600"]


def test_a_partition_without_items_is_empty(tables: Tables) -> None:
    assert tables.query("movements", unique("absent")) == []


def test_an_index_finds_items_of_any_key_in_its_own_order(tables: Tables) -> None:
    trace = unique("corr")
    for moment in ("2026-03-02", "2026-03-01"):
        put(tables, "ledger", {"id": unique("e"), "correlationId": trace, "committedAt": moment})
    put(tables, "ledger", {"id": unique("e"), "correlationId": unique("c"), "committedAt": "x"})

    found = tables.query("ledger", trace, index="trace")

    assert ids(found, "committedAt") == ["2026-03-01", "2026-03-02"]


def test_an_index_of_keys_alone_gives_the_keys_of_an_item_and_no_more(tables: Tables) -> None:
    named, key = unique("corr"), unique("e")
    item = {"id": key, "namedCorrelation": named, "committedAt": "2026-03-01", "outcome": "created"}
    put(tables, "ledger", item)

    found = tables.query("ledger", named, index="byCorrelation")

    assert found == [{"id": key, "namedCorrelation": named, "committedAt": "2026-03-01"}]


@pytest.mark.parametrize("missing", ["pendingShard", "committedAt"])
def test_an_item_without_a_key_of_the_index_is_not_in_it(tables: Tables, missing: str) -> None:
    shard = unique("shard")
    entry = {"id": unique("e"), "pendingShard": shard, "committedAt": "2026-03-01"}
    del entry[missing]
    put(tables, "ledger", entry)

    assert tables.query("ledger", shard, index="pending") == []


def test_an_index_honours_limit_and_direction(tables: Tables) -> None:
    user = unique("user")
    for day in range(1, 6):
        put(tables, "audit", {"entity": unique("o"), "entryId": f"day-{day}", "userId": user})

    found = tables.query("audit", user, index="byUser", newest_first=True, limit=3)

    assert ids(found, "entryId") == ["day-5", "day-4", "day-3"]


# ------------------------------------------------------------------ values
scalars = (
    st.none()
    | st.booleans()
    | st.text(max_size=20)
    | st.integers(-(10**37), 10**37)
    | st.decimals(-(10**20), 10**20, places=6, allow_nan=False, allow_infinity=False)
)
nested = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


def without_none(value: Any) -> Any:
    """Absent and null do not differ in a map; in a list a place is a place."""
    if isinstance(value, dict):
        return {k: without_none(v) for k, v in value.items() if v is not None}
    return [without_none(v) for v in value] if isinstance(value, list) else value


@given(value=nested)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_value_comes_back_as_it_was_stored(tables: Tables, value: Any) -> None:
    key = {"sku": unique("v")}
    put(tables, "stock", {**key, "inside": [value], "named": {"it": value}})

    found = tables.get("stock", key)

    assert found == {**key, **without_none({"inside": [value], "named": {"it": value}})}


@pytest.mark.parametrize(
    ("stored", "kind"),
    [(1, int), (True, bool), (Decimal("2.0"), int), (Decimal("2.5"), Decimal), ("1", str)],
)
def test_whole_numbers_come_back_as_int_and_others_as_decimal(
    tables: Tables, stored: Any, kind: type[Any]
) -> None:
    key = {"sku": unique("v")}
    put(tables, "stock", {**key, "value": stored})

    found = tables.get("stock", key)

    assert found is not None
    assert type(found["value"]) is kind


def test_none_is_left_out_of_maps_at_any_depth_and_kept_in_lists(tables: Tables) -> None:
    key = {"sku": unique("v")}
    put(tables, "stock", {**key, "gone": None, "map": {"inner": None}, "list": [None, 1]})

    assert tables.get("stock", key) == {**key, "map": {}, "list": [None, 1]}


@pytest.mark.parametrize("value", [1.5, [1.5], {"deep": [{"er": 0.1}]}])
def test_a_binary_float_is_never_stored(tables: Tables, value: Any) -> None:
    key = {"sku": unique("v")}

    with pytest.raises(TypeError):
        put(tables, "stock", {**key, "value": value})

    assert tables.get("stock", key) is None


def test_a_query_reads_on_past_the_megabyte_of_a_page(tables: Tables) -> None:
    sku = unique("long")
    names = [f"{number:02}" for number in range(8)]
    put(
        tables,
        "movements",
        *({"sku": sku, "movementId": name, "note": "x" * 200_000} for name in names),
    )

    assert ids(tables.query("movements", sku), "movementId") == names
    assert ids(tables.query("movements", sku, limit=7), "movementId") == names[:7]
