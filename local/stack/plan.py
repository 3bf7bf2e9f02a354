"""What `up` does, decided from what it finds. Nothing here looks or acts."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Name(StrEnum):
    """The processes of a stack."""

    AWS = "aws"
    REDIS = "redis"
    QSTASH = "qstash"


TITLES = {Name.AWS: "the AWS emulator", Name.REDIS: "Redis", Name.QSTASH: "the QStash dev server"}
_AFTER_DEATH = {
    Name.AWS: (
        "Kept: orders, stock and all other rows, mails, texts, functions, parameters, addresses.",
        "Lost: log lines and metrics since the last deployment, `make down` or death.",
        "Unfinished deliveries are made again; an event without attempts left is a dead letter.",
    ),
    Name.REDIS: ("It is empty now. It is the fast path only: the ledger knows what was done.",),
    Name.QSTASH: (
        "Kept: messages, dead letters, schedules, the log of deliveries.",
        "An attempt that was under way is made again.",
    ),
}
_AFTER_DEATH_WITHOUT_STATE = {
    **_AFTER_DEATH,
    Name.AWS: ("Lost: everything. Orders, stock, mails and functions of it were not kept.",),
    Name.QSTASH: ("Lost: its messages, dead letters and schedules. They were not kept.",),
}


class Action(StrEnum):
    """The ways to a running stack."""

    NOTHING = "nothing"
    MEND = "mend"
    """Start what died, where it was; the rest is not touched."""
    BRING_UP = "bring up"
    """Stop what still runs, start everything, deploy; what was kept is there again."""


@dataclass(frozen=True, slots=True)
class Part:
    """A process that was started, as it is now.

    Args:
        port: where it listened; 0 when it was not written down.
        port_is_free: whether it can listen there again.
        is_kept: whether its state lies on disk.
    """

    name: Name
    runs: bool
    port: int
    port_is_free: bool
    is_kept: bool

    @property
    def title(self) -> str:
        """What people call it."""
        return TITLES[self.name]


@dataclass(frozen=True, slots=True)
class StackSnapshot:
    """A stack as it was found.

    Args:
        is_complete: whether the last `up` came to its end.
        is_kept: whether there is an installation on disk, with its data.
    """

    parts: tuple[Part, ...] = ()
    is_complete: bool = False
    is_kept: bool = False

    @property
    def dead(self) -> tuple[Part, ...]:
        """What was started, not stopped, and does not run."""
        return tuple(part for part in self.parts if not part.runs)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, and what to tell about it: paragraphs, for people."""

    action: Action
    mended: tuple[Name, ...] = ()
    words: tuple[str, ...] = ()


def decide(found: StackSnapshot) -> Plan:
    """What makes a running stack of it and loses the least."""
    if not found.parts:
        return Plan(Action.BRING_UP, words=_resumed(found))
    if not found.is_complete:
        words = ("the last `up` did not come to its end; it is begun again", *_resumed(found))
        return Plan(Action.BRING_UP, words=words)
    if not found.dead:
        return Plan(Action.NOTHING)
    told = tuple(ended(part) for part in found.dead)
    moved = [part for part in found.dead if not part.port_is_free]
    if moved:
        return Plan(Action.BRING_UP, words=(*told, *map(_displaced, moved), *_resumed(found)))
    if any(part.name is Name.AWS and not part.is_kept for part in found.dead):
        # Nothing is installed any more. What QStash holds is meant for functions that are gone.
        return Plan(Action.BRING_UP, words=(*told, "Everything is started anew and deployed."))
    return Plan(Action.MEND, tuple(part.name for part in found.dead), told)


def ended(part: Part) -> str:
    """The sentences about a process that ended: which of its data is kept, and which is lost."""
    words = _AFTER_DEATH if part.is_kept else _AFTER_DEATH_WITHOUT_STATE
    return "\n      ".join((f"{part.title[:1].upper()}{part.title[1:]} ended.", *words[part.name]))


def moved(name: Name, before: int | None, now: int) -> str | None:
    """The word about a port that is another one than before, if it is."""
    if before is None or before == now:
        return None
    return f"{TITLES[name]} has port {now}, no longer {before}: addresses with {before} are invalid"


def names(parts: Sequence[Part]) -> str:
    """Them in a sentence."""
    return ", ".join(part.title for part in parts)


def _displaced(part: Part) -> str:
    why = f"another program has port {part.port}" if part.port else "its port is not known"
    return f"{part.title} cannot start where it was ({why}): everything is started again"


def _resumed(found: StackSnapshot) -> tuple[str, ...]:
    if not found.is_kept:
        return ()
    return (
        "orders, stock, mails and messages of the last run are kept; `make reset` forgets them",
    )
