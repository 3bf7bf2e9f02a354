"""What the program makes of an attack: held only if it was tried, and got nothing."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local.attacks import siege
from local.attacks.attack import Attack, Checkouts, must, needs
from local.attacks.issuer import Issuer
from local.attacks.siege import Result, Verdict, attempt, report
from local.commands import COMMANDS, Context
from local.stack.client import StackClient
from local.stack.home import Home
from local.terminal import Terminal


def attack(name: str, run: Any) -> Attack:
    return Attack(name, "everything", "a refusal", "S1", Checkouts.SIGNED, run)


def falls(_target: object) -> None:
    must(holds=False, seen="the till was open")


def cannot(_target: object) -> None:
    needs(holds=False, what="there was no shop")


def breaks(_target: object) -> None:
    raise ConnectionError("nothing answers")


def holds(_target: object) -> None:
    must(holds=True, seen="never")


ENDS = {
    holds: (Verdict.HELD, ""),
    falls: (Verdict.FELL, "the till was open"),
    cannot: (Verdict.UNTRIED, "UntriedError: there was no shop"),
    breaks: (Verdict.UNTRIED, "ConnectionError: nothing answers"),
}


@pytest.mark.parametrize("run", ENDS)
def test_an_attack_held_only_if_it_was_tried_and_got_nothing(run):
    target: Any = None
    tried = attack("open the till", run)

    result = attempt(tried, target)

    assert (result.verdict, result.seen) == ENDS[run]


def test_the_table_names_each_attack_its_gain_and_how_it_ended():
    results = [
        Result(attack("open the till", falls), Verdict.FELL, "the till was open"),
        Result(attack("knock", holds), Verdict.HELD),
    ]

    lines = report(results)

    heads = ["attack", "what it would get", "what it gets", "verdict"]
    assert re.split(r" {2,}", lines[1].strip()) == heads
    assert lines[3].split() == ["open", "the", "till", "everything", "FELL"]
    assert lines[4].split() == ["knock", "everything", "a", "refusal", "held"]
    assert "  FELL  open the till: the till was open" in lines
    assert lines[-1] == "  2 attacks, 1 held."


class Running:
    """A stack that is there for as long as it is attacked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log: list[str] = []
        stack: Any = self
        monkeypatch.setattr(siege, "running_stack", self._run)
        monkeypatch.setattr(siege, "other_settings", self._change)
        monkeypatch.setattr(siege, "serving", self._serve)
        monkeypatch.setattr(StackClient, "connect", lambda _stack: stack)
        self.stack = self

    @contextmanager
    def _run(self, _home: Home, _progress: object, facts: dict[str, str]) -> Iterator[Any]:
        self.log.append(facts["LOCAL_CONTEXT"].rpartition(" ")[2])
        yield self
        self.log.append("stopped")

    @contextmanager
    def _serve(self) -> Iterator[Issuer]:
        yield Issuer(9)

    @contextmanager
    def _change(self, _stack: object, function: str, settings: dict[str, str]) -> Iterator[None]:
        self.log.append(f"{function}: {settings.get('CHECKOUT_TRUST', 'as it is')}")
        yield
        self.log.append(f"{function}: as before")

    def close(self) -> None:
        self.log.append("closed")


@pytest.mark.parametrize(("run", "status"), [(holds, 0), (falls, 1), (cannot, 1), (breaks, 1)])
def test_the_program_fails_when_an_attack_got_something_or_could_not_be_tried(
    tmp_path, monkeypatch, run, status
):
    running, printed = Running(monkeypatch), io.StringIO()
    last = Attack("ask nicely", "x", "a refusal", "S1", Checkouts.OPEN, holds)
    monkeypatch.setattr(siege, "ATTACKS", (attack("open the till", run), last))
    options: Any = None

    ended = COMMANDS["attacks"].run(Context(Home(tmp_path), Terminal(printed, live=False), options))

    assert ended == status
    assert running.log == [
        "checkout_trust=signed",
        "notifications: as it is",
        "checkout: open",
        "checkout: as before",
        "notifications: as before",
        "closed",
        "stopped",
    ]
    assert f"2 attacks, {2 - status} held." in printed.getvalue()
