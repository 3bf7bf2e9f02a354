"""A test of what plants the bugs: an entry that plants none is never taken for one that was noticed."""

from dataclasses import replace
from functools import partial

import pytest

from shared.kernel.ids import OrderIds
from tests.mutations.catalog import Mutation
from tests.mutations.planting import ROOT, BrokenPlantError, complaints, missing_tests, planted_text
from tests.mutations.trial import Asked, Chase, attempt

TEST = "tests/unit/shared/kernel/test_ids.py::test_each_payment_has_its_own_order"
BUG = Mutation(
    invariant="I3",
    promise="At most one order per payment.",
    path="shared/kernel/ids.py",
    line="return f\"ord_{_digest('order', payment_id)}\"",
    becomes='return "ord_1"',
    bug="every payment has the same order",
    tests=(TEST,),
)
planted = partial(replace, BUG)


def test_a_bug_that_its_test_notices_counts_as_noticed():
    trial = attempt(BUG, tests=BUG.tests)

    assert trial.problem == ""
    assert trial.asked is not None
    assert trial.asked.complaint(BUG.tests) == ""


def test_a_bug_that_no_named_test_notices_is_told_with_the_tests_that_stay_green():
    other = "tests/unit/shared/kernel/test_money.py"

    trial = attempt(BUG, tests=(TEST, other))

    assert trial.asked is not None
    assert trial.asked.complaint((TEST, other)) == f"still green: {other}"


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        (planted(line="def no_such_function("), "stands 0 times in shared/kernel/ids.py"),
        (planted(line="return "), "times in shared/kernel/ids.py, not once"),
        (planted(path="shared/kernel/no_such_file.py"), "there is no file"),
        (planted(becomes=BUG.line), "changes nothing"),
        (planted(becomes=f"{BUG.line}  # a remark"), "changes nothing"),
        (planted(becomes="return ord_("), "is not Python"),
        (planted(becomes="return _no_such_name(payment_id)"), "names what is not there: _no_such"),
    ],
)
def test_an_entry_that_plants_no_bug_is_refused_by_name(entry, complaint):
    with pytest.raises(BrokenPlantError, match=complaint):
        planted_text(entry)

    (told,) = complaints([entry])
    assert told.startswith("I3 (every payment has the same order): ")
    assert complaint in told
    assert complaint in attempt(entry, tests=entry.tests).problem


def test_a_planted_module_that_cannot_be_loaded_is_no_noticed_bug():
    entry = planted(line='ID_RULE = "must', becomes='ID_RULE = 1 / 0 * "must')

    trial = attempt(entry, tests=entry.tests, chase=Chase(seconds=0))

    assert trial.problem == "it cannot be loaded: ZeroDivisionError: division by zero"
    assert (trial.asked, trial.hunt) == (None, None)


@pytest.mark.parametrize(
    "missing", ["tests/unit/test_nothing.py", f"{TEST.partition('::')[0]}::test_that_nobody_wrote"]
)
def test_a_test_that_is_nowhere_is_never_red(missing):
    entry = planted(tests=(missing,))

    trial = attempt(entry, tests=entry.tests)

    assert missing_tests(entry) == [missing]
    assert trial.asked is not None
    assert trial.asked.status in {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED}
    assert trial.asked.complaint(entry.tests) != ""


def test_a_test_that_fails_for_a_missing_import_is_never_red():
    entry = planted(becomes="from shared.kernel import nothing\n        return nothing")

    trial = attempt(entry, tests=entry.tests)

    assert trial.asked is not None
    assert trial.asked.status == pytest.ExitCode.TESTS_FAILED
    assert "could not run" in trial.asked.complaint(entry.tests)


@pytest.mark.parametrize("status", [2, 3, 4, 5])
def test_pytest_that_was_interrupted_or_failed_itself_makes_nothing_red(status):
    asked = Asked(status, failed=(TEST,), broken=(), output="")

    assert asked.complaint((TEST,)) == f"pytest ended with status {status}"


def test_a_process_that_dies_of_its_bug_is_a_problem_and_no_noticed_bug():
    entry = planted(becomes="import os\n        os._exit(7)")

    assert attempt(entry, tests=entry.tests).problem == "its process ended with status 7"


def test_a_process_that_never_ends_is_ended():
    entry = planted(becomes="while payment_id: pass")

    assert attempt(entry, tests=entry.tests, seconds=3).problem == "it took longer than 3 s"


def test_a_bug_leaves_no_trace_in_this_process_or_in_its_file():
    file = ROOT / BUG.path
    before = file.read_bytes()

    attempt(BUG, tests=BUG.tests)

    assert file.read_bytes() == before
    assert OrderIds.plain("pay-1") != "ord_1"


def test_chaos_that_finds_nothing_in_its_time_says_so():
    harmless = planted(becomes=f"assert payment_id\n        {BUG.line}")

    trial = attempt(harmless, chase=Chase(seconds=0.01))

    assert trial.hunt is not None
    assert (trial.hunt.seed, trial.hunt.breach, trial.hunt.story) == (0, "", "")
