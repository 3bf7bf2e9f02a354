"""All attacks on a stack, one after the other: what each got, or that it got nothing."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from local.attacks.attack import Attack, Checkouts, FellError
from local.attacks.catalogue import ATTACKS
from local.attacks.issuer import AUDIENCE, serving
from local.attacks.target import Target
from local.stack.cdk import CONTEXT_VARIABLE
from local.stack.client import StackClient
from local.stack.home import Home
from local.stack.other_settings import OPEN, other_settings
from local.stack.session import running_stack
from local.stack.stackfile import Stack
from local.terminal import Progress, Terminal, table

# What a stage of the shop's own has: the local stage's limits are those of load tests.
_LIMITS: Mapping[str, str] = {"MAX_UNITS_PER_ORDER": "100", "UNITS_PER_ADDRESS_HOUR": "200"}
_CAPS: Mapping[str, str] = {"MAILS_PER_HOUR": "20"}


class Verdict(StrEnum):
    """How an attack ended."""

    HELD = "held"
    FELL = "FELL"
    UNTRIED = "NOT TRIED"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an attack; ``seen`` says what it got, or why it could not be tried."""

    attack: Attack
    verdict: Verdict
    seen: str = ""


def besiege(home: Home, terminal: Terminal) -> bool:
    """Try everything on a stack of its own; whether all attacks were tried and got nothing."""
    terminal.line(terminal.paint("A stack whose shop signs, and whose shoppers sign in", "bold"))
    progress = Progress(terminal)
    with serving() as issuer:
        facts = f"jwt_issuer={issuer.url} jwt_audience={AUDIENCE} checkout_trust=signed"
        with running_stack(home, progress, {CONTEXT_VARIABLE: facts}) as stack:
            client = StackClient.connect(stack)
            try:
                results = list(_tried(Target(client, issuer, home.folder), progress))
            finally:
                client.close()
    for line in report(results):
        terminal.line(line)
    return all(result.verdict is Verdict.HELD for result in results)


@contextmanager
def stage_of(stack: Stack, checkouts: Checkouts) -> Iterator[None]:
    """The stack, deployed with signed checkouts, as the stage that attacks on such checkouts need."""
    if checkouts is Checkouts.SIGNED:
        yield
        return
    with (
        other_settings(stack, "notifications", _CAPS),
        other_settings(stack, "checkout", {**OPEN, **_LIMITS}),
    ):
        yield


def attempt(attack: Attack, target: Target) -> Result:
    """Try one attack."""
    try:
        attack.run(target)
    except FellError as fell:
        return Result(attack, Verdict.FELL, str(fell))
    except Exception as error:  # noqa: BLE001 - whatever went wrong, nothing was shown
        return Result(attack, Verdict.UNTRIED, f"{type(error).__name__}: {error}")
    return Result(attack, Verdict.HELD)


def report(results: Iterable[Result]) -> list[str]:
    """The table, and what was seen where an attack got something."""
    found = list(results)
    rows = [["attack", "what it would get", "what it gets", "verdict"]]
    rows += [[r.attack.name, r.attack.gets, _got(r), r.verdict.value] for r in found]
    held = sum(result.verdict is Verdict.HELD for result in found)
    told = [f"  {r.verdict}  {r.attack.name}: {r.seen}" for r in found if r.seen]
    count = f"  {len(found)} attacks, {held} held."
    return ["", *table(rows), "", *told, count]


def _got(result: Result) -> str:
    return result.attack.answer if result.verdict is Verdict.HELD else ""


def _tried(target: Target, progress: Progress) -> Iterator[Result]:
    for checkouts, attacks in groupby(ATTACKS, key=lambda attack: attack.checkouts):
        progress.terminal.line(f"  checkouts are {checkouts}")
        with stage_of(target.client.stack, checkouts):
            for attack in attacks:
                with progress.step(attack.name) as step:
                    result = attempt(attack, target)
                    step.note(result.verdict.value)
                yield result
