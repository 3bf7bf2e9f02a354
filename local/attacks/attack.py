"""What an attack is, and how it ends."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.attacks.target import Target


class FellError(Exception):
    """The attack got something; the message says what was seen."""


class UntriedError(Exception):
    """What the attack begins with was not there, so nothing was tried; the message says what."""


class Checkouts(StrEnum):
    """Who answers for payments on the stage that is attacked."""

    SIGNED = "signed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack.

    Args:
        name: what the attacker does.
        gets: what the attacker would get.
        answer: what the attacker gets.
        promise: the promise in docs/security.md that holds.
        checkouts: the stage it is tried on.
        is_slow: whether it takes seconds: it starts programs or functions anew, or reads every log.
        run: does it. Returns where nothing was got; raises ``FellError`` where something was.
    """

    name: str
    gets: str
    answer: str
    promise: str
    checkouts: Checkouts
    run: Callable[["Target"], None]
    is_slow: bool = False


def must(holds: object, seen: str) -> None:
    """Go on only if this holds.

    Raises:
        FellError: it does not; the attacker got what was seen.
    """
    if not holds:
        raise FellError(seen)


def needs(holds: object, what: str) -> None:
    """Go on only if what the attack begins with is there.

    Raises:
        UntriedError: it is not.
    """
    if not holds:
        raise UntriedError(what)
