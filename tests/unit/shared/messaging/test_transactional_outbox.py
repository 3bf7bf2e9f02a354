"""Commit, publish, finish: in this order, in few calls, and healed after any loss between."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.contracts.commands import CheckoutCommand
from shared.contracts.envelope import validated
from shared.kernel.errors import ContentionError, DependencyError, PublishError
from shared.messaging.effects import Effects
from shared.messaging.ledger import AlreadyRecordedError, Record, State
from shared.messaging.outbox import Outbound
from shared.messaging.transactional_outbox import (
    MAX_DECISIONS,
    PendingOutbox,
    TransactionalOutbox,
)
from shared.storage.schema import shard_of
from shared.storage.writes import Absent, ConditionsFailed, Put
from tests.builders import checkout_command
from tests.fakes.clock import ManualClock
from tests.fakes.publisher import RecordingPublisher
from tests.fakes.tables import InMemoryTables
from tests.unit.shared.bench import told
from tests.unit.shared.faults import Faults, Killed

TELLING = Effects(outcome="created", emits=told("first", "second"))
SILENT = Effects(outcome="noted")


def event(event_id: str = "evt-1") -> CheckoutCommand:
    return validated(CheckoutCommand, checkout_command(event_id=event_id))


class CommandBench:
    """Two consumers' outboxes over one memory, one publisher and one count of calls; and the
    pending outbox of another process."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.clock, self.memory, self.sent = ManualClock(), InMemoryTables(), RecordingPublisher()
        self.faults = faults or Faults()
        ports = (
            self.faults.wrap("tables", self.memory),
            self.faults.wrap("publisher", self.sent),
            self.clock,
        )
        self.commands = TransactionalOutbox(*ports, consumer="commands")
        self.operator = TransactionalOutbox(*ports, consumer="operator")
        self.pending = PendingOutbox(self.memory, self.sent, self.clock)

    def item(self, key: str = "commands#evt-1") -> dict[str, Any]:
        return dict(self.memory.get("ledger", {"id": key}) or {})

    def overdue(self, record: Record) -> list[tuple[Record, str]]:
        found = self.pending.overdue(int(shard_of(record.key)), "2026-03-02T00:00:00.000Z", 10)
        return [one for one in found if isinstance(one, tuple)]


# ------------------------------------------------------------------ publish, then finish
def test_what_a_record_owes_is_published_in_one_request_before_it_is_finished():
    desk = CommandBench()
    record = desk.commands.commit(event(), TELLING)
    desk.clock.advance(5)
    heard: list[tuple[str, str]] = []

    def published(message: Outbound) -> None:
        heard.append((message.event_id, desk.item()["state"]))

    assert desk.commands.publish([record], published=published) == 2

    assert desk.faults.calls == ["tables.transact", "publisher.publish", "tables.transact"]
    assert heard == [(message.event_id, "committed") for message in record.outbox]
    item = desk.item()
    assert (item["state"], item["doneAt"]) == ("done", "2026-03-01T12:00:05.000Z")
    assert "pendingShard" not in item
    assert len(item["outbox"]) == 2


def test_a_record_that_owes_nothing_costs_no_call():
    desk = CommandBench()
    silent = desk.commands.commit(event(), SILENT)
    desk.faults.calls.clear()

    assert silent.state is State.DONE
    assert desk.commands.publish([silent]) == 0
    assert desk.faults.calls == []


def test_several_records_leave_in_one_request():
    desk = CommandBench()
    records = [desk.operator.commit(event(name), TELLING) for name in ("evt-1", "evt-2")]

    desk.operator.publish(records)

    [batch] = desk.sent.batches
    assert batch == [*records[0].outbox, *records[1].outbox]
    assert {row["state"] for row in desk.memory.all("ledger")} == {"done"}


def test_what_goes_out_again_is_owed_like_what_the_decision_emits_and_leaves_before_it():
    desk = CommandBench()
    [again] = CommandBench().commands.commit(event("evt-3"), Effects("x", emits=told("x"))).outbox

    record = desk.operator.commit(event(), Effects("x", emits=told("y"), resends=[again]))
    [(overdue, _)] = desk.overdue(record)
    desk.pending.publish([overdue])

    [batch] = desk.sent.batches
    assert batch == list(record.outbox)
    assert batch[0] == again
    assert len(batch) == 2
    assert desk.item("operator#evt-1")["state"] == "done"


def test_publishing_a_record_again_sends_the_same_bytes_and_leaves_it_as_it_was():
    desk = CommandBench()
    record = desk.commands.commit(event(), TELLING)
    desk.commands.publish([record])
    before = desk.item()
    desk.clock.advance(5)

    desk.commands.publish([record])

    first, second = desk.sent.batches
    assert first == second
    assert desk.item() == before


