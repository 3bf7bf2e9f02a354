"""What comes of a planted bug: its tests red, and a breach found by chaos; each in a process of its
own, forked from one that has everything loaded but the bug."""

import contextlib
import io
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from multiprocessing.connection import Connection
from typing import Any

import pytest
from hypothesis import Phase, settings

from tests.mutations import preload
from tests.mutations.catalog import Mutation
from tests.mutations.planting import ROOT, BrokenPlantError, plant

_BREACH = "BREACH "
# How a test ends that never got to ask its question.
_NO_ANSWER = (
    "ImportError",
    "ModuleNotFoundError",
    "SyntaxError",
    "NameError",
    "FixtureLookupError",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the named tests said.

    Args:
        status: pytest's exit status.
        failed: the tests that ran and failed, without their parameters, and why.
        broken: what kept tests from running at all.
        output: what pytest printed.
    """

    status: int
    failed: tuple[str, ...]
    broken: tuple[str, ...]
    output: str

    def complaint(self, tests: Sequence[str]) -> str:
        """Why these tests do not count as red, empty if they do.

        Only a test that ran and failed is red: what was not collected, not loaded or interrupted
        says nothing about the bug.
        """
        if self.broken:
            return f"tests could not run: {'; '.join(self.broken)}"
        if self.status not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
            return f"pytest ended with status {self.status}"
        green = [test for test in tests if not any(_is_of(one, test) for one in self.failed)]
        return f"still green: {', '.join(green)}" if green else ""


def _is_of(failed: str, test: str) -> bool:
    return failed == test or ("::" not in test and failed.startswith(f"{test}::"))


@dataclass(frozen=True, slots=True)
class Hunt:
    """What came of letting chaos look for a planted bug.

    Args:
        seed: the one that found it, 0 if none did.
        story: from the first deed to the breach; empty if nothing was found.
        seconds: of the processor.
    """

    seed: int = 0
    story: str = ""
    seconds: float = 0.0

    @property
    def breach(self) -> str:
        """The first promise that was seen broken."""
        lines = (line for line in self.story.splitlines() if line.startswith(_BREACH))
        return next(lines, "").removeprefix(_BREACH)


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one planted bug.

    Args:
        problem: what is wrong with the entry itself, empty if it plants a bug.
        seconds: of the processor, all in all.
    """

    mutation: Mutation
    asked: Asked | None = None
    hunt: Hunt | None = None
    problem: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Chase:
    """Which seeds chaos plays, in which order and for how long.

    Args:
        hint: a seed that found the bug before; others are played after it.
        first: the first of the others.
        seconds: after so many of the processor a bug counts as not found.
        soon: a breach that took longer is not yet good enough: another seed may be quicker.
    """

    hint: int | None = None
    first: int = 1
    seconds: float = 60.0
    soon: float = float("inf")

    def seeds(self, wanted: Callable[[int], bool]) -> Iterable[int]:
        """One after the other, without an end: the hint, then those that are wanted."""
        hint = [] if self.hint is None else [self.hint]
        return chain(hint, filter(wanted, count(self.first)))


def attempt(
    mutation: Mutation,
    *,
    tests: Sequence[str] = (),
    chase: Chase | None = None,
    seconds: float = 300.0,
) -> Trial:
    """Plant a bug in a process of its own, ask the tests, and let chaos look for it.

    Args:
        seconds: after so many the process is ended, and the trial is a problem.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([preload.__name__])
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_planted, args=(mutation, tuple(tests), chase, there))
    process.start()
    there.close()
    try:
        return _heard(here, seconds, mutation)
    except EOFError:
        process.join()
        return Trial(mutation, problem=f"its process ended with status {process.exitcode}")
    finally:
        process.kill()
        process.join()


def _heard(here: Connection, seconds: float, mutation: Mutation) -> Trial:
    if not here.poll(seconds):
        return Trial(mutation, problem=f"it took longer than {seconds:.0f} s")
    trial: Trial = here.recv()
    return trial


def _planted(
    mutation: Mutation, tests: tuple[str, ...], chase: Chase | None, told: Connection
) -> None:
    # An interrupt is the parent's: it ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        plant(mutation, preload.IMPORTS)
    except BrokenPlantError as error:
        told.send(Trial(mutation, problem=str(error)))
        return
    except Exception as error:  # noqa: BLE001 - whatever a module that has a bug may do when it is loaded
        told.send(Trial(mutation, problem=f"it cannot be loaded: {type(error).__name__}: {error}"))
        return
    asked = ask(tests) if tests else None
    found = hunt(chase, strangers=mutation.strangers) if chase else None
    told.send(Trial(mutation, asked, found, seconds=time.process_time()))


# ------------------------------------------------------------------ the tests
class _Watcher:
    """Hears from pytest what became of each test."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.broken: list[str] = []

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.broken.append(f"{report.nodeid or 'nothing'} was not collected")

    def pytest_runtest_protocol(self, item: Any) -> bool | None:
        """One case of a test that is red is enough: its others are not run."""
        return True if item.nodeid.partition("[")[0] in self.failed else None

    def pytest_runtest_logreport(self, report: Any) -> None:
        if not report.failed:
            return
        test = report.nodeid.partition("[")[0]
        said = str(getattr(report.longrepr, "reprcrash", None) or report.longrepr)
        why = said.rpartition(": ")[0] if ": " in said else said
        if report.when != "call" or any(name in why for name in _NO_ANSWER):
            self.broken.append(f"{test}: {said}")
        else:
            self.failed.append(test)


def ask(tests: Sequence[str]) -> Asked:
    """Run tests in this process."""
    watcher, output = _Watcher(), io.StringIO()
    # The first example that fails is enough, and none is kept for the tests of the code as it is.
    settings.register_profile("planted", phases=[Phase.explicit, Phase.generate], database=None)
    settings.load_profile("planted")
    # Which test is red is asked, and not what its values were: rewriting assertions takes longer.
    arguments = ["-q", "--no-header", "--tb=native", f"--rootdir={ROOT}", "--assert=plain"]
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        status = pytest.main([*arguments, *(f"{ROOT}/{test}" for test in tests)], plugins=[watcher])
    failed = tuple(dict.fromkeys(watcher.failed))
    return Asked(int(status), failed, tuple(watcher.broken), output.getvalue())


# ------------------------------------------------------------------ chaos
def hunt(chase: Chase, *, strangers: bool = False) -> Hunt:
    """Let chaos play seed by seed, up to a breach or until the time is up.

    Args:
        strangers: whether only stories with strangers are played.
    """
    # Loaded here: only now this process has its bug.
    from tests.simulation.campaign import play  # noqa: PLC0415
    from tests.simulation.scenario import stage_of  # noqa: PLC0415

    spent, quickest, best = 0.0, float("inf"), Hunt()
    for seed in chase.seeds(lambda seed: stage_of(seed).strangers or not strangers):
        began = time.process_time()
        result = play(seed, None)
        took = time.process_time() - began
        spent += took
        if result.story and took < quickest:
            quickest, best = took, Hunt(seed, result.story)
        if spent > chase.seconds or quickest < chase.soon:
            break
    return replace(best, seconds=spent)
