"""A test of the tests: each planted bug, in a copy of the code, must turn its tests red, and must
be found by chaos."""

import pytest

from tests.mutations import page
from tests.mutations.catalog import MUTATIONS
from tests.mutations.planting import Copy
from tests.mutations.program import hunt

FAILED = 1  # pytest's own exit code for "tests ran, and some failed"


def _invariant(mutation):
    return mutation.invariant


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    return Copy(tmp_path_factory.mktemp("planted"))


def test_without_a_planted_bug_they_are_all_green(copy):
    tests = sorted({test for mutation in MUTATIONS for test in mutation.tests})

    result = copy.tests(tests)

    assert result.returncode == 0, result.stdout[-3000:]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=_invariant)
def test_a_planted_bug_turns_its_tests_red(copy, mutation):
    with copy.planted(mutation):
        result = copy.tests(mutation.tests)

    assert result.returncode == FAILED, (
        f"nobody noticed that {mutation.bug}\n{result.stdout[-3000:]}"
    )


@pytest.mark.parametrize("mutation", MUTATIONS, ids=_invariant)
def test_a_planted_bug_is_found_by_chaos_and_its_story_told(copy, mutation):
    """Within a minute on a quiet machine; the limit leaves room for a busy one."""
    found = hunt(copy, mutation, seconds=170)

    assert found.breach, f"chaos did not find that {mutation.bug}\n{found.story[-3000:]}"
    assert "make chaos SEED=" in found.story


def test_every_invariant_has_its_line_its_tests_and_its_bug():
    numbers = [int(mutation.invariant.removeprefix("I")) for mutation in MUTATIONS]

    assert numbers == sorted(numbers)
    assert set(numbers) >= {*range(1, 32)}


def test_the_reliability_page_is_what_the_catalog_says():
    """``make docs`` writes it; nobody edits it."""
    assert page.PAGE.read_text(encoding="utf-8") == page.text()
