"""Replaying dead letters: to their topic only, once per operator's decision, and never doubled."""

import base64
import json

import pytest

from ops.core.errors import OperatorError
from ops.dead_letters.domain import MAX_REPLAYS, Filter, ReplayOptions, Result, waves
from ops.dead_letters.service import Replayer
from ops.dead_letters.store import DeadLetterStore
from shared.contracts.topics import Topic
from shared.kernel.errors import PublishError
from shared.storage.records.dead_letter import DeadLetterState
from tests.builders import checkout_command, dead_letter_row, stock
from tests.pipeline import Pipeline

OPTIONS = ReplayOptions(actor="ada", reason="fixed", settle_seconds=0)


class ReplayBench:
    """A pipeline with dead letters and an operator."""

    def __init__(self):
        self.pipeline = Pipeline()
        self.pipeline.memory.seed("stock", stock(available=50, threshold=0))
        self.box = DeadLetterStore(self.pipeline.tables, self.pipeline.clock)
        self.told = []

    def letter(self, event_id="evt-1", **changes):
        """Seed an open letter of a valid checkout command."""
        event = checkout_command(event_id=event_id, paymentId=f"pay-{event_id}")
        number = len(self.box.by_state(DeadLetterState.OPEN))
        values = {
            "lastFailedAt": f"2026-03-01T11:00:00.{number:03}Z",
            "originalEvent": json.dumps(event, default=float),
            **changes,
        }
        self.pipeline.memory.seed("dead_letters", dead_letter_row(event_id, **values))

    def fails(self, body):
        """QStash reports that it gave up on a message with this body."""
        report = {
            "status": 503,
            "body": "",
            "retried": 3,
            "sourceMessageId": "msg_9",
            "sourceBody": base64.b64encode(body.encode()).decode(),
        }
        answer = self.pipeline.deliver("analytics", json.dumps(report).encode(), suffix="failures")
        assert answer["statusCode"] == 200

    def replayer(self):
        return Replayer(
            self.box,
            tables=self.pipeline.tables,
            publisher=self.pipeline.publisher,
            clock=self.pipeline.clock,
            progress=self.told.append,
        )

    def replay(self, options=OPTIONS, **wanted):
        replayer = self.replayer()
        letters = replayer.select(Filter(**wanted), limit=100)
        return [outcome.result for outcome in replayer.run(letters, options)]

    def state(self, event_id="evt-1"):
        return self.box.get(event_id).state.value


@pytest.fixture
def desk():
    return ReplayBench()


def test_an_event_that_was_encoded_twice_is_replayed_as_itself(desk):
    """What its producer sent is kept unwrapped, so the topic and the operator see the event."""
    event = json.dumps(checkout_command(event_id="evt-twice", paymentId="pay-2"), default=float)
    desk.fails(json.dumps(event))

    assert desk.replay() == [Result.REPLAYED]
    (message,) = desk.pipeline.outbox.messages
    assert json.loads(message.body) == json.loads(event)
    assert desk.pipeline.drain()[0] == ("command.checkout", 200)


def test_a_replay_keeps_the_event_id_and_takes_a_new_deduplication_id(desk):
    desk.letter(replays=2)

    results = desk.replay()

    [message] = desk.pipeline.outbox.messages
    assert results == [Result.REPLAYED]
    assert message.event_id == "evt-1"
    assert message.deduplication_id == "evt-1-replay-3"
    assert desk.state() == "replaying"


def test_a_replay_goes_to_the_topic_and_never_to_an_address_in_the_letter(desk):
    event = checkout_command()
    hostile = {**event, "url": "http://169.254.169.254/", "callback": "https://evil.example"}
    desk.letter(originalEvent=json.dumps(hostile, default=float))

    desk.replay()

    [message] = desk.pipeline.outbox.messages
    assert message.topic is Topic.COMMANDS


@pytest.mark.parametrize(
    "changes",
    [
        {"topic": "https://evil.example"},
        {"originalEvent": '{"unreadable": "…", "bytes": 9, "sha256": "x"}'},
        {"originalEvent": "not json"},
        {"originalEvent": '{"eventId": "another", "eventType": "command.checkout"}'},
        {"originalEvent": '{"eventId": "evt-1", "eventType": "order.shipped"}'},
    ],
)
def test_what_is_no_whole_event_of_ours_is_not_sent(desk, changes):
    desk.letter(**changes)

    assert desk.replay() == [Result.UNREADABLE]
    assert desk.pipeline.outbox.messages == []
    assert desk.state() == "open"


def test_a_dry_run_changes_nothing(desk):
    desk.letter()

    results = desk.replay(ReplayOptions(actor="ada", reason="look", dry_run=True))

    assert results == [Result.WOULD_REPLAY]
    assert (desk.state(), desk.pipeline.outbox.messages) == ("open", [])


