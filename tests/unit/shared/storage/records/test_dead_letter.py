"""What the owner of the dead letter row promises: nothing is lost between writing and reading, and of
two changes at once one holds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.storage.bounded import FIRST
from shared.storage.records.dead_letter import (
    DeadLetterKind,
    DeadLetterRow,
    DeadLetterState,
    Plan,
    change_state,
    dead_letter_key,
    insert_dead_letter,
    keys_in,
    note_failure,
    postpone_dead_letter,
)
from shared.storage.records.dead_letter_history import History, HistoryEntry
from shared.storage.schema import shard_of
from shared.storage.writes import ConditionsFailed
from tests.builders import MOMENT, dead_letter_row
from tests.fakes.tables import InMemoryTables

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = "2026-03-01T13:00:00.000Z"
TEXTS = st.text(max_size=20)
IDS = st.text("abcxyz012-_#", min_size=1, max_size=12)
MOMENTS = st.sampled_from(["", MOMENT, LATER])
COUNTS = st.integers(0, 10**6)
ENTRIES = st.lists(st.builds(HistoryEntry, at=MOMENTS, action=TEXTS, by=TEXTS, reason=TEXTS)).map(
    tuple
)
ROWS = st.builds(
    DeadLetterRow,
    key=IDS,
    state=st.sampled_from(DeadLetterState),
    kind=st.none() | st.sampled_from(DeadLetterKind),
    topic=TEXTS,
    event_type=TEXTS,
    cause=TEXTS,
    error=TEXTS,
    fingerprint=TEXTS,
    attempts=COUNTS,
    first_failed_at=MOMENTS,
    last_failed_at=MOMENTS,
    reported_by=TEXTS,
    original=TEXTS,
    message_id=TEXTS,
    failures=COUNTS,
    replays=COUNTS,
    deliveries=COUNTS,
    due_at=MOMENTS,
    next_delivery_at=MOMENTS,
    last_sent_at=MOMENTS,
    closed_at=MOMENTS,
    history=st.builds(History, first=ENTRIES, newest=ENTRIES, count=st.none() | COUNTS),
)
WHY = HistoryEntry(at=MOMENT, action="replayed", by="ada", reason="fixed")
OLD = DeadLetterRow.from_item(dead_letter_row())


def kept(*rows: dict[str, Any]) -> InMemoryTables:
    tables = InMemoryTables()
    tables.seed("dead_letters", *(rows or (dead_letter_row(),)))
    return tables


def stored(tables: InMemoryTables, key: str = "evt-1") -> DeadLetterRow:
    item = tables.get(*dead_letter_key(key))
    assert item is not None
    return DeadLetterRow.from_item(item)


@given(ROWS)
def test_a_row_is_read_back_as_it_was_stored(row):
    tables = InMemoryTables()
    tables.transact([insert_dead_letter(row)])

    assert stored(tables, row.key) == row
    assert DeadLetterRow.from_item(row.to_item()) == row


def test_a_row_from_before_attributes_were_added_lacks_them():
    assert OLD.kind is None
    assert (OLD.failures, OLD.deliveries, OLD.sendings) == (0, 0, 0)
    assert (OLD.due_at, OLD.next_delivery_at, OLD.last_sent_at, OLD.closed_at) == ("",) * 4
    assert OLD.message_id == ""
    assert OLD.history == History()
    assert not OLD.is_unconfirmed


def test_a_row_from_before_entries_were_counted_can_be_changed():
    tables = kept()

    tables.transact([change_state(OLD, DeadLetterState.REPLAYING, WHY, plan="as it is")])

    assert stored(tables).history == History((WHY,), count=1)


def test_an_event_has_one_row():
    tables = kept()

    with pytest.raises(ConditionsFailed):
        tables.transact([insert_dead_letter(OLD)])


def test_only_what_is_due_is_in_the_index_of_what_is_due():
    assert {"dueShard", "dueAt", "nextDeliveryAt"}.isdisjoint(OLD.to_item())

    item = DeadLetterRow.from_item(dead_letter_row(dueAt=LATER, nextDeliveryAt=LATER)).to_item()

    assert (item["dueShard"], item["dueAt"]) == (shard_of("evt-1"), LATER)


def test_the_index_tells_keys_and_what_is_due():
    items = [{"eventId": "a", "dueAt": MOMENT}, {"eventId": "b", "dueAt": LATER}]

    assert keys_in(items) == ["a", "b"]
    assert keys_in(items, due_until=MOMENT) == ["a"]


def test_of_two_changes_of_the_same_reading_one_holds():
    tables = kept()
    tables.transact([change_state(OLD, DeadLetterState.OPEN, WHY, plan="none")])

    with pytest.raises(ConditionsFailed):
        tables.transact([change_state(OLD, DeadLetterState.OPEN, WHY, plan="none")])
    with pytest.raises(ConditionsFailed):
        tables.transact([note_failure(OLD, OLD, WHY, plan=None)])


def test_a_change_is_refused_in_another_state_than_was_read():
    tables = kept(dead_letter_row(state="discarded"))

    with pytest.raises(ConditionsFailed):
        tables.transact([change_state(OLD, DeadLetterState.OPEN, WHY, plan="none")])


def test_a_change_tells_its_times_its_count_and_what_comes_next():
    tables, later = kept(), NOW + timedelta(hours=1)

    tables.transact(
        [
            change_state(
                OLD,
                DeadLetterState.REPLAYING,
                WHY,
                plan=Plan(later, later),
                sent_at=MOMENT,
                counted="replays",
            )
        ]
    )
    row = stored(tables)
    assert (row.state, row.replays, row.deliveries) == (DeadLetterState.REPLAYING, 1, 0)
    assert (row.due_at, row.next_delivery_at, row.last_sent_at) == (LATER, LATER, MOMENT)

    tables.transact(
        [change_state(row, DeadLetterState.RESOLVED, WHY, plan="none", closed_at=LATER)]
    )
    settled = stored(tables)
    assert (settled.due_at, settled.next_delivery_at, settled.closed_at) == ("", "", LATER)


def test_the_newest_failure_describes_the_row_and_an_older_one_only_counts():
    tables = kept()
    older = DeadLetterRow.from_item(
        dead_letter_row(lastFailedAt="2026-03-01T10:00:00.000Z", cause="older", failures=1)
    )
    tables.transact([note_failure(OLD, older, WHY, plan=None)])
    row = stored(tables)
    assert (row.cause, row.failures, row.attempts) == (OLD.cause, 1, 8)

    newer = DeadLetterRow.from_item(dead_letter_row(lastFailedAt=LATER, cause="newer", failures=1))
    tables.transact([note_failure(row, newer, WHY, plan=None)])
    assert (stored(tables).cause, stored(tables).last_failed_at) == ("newer", LATER)


def test_a_failure_that_opens_a_settled_row_takes_its_end_away():
    tables = kept(dead_letter_row(state="resolved", closedAt=MOMENT, nextDeliveryAt=MOMENT))

    tables.transact([note_failure(stored(tables), OLD, WHY, plan=Plan(NOW))])

    row = stored(tables)
    assert (row.state, row.closed_at, row.next_delivery_at) == (DeadLetterState.OPEN, "", "")
    assert row.due_at == MOMENT


def test_another_look_is_put_off_only_from_the_time_that_was_read():
    tables = kept(dead_letter_row(dueAt=MOMENT))
    row, plan = stored(tables), Plan(NOW + timedelta(hours=1))

    tables.transact([postpone_dead_letter(row, plan)])

    assert stored(tables).due_at == LATER
    with pytest.raises(ConditionsFailed):
        tables.transact([postpone_dead_letter(row, plan)])


def test_the_history_keeps_its_first_and_its_newest_entries():
    tables = kept()
    for _ in range(50):
        tables.transact([change_state(stored(tables), DeadLetterState.OPEN, WHY, plan="as it is")])

    history = stored(tables).history
    assert (len(history.first), history.count) == (FIRST, 50)
    assert len(history.entries) + history.left_out == 50


@pytest.mark.parametrize(
    ("planned", "sent", "unconfirmed"),
    [
        ("", "", False),
        (LATER, "", True),
        (LATER, "2026-03-01T11:00:00.000Z", True),
        (LATER, MOMENT, False),
    ],
)
def test_what_was_not_sent_since_it_failed_is_unconfirmed(planned, sent, unconfirmed):
    row = DeadLetterRow.from_item(dead_letter_row(nextDeliveryAt=planned, lastSentAt=sent))

    assert row.is_unconfirmed is unconfirmed
