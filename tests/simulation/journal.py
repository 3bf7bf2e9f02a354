"""What happened, in order, so that a breach can be told as a story."""

from collections.abc import Iterable
from dataclasses import dataclass

MOST_LINES = 70


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
    """The story so far, with short names for long ids."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._families: dict[str, str] = {}

    def note(self, at: float, who: str, what: str, *subjects: str | None) -> None:
        """Add a line."""
        named = frozenset(subject for subject in subjects if subject)
        self.entries.append(Entry(at, who, what, named))

    def name(self, subject: str, kind: str = "event") -> str:
        """The short name of an id, given when it is first seen."""
        known = self._names.get(subject)
        if known is None:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            known = self._names[subject] = f"{kind} {self._counts[kind]}"
        return known

    def belongs(self, subject: str, family: str) -> None:
        """An event belongs to an order's story."""
        self._families.setdefault(subject, family)

    def family(self, subject: str) -> str:
        """The order whose story a subject belongs to, or the subject itself."""
        return self._families.get(subject, subject)

    def story(self, subjects: Iterable[str] = ()) -> list[str]:
        """The lines about some subjects, and what concerned everybody; all without subjects."""
        wanted = {self.family(subject) for subject in subjects}
        told = [
            entry
            for entry in self.entries
            if not wanted
            or (not entry.subjects and "#" not in entry.who)
            or wanted & {self.family(subject) for subject in entry.subjects}
        ]
        lines = [f"  {clock_text(e.at)}  {e.who:<17} {e.what}" for e in told]
        left_out = len(lines) - MOST_LINES
        if left_out <= 0:
            return lines
        head = MOST_LINES // 4
        return [
            *lines[:head],
            f"  … {left_out} lines left out …",
            *lines[head + left_out :],
        ]
