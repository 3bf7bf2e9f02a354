"""The reconciler carries on with what got stuck, and with nothing else."""

import json

import pytest

from functions.reconciler.dead_letter_store import DueDeadLetterTables
from functions.reconciler.failed_messages import QStashFailedMessages
from functions.reconciler.service import Reconciler, answer
from functions.reconciler.settings import ReconcilerSettings
from functions.reconciler.store import (
    PendingCheckoutTables,
    ReservationTables,
    UnconfirmedOrderTables,
)
from shared.kernel.clock import Deadline
from shared.kernel.errors import DependencyError
from tests.builders import (
    Context,
    answer_of,
    checkout_command,
    checkout_payload,
    dead_letter_row,
    stock,
)
from tests.fakes.failed_messages import InMemoryQueue
from tests.pipeline import API_URL, URLS, Pipeline, environment, no_parameters

FAILURES = URLS["analytics"] + "failures"
SURROUNDINGS = {
    name: value
    for name, value in environment().items()
    if name.lower() in ReconcilerSettings.model_fields
}


class World:
    """A pipeline with its reconciler."""

    def __init__(self):
        self.pipeline = Pipeline()
        self.pipeline.memory.seed("stock", stock(available=5, threshold=0))
        self.queue = InMemoryQueue()
        self.waiting = None

    def reconciler(self):
        """Built afresh, as a cold start does."""
        p = self.pipeline
        settings = ReconcilerSettings.load(SURROUNDINGS, no_parameters)
        return Reconciler(
            checkouts=PendingCheckoutTables(p.tables),
            failed=QStashFailedMessages(
                self.queue,
                addresses=settings.all_addresses(),
                callbacks=settings.addresses("analytics", "failures"),
                now=p.clock.now,
            ),
            reservations=ReservationTables(p.tables),
            orders=UnconfirmedOrderTables(p.tables),
            dead_letters=DueDeadLetterTables(p.tables, p.publisher, p.clock),
            ports=p.core_ports(),
            unconfirmed_order_seconds=None,
            waiting=self.waiting,
        )

    def run(self, seconds=50):
        """One run."""
        return self.reconciler().run(Deadline.after(self.pipeline.clock, seconds))

    def ledger(self, event_id):
        """The record of an event of the commands topic."""
        return self.pipeline.memory.get("ledger", {"id": f"commands#{event_id}"})


@pytest.fixture
def world():
    return World()


def _committed_but_not_published(world):
    world.pipeline.outbox.failing = True
    response = world.pipeline.deliver("commands", checkout_command())
    assert response["statusCode"] == 503
    world.pipeline.outbox.failing = False


def test_what_stays_pending_for_a_minute_is_published_with_the_same_ids(world):
    _committed_but_not_published(world)
    owed = [m["eventId"] for m in world.ledger("evt-1")["outbox"]]
    world.pipeline.clock.advance(61)

    report = world.run()

    assert report.outboxes == 1
    assert world.pipeline.outbox.ids() == owed
    assert world.ledger("evt-1")["state"] == "done"
    assert "pendingShard" not in world.ledger("evt-1")


def test_what_is_merely_under_way_is_left_alone(world):
    _committed_but_not_published(world)
    world.pipeline.clock.advance(59)

    report = world.run()

    assert (report.outboxes, world.pipeline.outbox.ids()) == (0, [])


def test_a_second_run_finds_nothing_left(world):
    _committed_but_not_published(world)
    world.pipeline.clock.advance(61)
    world.run()

    assert world.run().outboxes == 0


def test_an_accepted_checkout_whose_command_never_left_is_published_and_becomes_an_order(world):
    world.pipeline.outbox.failing = True
    accepted = world.pipeline.checkout(checkout_payload())
    world.pipeline.outbox.failing = False
    world.pipeline.clock.advance(61)

    report = world.run()
    world.pipeline.drain()

    order_id = answer_of(accepted)["data"]["orderId"]
    assert accepted["statusCode"] == 202
    assert report.commands == 1
    assert answer_of(world.pipeline.status(order_id))["data"]["status"] == "confirmed"
    assert world.run().commands == 0


