"""A list that anybody may lengthen keeps its beginning, its end, and a count (I30)."""

import pytest

from shared.storage.bounded import FIRST, MAX_TEXT, NEWEST, entries, left_out, note, noted
from shared.storage.writes import ConditionsFailed, Update
from tests.fakes.tables import InMemoryTables

KEY = {"orderId": "ord_1"}


@pytest.fixture
def tables() -> InMemoryTables:
    memory = InMemoryTables()
    memory.seed("orders", KEY)
    return memory


def written(item, entry) -> Update:
    told = note(item, "timeline", entry)
    return Update("orders", KEY, set=told.set, add=told.add, append=told.append, when=told.when)


def entry(number: int, **more):
    return {"at": f"2026-03-01T12:{number // 60:02}:{number % 60:02}.000Z", "n": number, **more}


def fill(tables, count: int):
    for number in range(count):
        tables.transact([written(tables.get("orders", KEY), entry(number))])
    return tables.get("orders", KEY)


def test_a_short_list_is_kept_whole(tables):
    item = fill(tables, FIRST + NEWEST)

    assert [e["n"] for e in entries(item, "timeline")] == list(range(FIRST + NEWEST))
    assert (noted(item, "timeline"), left_out(item, "timeline")) == (FIRST + NEWEST, 0)


def test_a_long_list_keeps_the_first_the_newest_and_the_count(tables):
    item = fill(tables, 1000)

    kept = [e["n"] for e in entries(item, "timeline")]
    assert kept == [*range(FIRST), *range(1000 - NEWEST, 1000)]
    assert noted(item, "timeline") == 1000
    assert left_out(item, "timeline") == 1000 - FIRST - NEWEST


@pytest.mark.parametrize("count", [0, 1, FIRST, FIRST + NEWEST + 5])
def test_of_two_writers_that_read_the_same_one_reads_again(tables, count):
    """Neither overwrites the other's entry, and neither is counted twice."""
    item = fill(tables, count)
    mine, yours = written(item, entry(50, who="me")), written(item, entry(51, who="you"))

    tables.transact([mine])
    with pytest.raises(ConditionsFailed):
        tables.transact([yours])

    assert noted(tables.get("orders", KEY), "timeline") == count + 1


def test_a_long_text_is_cut(tables):
    told = note({}, "history", {"reason": "x" * 5000, "count": 3})

    assert told.append["history"] == [{"reason": "x" * (MAX_TEXT - 1) + "…", "count": 3}]


def test_what_is_told_late_is_shown_when_it_happened():
    item = {"history": [entry(5), entry(3)], "historyNewest": [entry(4)]}

    assert [e["n"] for e in entries(item, "history")] == [3, 4, 5]
