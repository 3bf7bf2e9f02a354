"""After the faults: what the clock and an operator would do, until nothing is owed to anybody."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.rig import Rig
from tests.chaos.workers import ReconcilerError

# The scheduler would run the reconciler every minute; here somebody is waiting.
_RECONCILE_SECONDS = 4.0
_LOOK_SECONDS = 1.0
_UNRESOLVED = ("open", "replaying")


@dataclass(slots=True)
class Owed:
    """What is not final yet, counted."""

    messages: int
    outboxes: int
    checkouts: int
    letters: int
    claims: int

    def __bool__(self) -> bool:
        """Whether anything is."""
        counts = (self.messages, self.outboxes, self.checkouts, self.letters, self.claims)
        return any(counts)

    def __str__(self) -> str:
        """For the line that somebody watches."""
        return (
            f"{self.messages} messages, {self.outboxes} outboxes, {self.checkouts} checkouts, "
            f"{self.letters} dead letters, {self.claims} mails under way"
        )


@dataclass(slots=True)
class Settling:
    """Carries a rig to rest.

    Args:
        poisoned: event ids of letters that nobody can ever handle: discarded, not replayed.
        tell: told what is still owed.
    """

    rig: Rig
    poisoned: set[str]
    tell: Callable[[str], None]
    reconciled: dict[str, int] = field(default_factory=dict)
    replays: int = 0
    seen: int = 0
    errors: list[str] = field(default_factory=list)
    _letters: set[str] = field(default_factory=set)

    def run(self, deadline: float) -> Owed:
        """Until nothing is owed, or the time is up; what is owed then."""
        reconciled = 0.0
        while True:
            owed, letters = self._look()
            self.tell(f"still owed: {owed}")
            if not owed or time.monotonic() > deadline:
                return owed
            if time.monotonic() - reconciled > _RECONCILE_SECONDS:
                self.reconcile()
                reconciled = time.monotonic()
            elif not owed.messages and letters:
                self._operate(letters)
            else:
                time.sleep(_LOOK_SECONDS)

    def reconcile(self) -> None:
        """One run of the reconciler, as the scheduler would."""
        try:
            figures = self.rig.functions.reconcile()
        except ReconcilerError as error:
            self.errors.append(str(error))
            return
        for name, value in figures.items():
            if isinstance(value, int) and name != "oldest_pending_seconds":
                self.reconciled[name] = self.reconciled.get(name, 0) + value

    def _look(self) -> tuple[Owed, list[str]]:
        client = self.rig.client
        letters = [row for row in client.items("dead_letters") if row["state"] in _UNRESOLVED]
        self._letters |= {str(row["eventId"]) for row in letters}
        self.seen = len(self._letters)
        health = self.rig.qstash.health()
        owed = Owed(
            messages=health["unfinished"] + health["deadLetters"],
            outboxes=_count(client.items("ledger"), "state", "committed"),
            checkouts=_count(client.items("checkouts"), "status", "accepted"),
            letters=len(letters),
            claims=_count(client.items("notifications"), "state", "claimed"),
        )
        return owed, sorted(str(row["eventId"]) for row in letters if row["state"] == "open")

    def _operate(self, letters: list[str]) -> None:
        if hopeless := [event_id for event_id in letters if event_id in self.poisoned]:
            self.rig.operate("dead-letters", "discard", *hopeless, "--reason", "poison")
        if len(hopeless) < len(letters):
            self.rig.operate(
                "dead-letters", "replay", "--all", "--reason", "the outage is over", "--wait", "30"
            )
            self.replays += 1


def _count(rows: list[dict[str, Any]], name: str, value: str) -> int:
    return sum(1 for row in rows if row.get(name) == value)
