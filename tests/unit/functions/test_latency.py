"""From the API's acceptance to the order and to the mail: once per effect, never below nought."""

import pytest

from shared.kernel.strict_json import dumps, loads
from shared.telemetry import metrics
from shared.telemetry.measurement import Duration, Measure
from tests.builders import MOMENT, checkout_command, checkout_payload, stock
from tests.pipeline import Pipeline

TO_ORDER = metrics.CHECKOUT_TO_CONFIRMATION.name
TO_MAIL = metrics.CHECKOUT_TO_MAIL.name


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock())
    return pipeline


def times(shop: Pipeline, name: str) -> list[int]:
    """What was measured under a name."""
    return [int(m.value) for m in shop.telemetry.measures if m.name == name]


def the_mail(shop: Pipeline):
    (message,) = shop.outbox.of("notification.email")
    return message


def test_the_way_to_the_order_begins_when_the_api_accepted_and_ends_with_the_commit(shop):
    shop.checkout(checkout_payload())
    shop.clock.advance(1.25)

    shop.send(shop.outbox.messages[0])

    assert times(shop, TO_ORDER) == [1250]
    (measure,) = [m for m in shop.telemetry.measures if m.name == TO_ORDER]
    assert measure == Measure(TO_ORDER, 1250, unit="Milliseconds")


def test_the_way_to_the_mail_goes_on_over_the_queue(shop):
    shop.checkout(checkout_payload())
    shop.clock.advance(1)
    shop.send(shop.outbox.messages[0])
    shop.clock.advance(2)

    shop.send(the_mail(shop))

    assert times(shop, TO_MAIL) == [3000]


def test_repeating_the_checkout_does_not_start_the_clock_again(shop):
    """The stored command goes out again, to the byte."""
    shop.checkout(checkout_payload())
    shop.clock.advance(5)
    shop.checkout(checkout_payload())

    shop.send(shop.outbox.messages[-1])

    assert times(shop, TO_ORDER) == [5000]


@pytest.mark.parametrize("with_redis", [True, False])
def test_duplicates_are_not_timed(shop, with_redis):
    shop.redis.down = not with_redis
    shop.checkout(checkout_payload())
    for _ in range(2):
        shop.send(shop.outbox.messages[0])
        shop.clock.advance(1)
    for _ in range(2):
        shop.send(the_mail(shop))

    assert len(times(shop, TO_ORDER)) == len(times(shop, TO_MAIL)) == 1


def test_a_clock_that_is_behind_counts_as_nought_and_is_told(shop):
    shop.checkout(checkout_payload())
    shop.clock.advance(-3)

    shop.send(shop.outbox.messages[0])
    shop.send(the_mail(shop))

    assert times(shop, TO_ORDER) == times(shop, TO_MAIL) == [0]
    assert shop.telemetry.counts["ClockSkews"] == 2


def test_a_clock_that_is_right_is_not_told_of(shop):
    shop.checkout(checkout_payload())
    shop.drain()

    assert times(shop, TO_ORDER) == times(shop, TO_MAIL) == [0]
    assert "ClockSkews" not in shop.telemetry.counts


def test_a_mail_of_an_older_release_is_sent_and_not_timed(shop):
    shop.checkout(checkout_payload())
    shop.send(shop.outbox.messages[0])
    event = loads(the_mail(shop).body.encode(), max_bytes=100_000)
    assert isinstance(event, dict)
    assert event["payload"].pop("acceptedAt") == MOMENT

    assert shop.deliver("notifications", dumps(event).encode())["statusCode"] == 200

    assert len(shop.mailer.sent) == 1
    assert times(shop, TO_MAIL) == []


@pytest.mark.parametrize("mode", ["timeout", "refused", "throttled"])
def test_a_mail_that_did_not_leave_is_not_timed(shop, mode):
    shop.mailer.mode = mode
    shop.checkout(checkout_payload())
    shop.drain()

    assert times(shop, TO_MAIL) == []


def test_a_mail_that_leaves_at_the_second_attempt_is_timed_from_the_beginning(shop):
    shop.checkout(checkout_payload())
    shop.send(shop.outbox.messages[0])
    shop.mailer.mode = "throttled"
    shop.send(the_mail(shop))
    shop.mailer.mode = "ok"
    shop.clock.advance(7)

    shop.send(the_mail(shop), retried=1)

    assert times(shop, TO_MAIL) == [7000]


def test_only_the_confirmation_is_timed(shop):
    shop.checkout(checkout_payload())
    shop.send(shop.outbox.messages[0])
    event = loads(the_mail(shop).body.encode(), max_bytes=100_000)
    assert isinstance(event, dict)
    event["payload"]["templateId"] = "order-confirmed"

    assert shop.deliver("notifications", dumps(event).encode())["statusCode"] == 200

    assert times(shop, TO_MAIL) == []


def test_a_rejection_has_no_confirmation_to_wait_for(shop):
    shop.memory.seed("stock", stock(available=0))
    shop.deliver("commands", checkout_command())
    shop.drain()

    assert times(shop, TO_ORDER) == times(shop, TO_MAIL) == []


def test_a_duration_that_ended_before_the_commit_ends_there():
    clock = Pipeline().clock
    start = clock.now()
    clock.advance(1)
    end = clock.now()
    clock.advance(60)

    assert Duration("any", start, end).milliseconds(clock.now()) == 1000
    assert Duration("any", start).milliseconds(clock.now()) == 61_000
