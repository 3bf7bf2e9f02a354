"""What an operator may select, how a replay is paced, and what became of each letter."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ops.core.errors import OperatorError
from shared.messaging.dead_letters.dead_letter import LetterState
from shared.storage.writes import Item

MAX_REPLAYS = 5
_RAMP = (1, 5, 20)


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter as an operator sees it.

    Args:
        event_id: what it is known by: the event's id, and a digest behind ``#`` where the id was
            handled before with other content.
        kind: ``refused`` by our code for good, or ``blocked`` on the way to it.
        deliveries: how often it was sent by itself, ``next_delivery_at`` when it will be next, empty
            if only a person sends it.
        original: the event's JSON, to the byte.
        history: who did what when, and why, oldest first; ``left_out`` entries are not kept.
        row: as it was read.
    """

    event_id: str
    state: LetterState
    kind: str
    topic: str
    event_type: str
    cause: str
    error: str
    fingerprint: str
    attempts: int
    replays: int
    deliveries: int
    next_delivery_at: str
    first_failed_at: str
    last_failed_at: str
    reported_by: str
    original: str
    history: Sequence[Mapping[str, str]]
    left_out: int
    row: Item


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters; an empty field does not restrict."""

    event_ids: tuple[str, ...] = ()
    topic: str = ""
    event_type: str = ""
    fingerprint: str = ""
    kind: str = ""

    def admits(self, letter: Letter) -> bool:
        """Whether a letter is meant."""
        wanted = (
            (self.topic, letter.topic),
            (self.event_type, letter.event_type),
            (self.fingerprint, letter.fingerprint),
            (self.kind, letter.kind),
        )
        return all(not want or want == have for want, have in wanted) and (
            not self.event_ids or letter.event_id in self.event_ids
        )


class Result(StrEnum):
    """What became of one letter in a replay."""

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
        actor, reason: who, and why; both end up in each letter's history.
        dry_run: only say what would happen.
        force: also letters that were replayed more often than is sensible.
        even_if_done: also events that the ledger says are handled.
        per_second: most letters per second, 0 for no limit.
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
        """Nobody replays without a name and a reason (S26)."""
        if not self.actor.strip() or not self.reason.strip():
            raise OperatorError("reason: is required, and so is who you are")


def waves(letters: Sequence[Letter]) -> Iterator[Sequence[Letter]]:
    """The letters in waves of 1, 5, 20, 20 …: a mistake is met while it is small."""
    start = 0
    for size in _sizes():
        if start >= len(letters):
            return
        yield letters[start : start + size]
        start += size


def _sizes() -> Iterator[int]:
    yield from _RAMP
    while True:
        yield _RAMP[-1]
