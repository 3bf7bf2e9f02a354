"""What the platform was in the way of is delivered again without a person (I27)."""

import json
from itertools import pairwise

import pytest

from shared.storage.bounded import FIRST, NEWEST, entries
from tests.builders import checkout_command, envelope, stock
from tests.fakes.failed_messages import InMemoryQueue
from tests.pipeline import URLS
from tests.unit.functions.reconciler.test_reconciler import World

MINUTE = 60
REFUSED = json.dumps({"success": False, "error": {"code": "invalid_field", "message": "no"}})
THROTTLED = {"responseStatus": 429, "responseBody": '{"message":"Rate Exceeded."}'}


class Shop(World):
    """A pipeline whose deliveries are made by hand, and fail as QStash tells."""

    def __init__(self):
        super().__init__()
        self.pipeline.memory.seed("stock", stock(available=5000, threshold=0))
        self.failed = 0

    def fail(self, event, *, topic="commands", **answer):
        """QStash gives up on a message that carries an event, now."""
        self.failed += 1
        now = int(self.pipeline.clock.now().timestamp() * 1000)
        body = event if isinstance(event, str) else json.dumps(event, default=float)
        dlq_id = f"{now}-{self.failed}"
        told = {"dlqId": dlq_id, "createdAt": now - 7000, **THROTTLED, **answer}
        entry = self.queue.add(f"msg_{self.failed}", URLS[topic], body, **told)
        self.queue.kept[dlq_id] = self.queue.kept.pop(entry)

    def minutes(self, count, *, deliver=None):
        """A run each minute; what it sends meets what the platform does then."""
        for _ in range(count):
            self.pipeline.clock.advance(MINUTE)
            before = len(self.pipeline.outbox.messages)
            self.run()
            for message in self.pipeline.outbox.messages[before:]:
                (deliver or self.pipeline.send)(message)

    def letter(self, key="evt-1"):
        return self.pipeline.memory.get("dead_letters", {"eventId": key})

    def sent(self, event_type="command.checkout"):
        return self.pipeline.outbox.of(event_type)


@pytest.fixture
def shop():
    return Shop()


def order(number=1):
    return checkout_command(event_id=f"evt-{number}", paymentId=f"pay-{number}")


def open_letters(shop):
    return [row for row in shop.pipeline.memory.all("dead_letters") if row["state"] == "open"]


def test_a_throttled_event_is_delivered_again_by_itself_and_its_letter_resolved(shop):
    shop.fail(order())
    shop.minutes(1)
    assert (shop.letter()["kind"], shop.letter()["state"]) == ("blocked", "open")

    shop.minutes(3)

    assert shop.letter()["state"] == "resolved"
    assert len(shop.pipeline.memory.all("orders")) == 1
    assert {"dueShard", "dueAt", "nextDeliveryAt"}.isdisjoint(shop.letter())


def test_two_hundred_events_of_five_throttled_minutes_all_heal(shop):
    for number in range(200):
        shop.fail(order(number))

    def platform(message):
        if shop.pipeline.clock.monotonic() < 5 * MINUTE:
            shop.fail(message.body)
        else:
            assert shop.pipeline.send(message)["statusCode"] == 200

    shop.minutes(16, deliver=platform)

    assert open_letters(shop) == []
    assert len(shop.pipeline.memory.all("orders")) == 200


@pytest.mark.parametrize(
    "answer",
    [
        {"responseStatus": 500, "responseBody": "Internal Server Error"},
        {"responseStatus": 502},
        {"responseStatus": 404, "responseBody": "null"},
        {
            "responseStatus": 401,
            "responseBody": '{"success":false,"error":{"code":"unauthenticated"}}',
        },
        {"responseStatus": 0},
        {"responseStatus": None, "responseBody": None},
    ],
)
def test_a_bad_release_a_missing_function_or_a_wrong_key_leave_no_letter(shop, answer):
    shop.fail(order(), **answer)

    shop.minutes(4)

    assert open_letters(shop) == []
    assert len(shop.pipeline.memory.all("orders")) == 1


