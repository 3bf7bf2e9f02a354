"""A platform that refuses for minutes leaves no letter behind, and nobody did anything (I27)."""

import pytest

from tests.simulation import deeds
from tests.simulation.dice import Script
from tests.simulation.invariants import AT_REST
from tests.simulation.letters import AT_REST as LETTERS_AT_REST
from tests.simulation.scenario import PLENTY
from tests.simulation.world import MINUTE, World

EVENTS = 60


def minutes(world: World, count: int) -> None:
    for _ in range(count):
        world.reconcile()
        world.scheduler.run(world.now + MINUTE)


@pytest.mark.parametrize(
    ("function", "status"),
    [
        ("commands", 429),
        ("commands", 404),
        ("orders", 500),
        ("notifications", 502),
        ("analytics", 429),
    ],
)
def test_five_bad_minutes_of_one_function_heal_by_themselves(function, status):
    world = World(1, Script(), catalogue=PLENTY, skewed=False, mixed_versions=False)
    try:
        deeds.block(world, function, status, 5 * MINUTE)
        for number in range(EVENTS):
            deeds.check_out(world, deeds.cart(world, f"pay-{number}", {"mug": 1}))
            world.scheduler.run(world.now + 0.5)
        minutes(world, 20)

        letters = world.tables.all("dead_letters")
        assert len(letters) >= EVENTS, "there were some, all the same"
        assert {row["state"] for row in letters} == {"resolved"}
        assert len(world.tables.all("orders")) == len(world.records.mails) == EVENTS
        for check in (*AT_REST, *LETTERS_AT_REST):
            assert list(check(world)) == []
    finally:
        world.close()


def test_a_failure_that_cannot_be_kept_while_it_is_pulled_is_kept_later():
    """Neither the event nor the callback about it finds its way, and the store takes no writes."""
    world = World(1, Script(), catalogue=PLENTY, skewed=False, mixed_versions=False)
    try:
        deeds.block(world, "analytics", 429, 5 * MINUTE)
        for value in range(5):
            deeds.report_metric(world, value)
        world.scheduler.run(world.now + 30)
        deeds.stop_writes(world, 5 * MINUTE)
        minutes(world, 20)

        letters = world.tables.all("dead_letters")
        assert {row["state"] for row in letters} == {"resolved"}
        assert len(letters) == 5
        for check in (*AT_REST, *LETTERS_AT_REST):
            assert list(check(world)) == []
    finally:
        world.close()
