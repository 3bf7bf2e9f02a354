"""Times are when it failed, not when we heard; nonsense is no time."""

from datetime import UTC, datetime

import pytest

from shared.messaging.dead_letters.qstash_values import count_of, moment_of, status_of, times_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CREATED, FAILED = 1_772_366_000_000, 1_772_366_007_000


def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def test_a_dead_letter_bears_the_moment_at_which_qstash_gave_up():
    times = times_of({"createdAt": str(CREATED), "dlqId": f"{FAILED}-0"}, now=NOW)

    assert (times.published_at, times.failed_at) == (at(CREATED), at(FAILED))


@pytest.mark.parametrize(
    "dlq_id", ["1-0", f"{CREATED - 1}-0", "9999999999999-0", "dlq_17723660070000", None, 7, ""]
)
def test_a_number_that_is_no_time_of_this_message_is_none(dlq_id):
    times = times_of({"createdAt": CREATED, "dlqId": dlq_id}, now=NOW)

    assert (times.published_at, times.failed_at) == (at(CREATED), None)


@pytest.mark.parametrize(
    "value", [None, True, -1, 0, "x", "١٢٣", 10**20, 1.5, [], 32_503_680_000_001]
)
def test_what_is_no_moment_is_none(value):
    assert moment_of(value) is None


@pytest.mark.parametrize(
    ("value", "count"), [(3, 3), ("3", 3), (True, 0), ("٣", 0), ("1e9", 0), (-1, 0)]
)
def test_counts_come_as_numbers_and_as_text(value, count):
    assert count_of(value) == count


def test_a_status_beyond_http_is_none():
    assert [status_of(value) for value in (489, "429", 1000, None)] == [489, 429, 0, 0]
