"""What checks find, how it is shown, and how a program ends that looked."""

import pytest

from ops.core.finding import TO_MEND, UNKNOWN, Check, State, found, mend, ok, shown, status, unknown
from shared.kernel.errors import DependencyError

FINE, WRONG, DARK = ("a", ok("fine")), ("b", mend("wrong", "mend it")), ("c", unknown("dark"))


@pytest.mark.parametrize(
    ("findings", "ends", "allowed"),
    [
        ([], 0, 0),
        ([FINE], 0, 0),
        ([FINE, DARK], UNKNOWN, 0),
        ([FINE, DARK, WRONG], TO_MEND, TO_MEND),
    ],
)
def test_a_program_ends_well_only_when_nothing_is_to_mend(findings, ends, allowed):
    assert status(findings) == ends
    assert status(findings, allow_unknown=True) == allowed


def test_a_command_is_shown_once_and_plays_no_tricks():
    again = ("d", mend("wrong\x1b[2J", "mend it"))

    text = shown([FINE, WRONG, again])

    assert text.count("  mend it") == 1
    assert "\x1b" not in text


def test_where_nothing_is_to_mend_no_command_is_shown():
    assert "to mend" not in shown([FINE, DARK])


def test_a_service_that_does_not_answer_is_unknown_and_the_next_check_goes_on():
    def fails():
        raise DependencyError("QStash does not answer")

    checks = [Check("first", fails), Check("second", lambda: ok("there"))]

    assert [said.state for _, said in found(checks)] == [State.UNKNOWN, State.OK]
