"""A test of the tests: each planted bug, in a process of its own, must turn its tests red, and must
be found by chaos."""

from collections import Counter
from functools import cache

import pytest

from tests.mutations import page
from tests.mutations.bugs import BUGS
from tests.mutations.catalog import Mutation
from tests.mutations.planting import complaints
from tests.mutations.program import hints
from tests.mutations.trial import Chase, Hunt, Trial, attempt

# Both tests of a bug have one id, so they go to one worker, which tries the bug once.
EVERY_BUG = pytest.mark.parametrize(
    "mutation", [pytest.param(bug, id=bug.invariant) for bug in BUGS]
)


@pytest.fixture(scope="module")
def trial_of():
    """What comes of a bug, tried once for both of its tests."""
    known = hints()

    @cache
    def trial(bug: Mutation) -> Trial:
        return attempt(bug, tests=bug.tests, chase=Chase(hint=known.get(bug.name), seconds=60))

    return trial


def test_every_entry_plants_a_bug_where_its_line_is():
    """All that is wrong at once, entry by entry, so that a moved line is soon found again."""
    assert complaints(BUGS) == []


def test_every_promise_has_two_bugs_of_different_kinds():
    places = Counter((bug.invariant, bug.path, bug.line) for bug in BUGS)
    promises = Counter(bug.invariant for bug in BUGS)

    assert [place for place, count in places.items() if count > 1] == []
    assert [name for name in (f"I{number}" for number in range(1, 32)) if promises[name] < 2] == []
    assert len({bug.name for bug in BUGS}) == len(BUGS)


@EVERY_BUG
def test_a_planted_bug_turns_its_tests_red(trial_of, mutation):
    trial = trial_of(mutation)

    assert trial.problem == ""
    complaint = trial.asked.complaint(mutation.tests)
    assert not complaint, f"{mutation.bug}: {complaint}\n{trial.asked.output[-3000:]}"


@EVERY_BUG
def test_a_planted_bug_is_found_by_chaos_and_its_story_told(trial_of, mutation):
    found = trial_of(mutation).hunt or Hunt()

    assert found.breach, f"chaos did not find that {mutation.bug}"
    assert "make chaos SEED=" in found.story


def test_the_seeds_that_are_known_are_those_of_bugs_in_the_catalog():
    assert sorted(hints()) == sorted({bug.name for bug in BUGS} & hints().keys())


def test_the_reliability_page_is_what_the_catalog_says():
    """``make docs`` writes it; nobody edits it."""
    assert page.PAGE.read_text(encoding="utf-8") == page.text()
