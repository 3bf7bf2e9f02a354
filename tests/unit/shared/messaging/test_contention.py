"""Other writers in the way: how often a step is tried again, and how long is waited for them."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.errors import ContentionError, DependencyError
from shared.messaging.contention import Backoff, at_once, never, retry_contention
from tests.fakes.clock import ManualClock


def in_the_way(times: int, error: type[Exception] = ContentionError) -> Callable[[int], int]:
    """A step that meets others so many times; its result is the number of the try."""

    def step(number: int) -> int:
        if number <= times:
            raise error(f"try {number}")
        return number

    return step


def test_a_step_is_tried_until_no_other_writer_is_in_its_way():
    assert retry_contention(in_the_way(3), wait=at_once) == 4


def test_the_last_of_the_tries_says_what_was_in_the_way():
    with pytest.raises(ContentionError, match="try 3"):
        retry_contention(in_the_way(100), wait=at_once, tries=3)


def test_without_waiting_there_is_one_try():
    with pytest.raises(ContentionError, match="try 1"):
        retry_contention(in_the_way(1), wait=never)


def test_what_is_no_contention_is_raised_at_once():
    with pytest.raises(DependencyError, match="try 1"):
        retry_contention(in_the_way(1, DependencyError), wait=at_once)


def test_the_caller_says_what_else_is_contention():
    step = in_the_way(1, KeyError)

    assert retry_contention(step, wait=at_once, on=(KeyError,)) == 2
    with pytest.raises(ContentionError):
        retry_contention(in_the_way(1), wait=at_once, on=(KeyError,))


def test_pauses_double_up_to_the_longest_and_the_jitter_spreads_them():
    clock = ManualClock()
    jitter = iter([0.5, 0.0, 1.0, 0.5, 0.5]).__next__
    backoff = Backoff(clock, jitter, first=0.1, longest=0.3)

    assert retry_contention(in_the_way(5), wait=backoff) == 6

    assert clock.slept == pytest.approx([0.1, 0.1, 0.45, 0.3, 0.3])


def test_the_next_series_begins_with_the_shortest_pause_again():
    clock = ManualClock()
    backoff = Backoff(clock, lambda: 0.5, first=0.1, longest=10)
    for _ in range(2):
        retry_contention(in_the_way(2), wait=backoff)

    assert clock.slept == pytest.approx([0.1, 0.2, 0.1, 0.2])


@given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0.001, 100))
def test_no_pause_leaves_its_bounds_or_the_time_that_is_left(tries, jitter, left):
    clock = ManualClock()
    backoff = Backoff(clock, lambda: jitter, first=0.02, longest=0.8, time_left=lambda: left)

    waited = backoff(tries)

    assert waited == bool(clock.slept)
    for pause in clock.slept:
        assert 0.01 <= pause <= min(left, 1.2001)


def test_without_a_limit_the_time_is_never_over():
    clock = ManualClock()

    assert Backoff(clock, lambda: 0.5, first=1, longest=math.inf)(1000)