def test_what_our_code_refused_waits_for_a_person(shop):
    shop.fail(order(), responseStatus=489, responseBody=REFUSED)

    shop.minutes(600)

    assert (shop.letter()["kind"], shop.letter()["state"]) == ("refused", "open")
    assert shop.sent() == []
    assert "nextDeliveryAt" not in shop.letter()


def test_deliveries_come_ever_later_for_as_long_as_the_letter_is_kept(shop):
    times = []

    def platform(message):
        times.append(shop.pipeline.clock.monotonic() / MINUTE)
        shop.fail(message.body)

    shop.fail(order())
    shop.minutes(30 * 60, deliver=platform)

    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps[:6] == [2, 4, 8, 16, 32, 64]
    assert set(gaps[8:]) == {240}
    assert len(gaps) > 10
    letter = shop.letter()
    assert (letter["deliveries"], letter["failures"]) == (len(times), len(times) + 1)
    assert letter["nextDeliveryAt"] > letter["lastFailedAt"]


def test_every_delivery_keeps_the_event_id_and_takes_a_new_deduplication_id(shop):
    shop.fail(order())
    shop.minutes(60, deliver=lambda message: shop.fail(message.body))

    ids = [message.deduplication_id for message in shop.sent()]
    assert ids[:3] == ["evt-1-replay-1", "evt-1-replay-2", "evt-1-replay-3"]
    assert len(set(ids)) == len(ids)
    assert {message.event_id for message in shop.sent()} == {"evt-1"}


def test_two_runs_at_once_deliver_a_letter_once(shop):
    shop.fail(order())
    shop.minutes(1, deliver=lambda _: None)
    shop.pipeline.clock.advance(MINUTE)
    letters = shop.reconciler()._dead_letters
    one, other = letters.unsettled("evt-1"), letters.unsettled("evt-1")

    assert [letters.claim(one), letters.claim(other)] == [True, False]


def test_what_is_no_whole_event_waits_for_a_person(shop):
    shop.fail("no JSON at all")

    shop.minutes(300)

    assert shop.letter("message:msg_1")["state"] == "open"
    assert shop.pipeline.outbox.messages == []


def test_a_letter_whose_event_was_handled_by_other_means_is_resolved(shop):
    """Such as a retry in QStash's own console, of what our code refused at first."""
    shop.fail(order(), responseStatus=489, responseBody=REFUSED)
    shop.minutes(1)
    assert shop.pipeline.deliver("commands", order())["statusCode"] == 200

    shop.minutes(31)

    assert shop.letter()["state"] == "resolved"


def test_a_failure_told_after_its_event_was_handled_opens_nothing(shop):
    assert shop.pipeline.deliver("commands", order())["statusCode"] == 200
    shop.fail(order())

    shop.minutes(1)

    assert shop.letter()["state"] == "resolved"
    assert shop.letter()["failures"] == 1


def test_what_was_handled_meanwhile_goes_once_more_through_our_code_and_never_again(shop):
    """Nobody has seen this content under the id; if it is another one, it is refused by name."""
    assert shop.pipeline.deliver("commands", order())["statusCode"] == 200
    shop.fail(order())

    shop.minutes(300)

    assert [m.deduplication_id for m in shop.sent()] == ["evt-1-repeat-1"]
    assert shop.letter()["state"] == "resolved"
    assert len(shop.pipeline.memory.all("orders")) == 1


def test_other_content_of_a_handled_id_has_a_letter_of_its_own_that_stays(shop):
    assert shop.pipeline.deliver("commands", order())["statusCode"] == 200
    reused = json.dumps({"success": False, "error": {"code": "event_id_reused", "message": "x"}})
    other = order() | {"payload": order()["payload"] | {"customerAddress": "elsewhere"}}
    shop.fail(other, responseStatus=489, responseBody=reused)
    shop.fail(order(), responseStatus=503)

    shop.minutes(600)

    [contested] = open_letters(shop)
    assert contested["eventId"].startswith("evt-1#")
    assert "elsewhere" in contested["originalEvent"]
    assert shop.letter()["state"] == "resolved"


