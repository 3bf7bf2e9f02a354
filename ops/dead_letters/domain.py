"""What an operator may select, how a replay is paced, and what became of each dead letter."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ops.core.errors import OperatorError
from shared.storage.records.dead_letter import DeadLetterRow

MAX_REPLAYS = 5
_RAMP = (1, 5, 20)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which dead letters; an empty field does not restrict."""

    event_ids: tuple[str, ...] = ()
    topic: str = ""
    event_type: str = ""
    fingerprint: str = ""
    kind: str = ""

    def admits(self, dead_letter: DeadLetterRow) -> bool:
        """Whether a dead letter is meant."""
        wanted = (
            (self.topic, dead_letter.topic),
            (self.event_type, dead_letter.event_type),
            (self.fingerprint, dead_letter.fingerprint),
            (self.kind, dead_letter.kind),
        )
        return all(not want or want == have for want, have in wanted) and (
            not self.event_ids or dead_letter.key in self.event_ids
        )


class Result(StrEnum):
    """What became of one dead letter in a replay."""

    WOULD_REPLAY = "would replay"
    REPLAYED = "replayed"
    HANDLED = "handled"
    FAILED_AGAIN = "failed again"
    STILL_UNDER_WAY = "still under way"
    ALREADY_DONE = "already done"
    TAKEN = "taken by somebody else"
    UNREADABLE = "cannot be sent again"
    TOO_OFTEN = "replayed too often"
    NOT_PUBLISHED = "QStash did not take it"
    NOT_REACHED = "not reached"


FAILURES = frozenset({Result.FAILED_AGAIN, Result.NOT_PUBLISHED})


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How a replay goes.

    Args:
        actor, reason: who, and why; both end up in each dead letter's history.
        dry_run: only say what would happen.
        force: also dead letters that were replayed more often than is sensible.
        even_if_done: also events that the ledger says are handled.
        per_second: most dead letters per second, 0 for no limit.
        settle_seconds: how long to wait for a wave to be handled or to fail; 0 does not wait.
    """

    actor: str
    reason: str
    dry_run: bool = False
    force: bool = False
    even_if_done: bool = False
    per_second: float = 0
    settle_seconds: float = 60

    def __post_init__(self) -> None:
        """A replay needs a name and a reason (S26)."""
        if not self.actor.strip() or not self.reason.strip():
            raise OperatorError("reason: is required, and so is who you are")


def waves(dead_letters: Sequence[DeadLetterRow]) -> Iterator[Sequence[DeadLetterRow]]:
    """The dead letters in waves of 1, 5, 20, 20 …: a mistake is met while it is small."""
    start = 0
    for size in _sizes():
        if start >= len(dead_letters):
            return
        yield dead_letters[start : start + size]
        start += size


def _sizes() -> Iterator[int]:
    yield from _RAMP
    while True:
        yield _RAMP[-1]
