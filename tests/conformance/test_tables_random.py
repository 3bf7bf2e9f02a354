"""Any sequence of transactions has the same answers and the same end on the fake and on DynamoDB."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.adapters.aws.errors import AwsRefusedError
from shared.adapters.dynamodb_tables import DynamoDBTables
from shared.storage.ports import Tables
from shared.storage.writes import (
    Absent,
    AnyOf,
    AtLeast,
    AtMost,
    Check,
    ConditionsFailed,
    Delete,
    Equals,
    Missing,
    Present,
    Put,
    Update,
    Write,
)
from tests.fakes.tables import InMemoryTables
from tests.services import unique

# Few items, attributes and values, so that writes meet and conditions both hold and fail.
KEYS = ("k0", "k1", "k2")
NUMBERS, TEXTS, LISTS = ("n", "m"), ("s", "t"), ("l",)
ATTRIBUTES = (*NUMBERS, *TEXTS, *LISTS)

keys = st.sampled_from(KEYS)
number = st.integers(-3, 3) | st.sampled_from([Decimal("0.5"), Decimal("-1.25")])
text = st.sampled_from(["", "a", "b", "1"])
entries = st.lists(st.integers(0, 2) | text, max_size=2)
attribute = st.sampled_from(ATTRIBUTES)


def subset(
    names: Sequence[str], values: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), values, max_size=2)


content = st.builds(
    lambda numbers, texts, lists: {**numbers, **texts, **lists},
    subset(NUMBERS, number),
    subset(TEXTS, text),
    subset(LISTS, entries),
)
# Values of the wrong type on purpose: conditions must then fail, not break.
simple = st.one_of(
    st.just(Absent()),
    st.just(Present()),
    st.builds(Missing, attribute),
    st.builds(Equals, attribute, number | text | st.booleans()),
    st.builds(AtLeast, attribute, number | text),
    st.builds(AtMost, attribute, number | text),
)
condition = simple | st.builds(AnyOf, st.tuples(simple, simple))
when = st.lists(condition, max_size=2).map(tuple)


@st.composite
def updates(draw: st.DrawFn) -> Update:
    # DynamoDB takes no attribute twice in one update: each gets one role at most.
    roles = {name: draw(st.sampled_from(["set", "other", "remove", ""])) for name in ATTRIBUTES}
    sets = {
        name: draw(st.none() | (number if name in NUMBERS else text if name in TEXTS else entries))
        for name, role in roles.items()
        if role == "set"
    }
    others = [name for name, role in roles.items() if role == "other"]
    return Update(
        "stock",
        {"sku": draw(keys)},
        set=sets,
        add={name: draw(number) for name in others if name in NUMBERS},
        append={name: draw(entries) for name in others if name in LISTS},
        remove=tuple(name for name, role in roles.items() if role == "remove"),
        when=draw(when),
    )


puts = st.builds(
    lambda sku, item, when: Put("stock", {"sku": sku, **item}, when), keys, content, when
)
deletes = st.builds(lambda sku, when: Delete("stock", {"sku": sku}, when), keys, when)
checks = st.builds(
    lambda sku, first, when: Check("stock", {"sku": sku}, (first, *when)), keys, condition, when
)
transactions = st.lists(puts | updates() | deletes | checks, min_size=1, max_size=3)


@given(story=st.lists(transactions, min_size=1, max_size=8))
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_both_give_the_same_answers_and_end_in_the_same_state(
    dynamodb_tables: DynamoDBTables, story: list[list[Write]]
) -> None:
    prefix, memory = unique("r"), InMemoryTables()
    moved = [[relocated(write, prefix) for write in writes] for writes in story]

    in_memory = [outcome(memory, writes) for writes in moved]
    on_dynamodb = [outcome(dynamodb_tables, writes) for writes in moved]

    assert in_memory == on_dynamodb
    wanted = [("stock", {"sku": f"{prefix}-{key}"}) for key in KEYS]
    assert memory.get_many(wanted) == dynamodb_tables.get_many(wanted)


def relocated(write: Write, prefix: str) -> Write:
    if isinstance(write, Put):
        return replace(write, item={**write.item, "sku": f"{prefix}-{write.item['sku']}"})
    return replace(write, key={"sku": f"{prefix}-{write.key['sku']}"})


def outcome(tables: Tables, writes: Sequence[Write]) -> object:
    try:
        tables.transact(writes)
    except ConditionsFailed as refused:
        return [(failure.index, failure.current) for failure in refused.failures]
    except (AwsRefusedError, ValueError):
        return "refused"
    return "stored"