def test_a_letter_that_was_let_go_stays_so_when_an_older_failure_is_told(shop):
    shop.fail(order())
    shop.minutes(1, deliver=lambda _: None)
    shop.pipeline.memory.seed(
        "dead_letters",
        {**shop.letter(), "state": "discarded", "closedAt": "2026-03-01T12:05:00.000Z"},
    )
    shop.fail(order())

    shop.minutes(1)
    assert (shop.letter()["state"], shop.letter()["failures"]) == ("discarded", 2)

    shop.pipeline.clock.advance(3600)
    shop.fail(order())
    shop.minutes(1)
    assert shop.letter()["state"] == "open", "it was published again after that"


def test_the_newest_failure_describes_a_letter_in_whatever_order_they_are_told(shop):
    shop.fail(order(), responseStatus=489, responseBody=REFUSED)
    newest = dict(shop.queue.kept)
    shop.queue.kept.clear()
    shop.pipeline.clock.advance(-600)
    shop.fail(order())
    older = dict(shop.queue.kept)
    shop.pipeline.clock.advance(600)
    for entries_of_a_run in (newest, older):
        shop.queue.kept = dict(entries_of_a_run)
        shop.minutes(1)

    letter = shop.letter()
    assert (letter["kind"], letter["cause"]) == ("refused", "HTTP 489 invalid_field")
    assert letter["firstFailedAt"] < letter["lastFailedAt"]
    assert "nextDeliveryAt" not in letter


def test_attempts_are_what_happened(shop):
    """A refusal for good is one attempt, whatever number QStash would have made."""
    shop.fail(order(1), responseStatus=489, responseBody=REFUSED)
    shop.fail(order(2))
    shop.fail(order(3), responseStatus=489, responseBody=REFUSED, retried=2)

    shop.minutes(1, deliver=lambda _: None)

    assert [shop.letter(f"evt-{n}")["attempts"] for n in (1, 2, 3)] == [1, 4, 3]


def test_a_letter_tells_when_it_failed_and_not_when_we_heard(shop):
    shop.fail(order())
    failed = shop.pipeline.clock.now().isoformat(timespec="milliseconds")[:19]
    shop.pipeline.clock.advance(7200)

    shop.minutes(1, deliver=lambda _: None)

    assert shop.letter()["lastFailedAt"][:19] == failed


def test_work_per_run_is_bounded_and_goes_to_what_is_due_longest(shop):
    for number in range(600):
        shop.fail(order(number))
    for _ in range(6):
        shop.run()
    shop.pipeline.clock.advance(MINUTE)

    counts = []
    while report := shop.run().redelivered:
        counts.append(report)

    assert sum(counts) == 600
    assert max(counts) <= 200


def test_the_history_of_a_letter_that_fails_for_weeks_stays_short(shop):
    for number in range(300):
        shop.fail(order())
        shop.pipeline.clock.advance(number)
    for _ in range(4):
        shop.run()

    assert shop.letter()["failures"] == 300
    assert len(entries(shop.letter(), "history")) <= FIRST + NEWEST


def test_an_event_that_a_batch_encoded_twice_is_delivered_again_as_the_event_it_is(shop):
    shop.fail(json.dumps(json.dumps(order(), default=float)))

    shop.minutes(4)

    assert shop.letter()["state"] == "resolved"
    assert len(shop.pipeline.memory.all("orders")) == 1


def test_a_report_about_a_topic_that_is_not_that_of_the_type_sends_nothing(shop):
    """The address comes from the type, or not at all (I18)."""
    for topic in ("orders", "https://stranger.example/"):
        payload = {
            "originalTopic": topic,
            "originalEventType": "command.checkout",
            "originalEvent": json.loads(json.dumps(order(), default=float)),
            "error": "HTTP 500: said somebody",
            "failedAt": "2026-03-01T11:00:00Z",
            "retryCount": 0,
        }
        report = envelope("analytics.dlq", payload, eventId=f"evt-{topic[:6]}")
        assert shop.pipeline.deliver("analytics", report)["statusCode"] == 200

    shop.minutes(300)

    assert shop.pipeline.outbox.messages == []


def test_a_queue_that_is_down_keeps_no_letter_from_being_delivered(shop):
    shop.fail(order())
    shop.minutes(1, deliver=lambda _: None)
    assert isinstance(shop.queue, InMemoryQueue)
    shop.queue.down = True

    shop.minutes(2)

    assert len(shop.pipeline.memory.all("orders")) == 1
