"""The simulation in the normal test run: some seeds, that they repeat exactly, and Redis or not."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.__main__ import main
from tests.simulation.campaign import of_one, table
from tests.simulation.run import i24_redis_changes_no_result, run
from tests.simulation.scenario import LONG_STEPS, Scenario, stage_of, steps_of

STEPS = 30


@pytest.mark.parametrize("seed", range(2001, 2041))
def test_every_promise_is_kept_under_chaos(seed):
    outcome = run(Scenario(seed, STEPS))

    assert not outcome.breaches, f"\n{outcome.told()}"


@pytest.mark.parametrize("seed", [500383, 500432, 3005])
def test_every_promise_is_kept_in_a_long_story(seed):
    """Two of these once told of failures after their events were handled."""
    outcome = run(Scenario(seed, 60))

    assert not outcome.breaches, f"\n{outcome.told()}"


def test_a_campaign_prints_its_range_and_plays_it_again(capsys):
    assert main(["--seeds", "1", "--steps", "2", "--workers", "1"]) == 0
    said = capsys.readouterr().out
    again = re.search(r"again: make chaos CHAOS_ARGS='(.*)'", said)
    assert again is not None

    assert main([*again[1].split(), "--workers", "1"]) == 0

    assert capsys.readouterr().out.splitlines()[1:] == said.splitlines()[1:]


def test_every_tenth_story_is_a_long_one():
    assert [steps_of(seed) for seed in range(1, 21)].count(LONG_STEPS) == 2
    assert steps_of(5, 7) == 7


@pytest.mark.parametrize("seed", [7, 19, 31])
def test_the_books_are_the_same_without_redis(seed):
    outcome = i24_redis_changes_no_result(seed, STEPS)

    assert not outcome.breaches, f"\n{outcome.told()}"


def test_a_seed_tells_the_same_story_again():
    first, second = run(Scenario(5, STEPS)), run(Scenario(5, STEPS))

    assert first.story == second.story
    assert first.state == second.state


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_seed_tells_the_same_story_in_another_process(hash_seed):
    """No set's or dictionary's order of this one process decides anything."""
    outcome = run(Scenario(5, STEPS))
    command = [sys.executable, "-m", "tests.simulation", "--seed", "5", "--steps", str(STEPS)]

    told = subprocess.run(
        command,
        env={"PYTHONHASHSEED": hash_seed},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert told == f"{outcome.told()}\n{table(of_one(outcome))}\n"


@pytest.mark.parametrize("seed", [2004, 2014], ids=["signed", "open"])
def test_strangers_come_and_orders_lapse(seed):
    counts = run(Scenario(seed, LONG_STEPS)).tally.counts

    assert stage_of(seed).signed is (seed == 2004)
    assert counts["strangers"] > 0
    assert counts["lapses"] > 0
    assert counts["orders"] > counts["lapses"]


def test_most_stories_are_told_without_strangers():
    assert [seed for seed in range(1, 41) if stage_of(seed).strangers] == [4, 14, 24, 34]


def test_chaos_is_chaotic():
    """The seeds above go through crashes, duplicates, retries and dead letters, and sell things."""
    counts = [run(Scenario(seed, STEPS)).tally.counts for seed in range(2001, 2005)]

    for name in ("orders", "mails", "crashes", "retries", "duplicates", "dead letters", "replays"):
        assert sum(count[name] for count in counts) > 0, name
