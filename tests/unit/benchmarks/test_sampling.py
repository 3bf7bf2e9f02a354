"""Who is compared takes turns."""

import os

import pytest

from benchmarks.sampling import FULL, on_the_measured_processor, take_turns


def test_subjects_are_sampled_in_turn_and_the_warm_up_is_thrown_away():
    calls: list[str] = []

    def subject(name: str):
        def sample() -> float:
            calls.append(name)
            return float(len(calls))

        return sample

    taken = take_turns({"a": subject("a"), "b": subject("b")}, 2, warm_up=1)

    assert calls == ["a", "b"] * 3
    assert taken == {"a": [3.0, 5.0], "b": [4.0, 6.0]}


def test_progress_is_told_after_every_round():
    notes: list[str] = []

    take_turns({"a": lambda: 1.0}, 2, note=notes.append)

    assert notes == ["0 of 2 rounds", "1 of 2 rounds", "2 of 2 rounds"]


def test_a_verdict_rests_on_at_least_fifteen_samples():
    assert FULL.rounds >= 15


@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity"), reason="this system lets nobody choose a processor"
)
def test_what_is_measured_has_one_processor_and_the_rest_get_theirs_back():
    before = os.sched_getaffinity(0)

    with on_the_measured_processor():
        inside = os.sched_getaffinity(0)

    assert len(inside) == 1
    assert os.sched_getaffinity(0) == before