def test_a_command_is_repeated_only_when_qstash_would_not_swallow_it_and_not_for_ever(world):
    world.pipeline.outbox.failing = True
    accepted = world.pipeline.checkout(checkout_payload())
    world.pipeline.outbox.failing = False

    repeats = []
    for minute in range(1, 120):
        world.pipeline.clock.advance(60)
        if world.run().commands:
            repeats.append(minute)

    order_id = answer_of(accepted)["data"]["orderId"]
    stored = world.pipeline.memory.get("checkouts", {"orderId": order_id})
    assert repeats == [1, 12, 23, 34, 45, 56]
    assert stored["stuck"] is True
    assert stored["status"] == "accepted"


def test_a_failure_that_no_callback_reported_becomes_a_dead_letter_and_leaves_qstash(world):
    event = checkout_command(event_id="evt-lost")
    world.queue.add("msg_9", URLS["commands"], json.dumps(event, default=str))

    report = world.run()

    letter = world.pipeline.memory.get("dead_letters", {"eventId": "evt-lost"})
    assert report.letters == 1
    assert (letter["state"], letter["topic"], letter["reportedBy"]) == ("open", "commands", "pull")
    assert world.queue.kept == {}


def test_a_failure_that_could_not_be_kept_stays_in_qstash_and_is_kept_by_the_next_run(
    world, monkeypatch
):
    world.queue.add(
        "msg_9", URLS["commands"], json.dumps(checkout_command(event_id="evt-lost"), default=str)
    )

    def silent(_writes):
        raise DependencyError("the store did not answer")

    with monkeypatch.context() as patched:
        patched.setattr(world.pipeline.memory, "transact", silent)
        first = world.run()

    assert (first.letters, len(world.queue.kept)) == (0, 1)
    assert world.run().letters == 1
    assert world.pipeline.memory.get("dead_letters", {"eventId": "evt-lost"})["state"] == "open"
    assert world.queue.kept == {}


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("base", [f"{API_URL}/api/webhooks/commands", URLS["commands"].rstrip("/")])
def test_a_message_without_a_failure_callback_becomes_a_dead_letter_at_whatever_address(
    world, base, slash
):
    """Producers that were there before us name no callback, and publish to the API's address."""
    event = json.dumps(checkout_command(event_id="evt-shop"), default=float)
    world.queue.add("msg_9", f"{base}{slash}", json.dumps(event))

    report = world.run()

    letter = world.pipeline.memory.get("dead_letters", {"eventId": "evt-shop"})
    assert report.letters == 1
    assert (letter["state"], letter["topic"]) == ("open", "commands")
    assert json.loads(letter["originalEvent"]) == json.loads(event)
    assert world.queue.kept == {}


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_callback_to_the_api_s_address_speaks_of_the_message_inside(world, slash):
    event = json.dumps(checkout_command(event_id="evt-inner"), default=str)
    address = f"{API_URL}/api/webhooks/analytics/failures{slash}"
    world.queue.add("msg_callback", address, _callback(event, "msg_inner").decode())

    world.run()

    assert world.pipeline.memory.get("dead_letters", {"eventId": "evt-inner"}) is not None


def test_callback_and_pull_of_the_same_message_make_one_letter_with_one_count(world):
    event = json.dumps(checkout_command(event_id="evt-both"), default=str)
    callback = _callback(event, "msg_9")
    assert world.pipeline.deliver("analytics", callback, suffix="failures")["statusCode"] == 200
    before = world.pipeline.memory.get("dead_letters", {"eventId": "evt-both"})
    world.queue.add("msg_9", URLS["commands"], event)

    report = world.run()

    assert report.letters == 0
    assert world.pipeline.memory.get("dead_letters", {"eventId": "evt-both"}) == before
    assert world.queue.kept == {}


