import io

import pytest

from local.stack.polling import wait_for
from local.terminal import Progress, Terminal, seconds, table


def terminal(*, live: bool = False) -> Terminal:
    return Terminal(io.StringIO(), live=live)


def said(target: Terminal) -> str:
    assert isinstance(target.stream, io.StringIO)
    return target.stream.getvalue()


class Clock:
    def __init__(self, *moments: float) -> None:
        self.moments = list(moments)

    def __call__(self) -> float:
        return self.moments.pop(0) if len(self.moments) > 1 else self.moments[0]


def test_a_log_gets_one_plain_line_per_step():
    target = terminal()

    with Progress(target, Clock(0.0, 1.5)).step("cdk deploy") as step:
        step.note("3 stacks")

    assert said(target) == "  ok  cdk deploy (3 stacks)  1.5 s\n"


def test_a_failed_step_says_so_and_lets_the_error_through():
    target = terminal()
    progress = Progress(target, Clock(0.0, 2.0))

    with pytest.raises(RuntimeError, match="no"), progress.step("cdk deploy"):
        raise RuntimeError("no")

    assert said(target) == "  !!  cdk deploy  2.0 s\n"
    assert progress.timings == []


def test_a_watched_step_shows_its_time_while_it_runs():
    target = terminal(live=True)

    with Progress(target).step("cdk synth"):
        wait_for(lambda: said(target).count("cdk synth") >= 2, "the step shows itself again")

    shown = said(target)
    assert "\r\x1b[2K" in shown
    assert shown.count("cdk synth") >= 2
    assert shown.rstrip("\n").split("\r\x1b[2K")[-1].startswith("  \x1b[32mok\x1b[0m  cdk synth")


def test_a_long_line_is_cut_so_that_it_can_be_replaced(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    target = terminal(live=True)

    target.draw("x" * 100)

    visible = said(target).replace("\r\x1b[2K", "").replace("\x1b[36m..\x1b[0m", "..")
    assert len(visible) < 40


def test_where_nobody_watches_there_are_no_escape_codes():
    target = terminal()

    with Progress(target).step("quick"):
        target.draw("never")

    assert "\x1b" not in said(target)
    assert target.paint("red", "red") == "red"


def test_finished_steps_are_remembered_with_their_time():
    progress = Progress(terminal(), Clock(0.0, 1.0, 1.0, 4.0))
    with progress.step("one"):
        pass
    with progress.step("two"):
        pass

    assert [title for title, _ in progress.timings] == ["one", "two"]


@pytest.mark.parametrize(
    ("value", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (61.6, "62 s"), (125, "2 min 05 s")]
)
def test_durations_read_well(value, text):
    assert seconds(value) == text


def test_columns_line_up():
    assert table([["name", "n"], ["a", "10"]]) == ["  name  n", "  ----  --", "  a     10"]
