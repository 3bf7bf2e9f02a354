"""What happened, in order, so that a breach can be told as a story."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

MOST_LINES = 60
# Seconds before the first line about a subject whose general lines still matter.
_PROLOGUE = 100.0
_LONG_ID = re.compile(r"((?:evt|ord)_[0-9a-f]{6})[0-9a-f]{26}")


@dataclass(frozen=True)
class Entry:
    """One line: when, who, what, and the subjects it is about."""

    at: float
    who: str
    what: str
    subjects: frozenset[str]


@dataclass(frozen=True)
class Breach:
    """A broken promise: which one, what is wrong, and what it is about."""

    number: str
    text: str
    subjects: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.number}: {self.text}"


def clock_text(seconds: float) -> str:
    """``hh:mm:ss.mmm`` since the beginning."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:02d}:{minutes:02d}:{rest:06.3f}"


class Journal:
    """The story so far."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._families: dict[str, str] = {}

    def note(self, at: float, who: str, what: str, *subjects: str | None) -> None:
        """Add a line."""
        named = frozenset(subject for subject in subjects if subject)
        self.entries.append(Entry(at, who, what, named))

    def belongs(self, subject: str, family: str) -> None:
        """An event belongs to an order's story."""
        self._families.setdefault(subject, family)

    def family(self, subject: str) -> str:
        """The order whose story a subject belongs to, or the subject itself."""
        return self._families.get(subject, subject)

    def story(self, subjects: Iterable[str] = ()) -> list[str]:
        """The lines about some subjects, and what concerned everybody meanwhile; else all lines."""
        wanted = self._with_neighbours({self.family(subject) for subject in subjects})
        about = [entry for entry in self.entries if self._is_about(entry, wanted)]
        start = about[0].at - _PROLOGUE if wanted and about else 0.0
        told = [
            entry
            for entry in self.entries
            if self._is_about(entry, wanted)
            or (not entry.subjects and "#" not in entry.who and entry.at >= start)
        ]
        lines = [f"  {clock_text(e.at)}  {e.who:<17} {shortened(e.what)}" for e in told]
        left_out = len(lines) - MOST_LINES
        if left_out <= 0:
            return lines
        head = MOST_LINES // 4
        return [*lines[:head], f"  … {left_out} lines left out …", *lines[head + left_out :]]

    def _with_neighbours(self, wanted: set[str]) -> set[str]:
        """A shelf's story is that of the orders that took from it."""
        orders = set(self._families.values())
        shelves = wanted - orders
        near = [entry for entry in self.entries if shelves & entry.subjects]
        return wanted | {self.family(subject) for entry in near for subject in entry.subjects}

    def _is_about(self, entry: Entry, wanted: set[str]) -> bool:
        return not wanted or bool(wanted & {self.family(subject) for subject in entry.subjects})


def shortened(text: str) -> str:
    """A text with our long ids cut to what tells them apart."""
    return _LONG_ID.sub(r"\1…", text)