def test_an_event_that_the_ledger_knows_is_resolved_without_sending_it(desk):
    desk.letter()
    event = json.loads(desk.box.get("evt-1").original)
    assert desk.pipeline.deliver("commands", event)["statusCode"] == 200
    sent = len(desk.pipeline.outbox.messages)

    assert desk.replay() == [Result.ALREADY_DONE]
    assert (desk.state(), len(desk.pipeline.outbox.messages)) == ("resolved", sent)


def test_a_letter_replayed_too_often_needs_force(desk):
    desk.letter(replays=MAX_REPLAYS)
    forced = ReplayOptions(actor="ada", reason="again", force=True, settle_seconds=0)

    assert desk.replay() == [Result.TOO_OFTEN]
    assert desk.replay(forced) == [Result.REPLAYED]


def test_two_operators_at_once_divide_the_letters_between_them(desk):
    desk.letter()
    mine, yours = desk.replayer(), desk.replayer()
    selected_by_me = mine.select(Filter(), limit=10)
    selected_by_you = yours.select(Filter(), limit=10)

    results = [
        *(o.result for o in mine.run(selected_by_me, OPTIONS)),
        *(o.result for o in yours.run(selected_by_you, OPTIONS)),
    ]

    assert results == [Result.REPLAYED, Result.TAKEN]
    assert len(desk.pipeline.outbox.messages) == 1


def test_of_two_operators_that_read_the_same_letter_one_gets_it(desk):
    desk.letter()
    mine, yours = desk.box.get("evt-1"), desk.box.get("evt-1")

    def take(letter, actor):
        return desk.box.move(
            letter,
            DeadLetterState.REPLAYING,
            action="replayed",
            actor=actor,
            reason="x",
            replayed=True,
        )

    assert [take(mine, "ada"), take(yours, "bob")] == [True, False]


def test_replaying_again_after_another_failure_makes_one_order(desk):
    desk.letter()
    desk.replay()
    message = desk.pipeline.outbox.messages[0]
    for _ in range(3):
        assert desk.pipeline.send(message)["statusCode"] == 200

    assert len(desk.pipeline.memory.all("orders")) == 1
    assert desk.pipeline.memory.get("stock", {"sku": "mug"})["available"] == 49


def test_what_qstash_does_not_take_is_open_again(desk):
    desk.letter()
    desk.pipeline.outbox.failing = True

    assert desk.replay() == [Result.NOT_PUBLISHED]
    assert desk.state() == "open"
    history = [entry.action for entry in desk.box.get("evt-1").history.entries]
    assert history == ["replayed", "not published"]


def test_waves_grow_and_a_failure_stops_the_next_one(desk):
    for number in range(8):
        desk.letter(f"evt-{number}")
    desk.pipeline.outbox.failing = True

    results = desk.replay()

    assert results == [Result.NOT_PUBLISHED, *[Result.NOT_REACHED] * 7]
    assert [desk.state(f"evt-{n}") for n in range(8)] == ["open"] * 8


def test_waves_are_one_then_five_then_twenty():
    sizes = [len(wave) for wave in waves([None] * 50)]  # type: ignore[list-item]

    assert sizes == [1, 5, 20, 20, 4]


def test_waiting_ends_when_a_letter_is_handled_or_failed_again_or_the_time_is_up(desk):
    desk.letter("evt-1")
    options = ReplayOptions(actor="ada", reason="fixed", settle_seconds=3)

    results = desk.replay(options)

    assert results == [Result.STILL_UNDER_WAY]
    assert desk.pipeline.clock.monotonic() >= 3


def test_a_rate_spaces_the_letters(desk):
    for number in range(3):
        desk.letter(f"evt-{number}")
    options = ReplayOptions(actor="ada", reason="fixed", per_second=2, settle_seconds=0)

    desk.replay(options)

    assert desk.pipeline.clock.slept == [0.5, 0.5, 0.5]


def test_a_filter_takes_what_it_names(desk):
    desk.letter("evt-1")
    desk.letter("evt-2", fingerprint="other")
    desk.letter("evt-3", topic="orders")

    selected = desk.replayer().select(Filter(fingerprint="abc", topic="commands"), limit=10)

    assert [row.key for row in selected] == ["evt-1"]


def test_every_change_names_who_and_why(desk):
    desk.letter()
    desk.replay()
    letter = desk.box.get("evt-1")

    assert [(e.action, e.by, e.reason) for e in letter.history.entries] == [
        ("replayed", "ada", "fixed")
    ]


@pytest.mark.parametrize(("actor", "reason"), [("", "why"), ("ada", " ")])
def test_nobody_replays_or_discards_without_a_name_and_a_reason(desk, actor, reason):
    desk.letter()

    with pytest.raises(OperatorError):
        ReplayOptions(actor=actor, reason=reason)
    with pytest.raises(OperatorError):
        desk.replayer().discard(desk.box.get("evt-1"), actor=actor, reason=reason)


