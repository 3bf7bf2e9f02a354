"""The durable record of an event: its shape, its outbox, and what it is kept for."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts.commands import CheckoutCommand
from shared.contracts.envelope import validated
from shared.kernel.ids import caused_event_id
from shared.messaging.effects import Effects
from shared.messaging.ledger import RETENTION, AlreadyRecordedError, Ledger, State
from shared.storage.schema import shard_of
from shared.storage.writes import Absent, ConditionsFailed, Put
from tests.builders import checkout_command
from tests.fakes.clock import ManualClock
from tests.fakes.tables import InMemoryTables
from tests.order_ids import order_id_for
from tests.unit.shared.bench import LEDGER_KEY, told


class Book:
    """A ledger over memory."""

    def __init__(self) -> None:
        self.clock, self.tables = ManualClock(), InMemoryTables()
        self.ledger = Ledger(self.tables, self.clock, consumer="commands")

    def commit(self, effects: Effects, *, attempt: int = 1, **changes: Any) -> Any:
        values = checkout_command() | changes
        event = validated(CheckoutCommand, {n: v for n, v in values.items() if v is not None})
        return self.ledger.commit(event, effects, attempt=attempt)

    def item(self) -> dict[str, Any]:
        return dict(self.tables.get("ledger", LEDGER_KEY) or {})


@pytest.fixture
def book() -> Book:
    return Book()


ORDER = order_id_for("pay-1")
TELLING = Effects(outcome="created", order_id=ORDER, emits=told("first", "second"))


def test_record_of_an_event_that_causes_others(book):
    book.commit(TELLING, attempt=3, causationId="evt-0")

    item = book.item()
    outbox = item.pop("outbox")
    assert re.fullmatch(r"([0-9a-f]{8}\.){2}[0-9a-f]{32}", item.pop("content"))
    assert item == {
        "id": "commands#evt-1",
        "consumer": "commands",
        "eventId": "evt-1",
        "eventType": "command.checkout",
        "correlationId": ORDER,
        "causationId": "evt-0",
        "state": "committed",
        "outcome": "created",
        "attempts": 3,
        "occurredAt": "2026-03-01T12:00:00.000Z",
        "committedAt": "2026-03-01T12:00:00.000Z",
        "pendingShard": shard_of("commands#evt-1"),
        "ttl": int(datetime(2026, 3, 31, 12, tzinfo=UTC).timestamp()),
    }
    assert [entry["eventId"] for entry in outbox] == [
        caused_event_id("evt-1", "analytics.audit", index) for index in (0, 1)
    ]


def test_record_is_kept_longer_than_retries_and_dead_letters_last():
    assert timedelta(days=30) == RETENTION


def test_record_without_events_is_done_and_not_in_the_pending_index(book):
    book.commit(Effects(outcome="noted"))

    item = book.item()
    assert item["state"] == "done"
    assert item["doneAt"] == "2026-03-01T12:00:00.000Z"
    assert "pendingShard" not in item
    assert "causationId" not in item


@pytest.mark.parametrize("chosen", [None, "corr-1", order_id_for("pay-of-another")])
def test_the_key_of_a_trace_is_the_orders_whatever_correlation_id_a_caller_chose(book, chosen):
    record = book.commit(TELLING, correlationId=chosen)

    assert book.item()["correlationId"] == ORDER
    assert book.item().get("namedCorrelation") == chosen
    assert {message.correlation_id for message in record.outbox} == {chosen or "evt-1"}


def test_a_correlation_id_that_follows_from_a_cause_is_named_by_nobody_again(book):
    book.commit(TELLING, causationId="evt-0")

    assert "namedCorrelation" not in book.item()


def test_event_without_correlation_starts_its_own(book):
    record = book.commit(TELLING, correlationId=None)

    assert {message.correlation_id for message in record.outbox} == {"evt-1"}


def test_emitted_events_carry_correlation_and_cause(book):
    record = book.commit(TELLING)

    for message in record.outbox:
        assert message.correlation_id == "corr-1"
        assert '"causationId":"evt-1"' in message.body
        assert '"timestamp":"2026-03-01T12:00:00.000Z"' in message.body


def test_second_commit_of_an_event_stores_nothing_and_tells_the_first(book):
    row = Put("orders", {"orderId": "o-1"})
    first = book.commit(TELLING)

    with pytest.raises(AlreadyRecordedError) as known:
        book.commit(Effects(outcome="other", writes=[row]))

    assert known.value.record == first
    assert known.value.record.state is State.COMMITTED
    assert book.tables.all("orders") == []


def test_same_event_is_recorded_by_each_consumer_for_itself(book):
    book.commit(TELLING)
    other = Ledger(book.tables, book.clock, consumer="analytics")
    event = validated(CheckoutCommand, checkout_command())

    other.commit(event, Effects(outcome="noted"), attempt=1)

    assert {row["id"] for row in book.tables.all("ledger")} == {"commands#evt-1", "analytics#evt-1"}


def test_failed_condition_is_told_with_the_index_of_the_use_cases_write(book):
    book.tables.seed("orders", {"orderId": "o-2", "status": "PENDING"})
    writes = [
        Put("orders", {"orderId": "o-1"}, when=(Absent(),)),
        Put("orders", {"orderId": "o-2"}, when=(Absent(),)),
    ]

    with pytest.raises(ConditionsFailed) as refused:
        book.commit(Effects(outcome="created", writes=writes))

    ((index, current),) = [(f.index, f.current) for f in refused.value.failures]
    assert (index, current) == (1, {"orderId": "o-2", "status": "PENDING"})
    assert book.tables.all("ledger") == []
    assert len(book.tables.all("orders")) == 1


def test_record_is_read_back_as_it_was_committed(book):
    record = book.commit(TELLING)

    assert book.ledger.find("evt-1") == record
    assert book.ledger.find("evt-2") is None
