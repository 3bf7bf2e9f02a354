"""A test of the tests: each bug that is planted into the promise of order ids turns its tests red."""

from collections import Counter

import pytest

from tests.mutations.order_ids import ORDER_ID_BUGS
from tests.mutations.planting import complaints
from tests.mutations.trial import attempt


def test_every_entry_plants_a_bug_where_its_line_is():
    assert complaints(ORDER_ID_BUGS) == []


def test_every_promise_has_two_bugs():
    assert min(Counter(bug.invariant for bug in ORDER_ID_BUGS).values()) >= 2
    assert len({bug.name for bug in ORDER_ID_BUGS}) == len(ORDER_ID_BUGS)


@pytest.mark.parametrize("mutation", ORDER_ID_BUGS, ids=lambda bug: bug.invariant)
def test_a_planted_bug_turns_its_tests_red(mutation):
    trial = attempt(mutation, tests=mutation.tests)

    assert trial.problem == ""
    assert trial.asked is not None
    complaint = trial.asked.complaint(mutation.tests)
    assert not complaint, f"{mutation.bug}: {complaint}\n{trial.asked.output[-3000:]}"