def test_a_discarded_letter_is_kept_and_no_longer_selected(desk):
    desk.letter()

    assert desk.replayer().discard(desk.box.get("evt-1"), actor="ada", reason="a test event")
    assert desk.state() == "discarded"
    assert desk.replay() == []


def test_a_discard_that_comes_second_changes_nothing(desk):
    desk.letter()
    seen = desk.box.get("evt-1")
    desk.replay()

    assert not desk.replayer().discard(seen, actor="ada", reason="late")
    assert desk.state() == "replaying"


def test_a_replay_whose_operator_died_before_sending_can_be_taken_up_again(desk):
    desk.letter()
    [seen] = desk.replayer().select(Filter(), limit=10)
    desk.box.move(
        seen,
        DeadLetterState.REPLAYING,
        action="replayed",
        actor="bob",
        reason="x",
        replayed=True,
    )

    assert desk.replay() == []
    desk.pipeline.clock.advance(3601)
    assert desk.replay() == [Result.REPLAYED]
    assert [m.deduplication_id for m in desk.pipeline.outbox.messages] == ["evt-1-replay-2"]


# ------------------------------------------------------------------ beside the automatic delivery
BLOCKED = {
    "kind": "blocked",
    "deliveries": 2,
    "dueShard": "1",
    "dueAt": "2026-03-01T12:30:00.000Z",
    "nextDeliveryAt": "2026-03-01T12:30:00.000Z",
}


def test_a_replay_beside_the_automatic_delivery_bears_a_number_of_its_own(desk):
    desk.letter(replays=1, **BLOCKED)

    assert desk.replay() == [Result.REPLAYED]
    assert [m.deduplication_id for m in desk.pipeline.outbox.messages] == ["evt-1-replay-4"]


def test_a_letter_that_was_delivered_by_itself_since_it_was_selected_is_not_sent_as_well(desk):
    desk.letter(**BLOCKED)
    selected = desk.replayer().select(Filter(), limit=10)
    desk.pipeline.memory.seed(
        "dead_letters", {**desk.pipeline.memory.all("dead_letters")[0], "deliveries": 3}
    )

    outcomes = desk.replayer().run(selected, OPTIONS)

    assert [outcome.result for outcome in outcomes] == [Result.TAKEN]
    assert desk.pipeline.outbox.messages == []


def test_a_blocked_letter_whose_operator_died_is_delivered_by_itself_an_hour_later(desk):
    desk.letter(**BLOCKED)
    [seen] = desk.replayer().select(Filter(), limit=10)

    assert desk.box.move(
        seen, DeadLetterState.REPLAYING, action="replayed", actor="bob", reason="x", replayed=True
    )

    stored = desk.pipeline.memory.get("dead_letters", {"eventId": "evt-1"})
    assert stored["nextDeliveryAt"] == stored["dueAt"] == "2026-03-01T13:00:00.000Z"


@pytest.mark.parametrize("to", [DeadLetterState.DISCARDED, DeadLetterState.RESOLVED])
def test_nothing_is_delivered_of_a_letter_that_a_person_settled(desk, to):
    desk.letter(**BLOCKED, lastSentAt="2026-03-01T11:30:00.000Z")

    assert desk.box.move(desk.box.get("evt-1"), to, action="x", actor="ada", reason="y")

    stored = desk.pipeline.memory.get("dead_letters", {"eventId": "evt-1"})
    assert {"dueShard", "dueAt", "nextDeliveryAt"}.isdisjoint(stored)
    assert stored["closedAt"] == "2026-03-01T12:00:00.000Z"


def test_a_letter_about_other_content_is_not_resolved_because_the_ledger_knows_its_id(desk):
    desk.letter()
    event = json.loads(desk.box.get("evt-1").original)
    assert desk.pipeline.deliver("commands", event)["statusCode"] == 200
    other = {**desk.pipeline.memory.all("dead_letters")[0], "eventId": "evt-1#0123456789abcdef"}
    desk.pipeline.memory.seed("dead_letters", other)

    results = desk.replay(event_ids=("evt-1#0123456789abcdef",))

    assert results == [Result.REPLAYED]
    assert desk.state("evt-1#0123456789abcdef") == "replaying"
    assert desk.pipeline.outbox.messages[-1].event_id == "evt-1"


def test_a_replay_that_qstash_did_not_take_does_not_reopen_what_was_handled_meanwhile(desk):
    """By a retry in the console, say, in the very moment between."""
    desk.letter()
    replayer = desk.replayer()
    letters = replayer.select(Filter(), limit=10)

    class Racing:
        def publish(self, _messages):
            now = desk.box.get("evt-1")
            assert desk.box.move(
                now,
                DeadLetterState.RESOLVED,
                action="resolved",
                actor="reconciler",
                reason="handled",
            )
            raise PublishError("QStash is down")

    replayer._publisher = Racing()

    assert [o.result for o in replayer.run(letters, OPTIONS)] == [Result.NOT_PUBLISHED]
    assert desk.state() == "resolved"
