"""A crash at any port call, before or after its effect, changes nothing that anybody can see."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.kernel.errors import DependencyError, PublishError
from tests.unit.functions.simulation import (
    Plan,
    Simulation,
    outcome_is_that_of_an_undisturbed_run,
)
from tests.unit.shared.faults import Killed, Moment

UNDISTURBED = Simulation().run()
CALLS = UNDISTURBED.faults.calls
MOMENTS: tuple[Moment, Moment] = ("before", "after")


def bug() -> BaseException:
    return RuntimeError("a bug")


def typed(name: str) -> Callable[[], BaseException]:
    """How the port itself reports that it got no answer."""
    return lambda: PublishError("lost") if name.startswith("publisher") else DependencyError("lost")


KINDS: dict[str, Callable[[str], Callable[[], BaseException]]] = {
    "killed": lambda _: Killed,
    "bug": lambda _: bug,
    "no_answer": typed,
}
POSITIONS = [
    (number, moment, kind)
    for number, name in enumerate(CALLS)
    for moment in MOMENTS
    for kind in KINDS
    # The fast path raises nothing by contract, and the mailer's failures have tests of their own.
    if kind != "no_answer" or name.partition(".")[0] in {"tables", "publisher"}
]


def test_undisturbed_run_calls_every_port_and_ends_well():
    assert {name.partition(".")[0] for name in CALLS} == {"tables", "claims", "publisher", "mailer"}
    assert set(UNDISTURBED.answers) == {200, 202}
    assert UNDISTURBED.send_states() == {"ada@example.com": "sent", "stock@shop.example": "sent"}
    outcome_is_that_of_an_undisturbed_run(UNDISTURBED, UNDISTURBED)


@pytest.mark.parametrize(
    ("number", "moment", "kind"),
    POSITIONS,
    ids=[f"{CALLS[n]}-{n}-{m}-{k}" for n, m, k in POSITIONS],
)
def test_one_crash_anywhere_is_healed_by_redelivery(number, moment, kind):
    simulation = Simulation({(number, moment): KINDS[kind](CALLS[number])}).run()

    assert simulation.faults.raised == 1
    outcome_is_that_of_an_undisturbed_run(simulation, UNDISTURBED)


plans = st.dictionaries(
    st.tuples(st.integers(0, len(CALLS) + 30), st.sampled_from(MOMENTS)),
    st.sampled_from([Killed, bug]),
    max_size=8,
)


@given(plans)
def test_many_crashes_are_healed_too(plan: Plan):
    simulation = Simulation(plan).run()

    outcome_is_that_of_an_undisturbed_run(simulation, UNDISTURBED)


@given(plans, st.sets(st.integers(0, 90), max_size=10), st.sets(st.integers(0, 90), max_size=5))
def test_redis_flushed_or_down_at_any_moment_changes_no_result(plan: Plan, flushes, outages):
    """Redis loses everything, or does not answer, in the middle of it all (I24)."""
    simulation = Simulation(plan)

    def disturb(_name: str) -> None:
        number = len(simulation.faults.calls)
        simulation.shop.redis.down = number in outages
        if number in flushes:
            simulation.shop.redis.flush()

    simulation.faults.watch = disturb
    simulation.run()

    outcome_is_that_of_an_undisturbed_run(simulation, UNDISTURBED)


@given(st.data())
@settings(max_examples=30)
def test_deliveries_repeated_and_reordered_without_redis_change_nothing(data):
    """Every message several times, late and in any order; only order.created needs its order."""
    simulation = Simulation().run()
    simulation.shop.redis.down = True
    again = data.draw(st.lists(st.sampled_from(simulation.shop.outbox.messages), max_size=15))

    for message in again:
        assert simulation.shop.send(message, retried=1)["statusCode"] == 200

    outcome_is_that_of_an_undisturbed_run(simulation, UNDISTURBED)
    assert len(simulation.mailbox.sent) == 2
