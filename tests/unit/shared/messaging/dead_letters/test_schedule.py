"""Ever later, and never later than hours."""

from datetime import UTC, datetime, timedelta

from shared.messaging.dead_letters.schedule import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    looked_at,
    opened,
    pause,
    sent,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_pauses_double_from_a_minute_up_to_hours():
    minutes = [pause(n, LONGEST_PAUSE) / timedelta(minutes=1) for n in (0, 1, 2, 3, 7, 8, 9, 5000)]

    assert minutes == [1, 2, 4, 8, 128, 240, 240, 240]


def test_a_letter_that_waits_for_a_person_is_only_looked_at():
    plan = opened(NOW, delivered=3, automatic=False)

    assert (plan.due_at, plan.delivery_at) == (NOW + FIRST_PAUSE, None)
    assert plan.facts("evt-1")["nextDeliveryAt"] is None


def test_what_was_sent_is_looked_at_soon_and_sent_again_in_its_time():
    plan = sent(NOW, delivered=5)

    assert plan.due_at == NOW + timedelta(minutes=1)
    assert plan.delivery_at == NOW + timedelta(minutes=32)


def test_looks_at_a_letter_that_waits_grow_rarer_but_never_stop():
    waits = [
        looked_at(NOW, since=NOW - age, delivery_at=None).due_at - NOW
        for age in (timedelta(0), timedelta(minutes=7), timedelta(days=200))
    ]

    assert waits == [timedelta(minutes=1), timedelta(minutes=7), timedelta(minutes=30)]