def test_a_callback_that_itself_failed_speaks_of_the_message_inside(world):
    event = json.dumps(checkout_command(event_id="evt-inner"), default=str)
    world.queue.add("msg_callback", FAILURES, _callback(event, "msg_inner").decode())

    world.run()

    letter = world.pipeline.memory.get("dead_letters", {"eventId": "evt-inner"})
    assert letter["cause"] == "HTTP 500"


def test_messages_to_other_addresses_are_not_ours_to_take(world):
    world.queue.add("msg_9", "https://somebody.else.example/", "{}")

    report = world.run()

    assert report.letters == 0
    assert len(world.queue.kept) == 1


def test_a_replay_that_was_handled_is_resolved(world):
    world.pipeline.deliver("commands", checkout_command())
    world.pipeline.memory.seed(
        "dead_letters", *(dead_letter_row(f"evt-{n}", state="replaying") for n in (1, 2))
    )

    report = world.run()

    assert report.resolved == 1
    assert world.pipeline.memory.get("dead_letters", {"eventId": "evt-1"})["state"] == "resolved"
    assert world.pipeline.memory.get("dead_letters", {"eventId": "evt-2"})["state"] == "replaying"


def test_qstash_being_down_is_counted_and_stops_nothing_else(world):
    _committed_but_not_published(world)
    world.pipeline.clock.advance(61)
    world.queue.down = True

    report = world.run()

    assert (report.outboxes, report.failures) == (1, 1)


def test_a_run_ends_in_time_and_says_that_something_is_left(world):
    _committed_but_not_published(world)
    world.pipeline.clock.advance(61)

    report = world.run(seconds=4)

    assert (report.outboxes, report.left) == (0, True)


def test_the_oldest_pending_age_is_measured(world):
    _committed_but_not_published(world)
    world.pipeline.clock.advance(600)

    figures = answer(world.reconciler(), {}, Context(50_000), telemetry=world.pipeline.telemetry)

    measured = {m.name: m.value for m in world.pipeline.telemetry.measures}
    assert figures["oldest_pending_seconds"] == 600
    assert measured["OldestPendingSeconds"] == 600


def _callback(event, message_id):
    import base64  # noqa: PLC0415 - only here

    body = {
        "status": 500,
        "header": {},
        "body": "",
        "retried": 3,
        "maxRetries": 3,
        "dlqId": "1-0",
        "sourceMessageId": message_id,
        "url": URLS["commands"],
        "sourceHeader": {},
        "sourceBody": base64.b64encode(event.encode()).decode(),
    }
    return json.dumps(body).encode()


class Waiting:
    """QStash's wait lists; a topic without a number does not answer."""

    topics = ("orders", "analytics", "inventory")

    def __init__(self, **counts):
        self.counts = counts

    def waiting(self, topic):
        """How many wait."""
        if topic not in self.counts:
            raise DependencyError("QStash: HTTP 500")
        return self.counts[topic]


def test_what_waits_at_qstash_is_measured_by_topic_and_a_silent_key_is_no_failure(world):
    """A number for the dashboard must neither stop the run nor call a person."""
    world.waiting = Waiting(orders=12, inventory=0)

    report = world.run()

    measured = {
        measure.dimensions["topic"]: measure.value
        for measure in world.pipeline.telemetry.measures
        if measure.name == "MessagesWaiting"
    }
    assert measured == {"orders": 12, "inventory": 0}
    assert report.failures == 0


def test_nothing_is_asked_of_qstash_when_the_time_is_over(world):
    """The run must end before the next one starts."""
    world.waiting = Waiting(orders=12, inventory=0, analytics=0)

    report = world.run(seconds=4)

    assert report.left
    assert not [m for m in world.pipeline.telemetry.measures if m.name == "MessagesWaiting"]
