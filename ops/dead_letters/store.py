"""Dead letters as an operator reads and changes them. Every change is conditional on what was seen."""

from collections.abc import Mapping
from typing import cast

from ops.dead_letters.domain import Letter, OperatorError
from shared.clock import Clock, iso
from shared.dead_letters.letter import LetterState
from shared.ports import Tables
from shared.schema import DEAD_LETTERS
from shared.writes import ConditionsFailed, Equals, Item, Update, Value

PAGE = 1000


class LetterBox:
    """The dead letters, for operators."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock

    def by_state(self, state: LetterState, limit: int = PAGE) -> list[Letter]:
        """Letters in a state, longest failing first.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(DEAD_LETTERS.name, state.value, index="byState", limit=limit)
        return [_letter(item) for item in items]

    def get(self, event_id: str) -> Letter:
        """One letter.

        Raises:
            OperatorError: there is none.
            DependencyError: the store did not answer.
        """
        item = self._tables.get(DEAD_LETTERS.name, {"eventId": event_id})
        if item is None:
            raise OperatorError(f"event id: there is no dead letter {event_id}")
        return _letter(item)

    def move(
        self,
        letter: Letter,
        to: LetterState,
        *,
        action: str,
        actor: str,
        reason: str,
        replayed: bool = False,
    ) -> bool:
        """Change a letter's state; False if somebody else changed it first.

        Raises:
            ContentionError: somebody else is changing it this moment.
            DependencyError: the store did not answer.
        """
        entry: Mapping[str, Value] = {
            "at": iso(self._clock.now()),
            "action": action,
            "by": actor,
            "reason": reason,
        }
        write = Update(
            DEAD_LETTERS.name,
            {"eventId": letter.event_id},
            set={"state": to.value},
            add={"replays": 1} if replayed else {},
            append={"history": [entry]},
            when=(Equals("state", letter.state.value), Equals("replays", letter.replays)),
        )
        try:
            self._tables.transact([write])
        except ConditionsFailed:
            return False
        return True


def _letter(item: Item) -> Letter:
    history = cast("list[Item]", item.get("history") or [])
    return Letter(
        event_id=str(item["eventId"]),
        state=LetterState(str(item["state"])),
        topic=str(item["topic"]),
        event_type=str(item["eventType"]),
        cause=str(item["cause"]),
        error=str(item["error"]),
        fingerprint=str(item["fingerprint"]),
        attempts=int(str(item["attempts"])),
        replays=int(str(item["replays"])),
        first_failed_at=str(item["firstFailedAt"]),
        last_failed_at=str(item["lastFailedAt"]),
        reported_by=str(item["reportedBy"]),
        original=str(item["originalEvent"]),
        history=[{name: str(value) for name, value in entry.items()} for entry in history],
    )
