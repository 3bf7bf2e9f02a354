import io
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from local.stack import identity, pid_file, processes
from local.stack.processes import StartError
from local.stack.supervisor import Supervisor
from local.terminal import Progress, Terminal

# A parent that has a child of its own and, like a crashing program, does not care for it.
FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def alive(pid: int) -> bool:
    sighting = identity.look(pid)
    return sighting is not None and not sighting.is_zombie


def child_of(process: processes.Process) -> int:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        text = processes.tail(Path(process.log)).strip()
        if text.isdecimal():
            return int(text)
        time.sleep(0.02)
    raise AssertionError("the child did not start")


def test_what_was_started_is_stopped(start, home):
    sleeper = start("sleeper", "sleep", "60")

    stopped = processes.stop([sleeper], home)

    assert stopped == ["sleeper"]
    assert not alive(sleeper.pid)


def test_another_process_with_the_recorded_number_is_never_touched(start, home):
    bystander = start("bystander", "sleep", "60")
    recorded_before_a_reboot = replace(bystander, started="another boot/1", child=None)

    stopped = processes.stop([recorded_before_a_reboot], home)

    assert stopped == []
    assert bystander.is_running()


def test_a_record_found_on_disk_stops_the_same_process(start, home):
    sleeper = start("sleeper", "sleep", "60")
    pid_file.write(home, [sleeper])

    stopped = processes.stop(pid_file.read(home), home)

    assert stopped == ["sleeper"]
    assert not sleeper.is_running()


def test_one_that_ignores_the_signal_is_killed(start, home):
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(0, flush=True); time.sleep(60)"
    stubborn = start("stubborn", sys.executable, "-c", code)
    child_of(stubborn)

    processes.stop([stubborn], home, grace=0.3)

    assert not alive(stubborn.pid)


def test_children_go_with_their_parent(start, home):
    parent = start("parent", sys.executable, "-c", FAMILY)
    child = child_of(parent)

    processes.stop([parent], home)

    assert not alive(child)


@pytest.mark.skipif(not Path("/proc").exists(), reason="children are recognised in /proc")
def test_children_that_outlived_a_crashed_parent_go_too(start, home):
    parent = start("parent", sys.executable, "-c", FAMILY)
    child = child_of(parent)
    os.kill(parent.pid, 9)
    assert parent.child is not None
    parent.child.wait()
    assert alive(child)

    processes.stop([replace(parent, child=None)], home)

    assert not alive(child)


def test_waiting_for_one_that_ends_shows_its_last_words(start):
    failing = start("failing", sys.executable, "-c", "raise SystemExit('port taken')")

    with pytest.raises(StartError, match="port taken"):
        processes.wait_until(lambda: False, failing, limit=10)


def test_waiting_has_a_limit(start):
    slow = start("slow", "sleep", "60")

    with pytest.raises(StartError, match=r"slow was not ready in 0 s"):
        processes.wait_until(lambda: False, slow, limit=0.1)


def test_a_command_whose_program_was_killed_ends_before_the_stack_does(start, home):
    abandoned = start("cdk-deploy", "sleep", "60")
    pid_file.begin_command(home, abandoned)

    stopped = Supervisor(home, Progress(Terminal(io.StringIO(), live=False)), {}).down()

    assert stopped == ["cdk-deploy"]
    assert not abandoned.is_running()
    assert pid_file.abandoned_command(home) == []


def test_two_commands_never_work_on_one_stack(home):
    with (
        pid_file.exclusive(home),
        pytest.raises(pid_file.BusyError, match="another command"),
        pid_file.exclusive(home),
    ):
        raise AssertionError("both hold it")


def test_an_interruption_waits_until_the_child_is_remembered():
    told = []
    before = signal.signal(signal.SIGTERM, lambda number, _frame: told.append(number))
    try:
        with processes.interruptions_wait():
            signal.raise_signal(signal.SIGTERM)
            assert told == []
        assert told == [signal.SIGTERM]
        assert signal.getsignal(signal.SIGTERM) is not before
    finally:
        signal.signal(signal.SIGTERM, before)