def test_what_qstash_did_not_take_finishes_no_record_and_is_told_to_no_log():
    desk = CommandBench()
    records = [desk.commands.commit(event(name), TELLING) for name in ("evt-1", "evt-2")]
    desk.sent.failing = True
    heard: list[Outbound] = []

    with pytest.raises(PublishError):
        desk.commands.publish(records, published=heard.append)

    assert {row["state"] for row in desk.memory.all("ledger")} == {"committed"}
    assert heard == []


# ------------------------------------------------------------------ whichever consumer committed
@pytest.mark.parametrize("consumer", ["commands", "operator"])
@pytest.mark.parametrize("call", [0, 1, 2])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_that_died_anywhere_leaves_what_the_pending_outbox_carries_on_with(
    consumer, call, moment
):
    desk = CommandBench(Faults({(call, moment): Killed}))
    outbox: TransactionalOutbox = getattr(desk, consumer)
    with pytest.raises(Killed):
        outbox.publish([outbox.commit(event(), TELLING)])

    committed = desk.memory.all("ledger")
    for row in committed:
        record = Record.from_item(row)
        desk.pending.publish([found for found, _since in desk.overdue(record)])

    assert (committed == []) == ((call, moment) == (0, "before"))
    if committed:
        assert {row["state"] for row in desk.memory.all("ledger")} == {"done"}
        promised = [entry["eventId"] for entry in desk.item(f"{consumer}#evt-1")["outbox"]]
        assert list(dict.fromkeys(desk.sent.ids())) == promised


def test_pending_records_are_found_by_age_until_they_are_published():
    desk = CommandBench()
    record = desk.commands.commit(event(), TELLING)
    shard = int(shard_of(record.key))

    assert desk.pending.overdue(shard, "2026-03-01T11:59:59.999Z", 10) == []
    assert desk.pending.overdue(shard, "2026-03-01T12:00:00.000Z", 10) == [
        (record, "2026-03-01T12:00:00.000Z")
    ]
    desk.pending.publish([record])
    assert desk.overdue(record) == []


# ------------------------------------------------------------------ deciding
def test_a_decision_is_taken_again_while_the_world_changes_and_at_once():
    desk = CommandBench()
    desk.memory.seed("orders", {"orderId": "o-1"})
    wanted = iter(["o-1", "o-1", "o-2"])

    def decide() -> Effects:
        write = Put("orders", {"orderId": next(wanted)}, when=(Absent(),))
        return Effects(outcome="created", writes=[write])

    record, effects = desk.commands.decide_and_commit(event(), decide, attempt=3)

    assert (record.outcome, desk.item()["attempts"]) == ("created", 3)
    assert [write.item for write in effects.writes if isinstance(write, Put)] == [
        {"orderId": "o-2"}
    ]
    assert desk.clock.slept == []


def test_a_decision_that_never_fits_ends_in_contention_with_nothing_stored():
    desk = CommandBench()
    desk.memory.seed("orders", {"orderId": "o-1"})
    impossible = Effects("x", writes=[Put("orders", {"orderId": "o-1"}, when=(Absent(),))])

    with pytest.raises(ContentionError, match="kept being overtaken"):
        desk.commands.decide_and_commit(event(), lambda: impossible)

    assert desk.faults.calls == ["tables.transact"] * MAX_DECISIONS
    assert desk.memory.all("ledger") == []


@pytest.mark.parametrize(
    "error", [lambda: ContentionError("busy"), lambda: DependencyError("timeout")]
)
def test_a_commit_that_the_store_refused_is_not_decided_again(error: Callable[[], Exception]):
    desk = CommandBench(Faults({(0, "before"): error}))
    decided: list[int] = []

    def decide() -> Effects:
        decided.append(1)
        return SILENT

    with pytest.raises((ContentionError, DependencyError)):
        desk.commands.decide_and_commit(event(), decide)

    assert decided == [1]
    assert desk.faults.calls == ["tables.transact"]


def test_one_commit_that_disagrees_with_the_world_says_so():
    desk = CommandBench()
    desk.memory.seed("orders", {"orderId": "o-1"})
    impossible = Effects("x", writes=[Put("orders", {"orderId": "o-1"}, when=(Absent(),))])

    with pytest.raises(ConditionsFailed):
        desk.commands.commit(event(), impossible)


def test_an_event_that_was_committed_is_told_whoever_asks():
    desk = CommandBench()
    record = desk.commands.commit(event(), TELLING)

    assert desk.commands.find("evt-1") == record
    assert desk.operator.find("evt-1") is None
    desk.operator.recall(event())
    with pytest.raises(AlreadyRecordedError):
        desk.commands.recall(event())
    with pytest.raises(AlreadyRecordedError):
        desk.commands.decide_and_commit(event(), lambda: TELLING)
