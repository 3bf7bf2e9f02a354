"""Dead letters as an operator reads and changes them. Every change is conditional on what was seen."""

from datetime import timedelta

from ops.core.errors import OperatorError
from ops.dead_letters.domain import Letter
from shared.kernel.clock import Clock, iso
from shared.messaging.dead_letters.dead_letter import LetterState
from shared.messaging.dead_letters.schedule import PLANNED, Plan, is_unconfirmed, opened
from shared.storage.bounded import entries, left_out, note
from shared.storage.ports import Tables
from shared.storage.schema import DEAD_LETTERS
from shared.storage.writes import ConditionsFailed, Equals, Item, Update

PAGE = 1000
# Longer than QStash's retries of a replayed message, its callback and the reconciler's pull take.
ABANDONED_AFTER = timedelta(hours=1)
_SETTLED = frozenset({LetterState.RESOLVED, LetterState.DISCARDED})


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
        now = self._clock.now()
        entry = {"at": iso(now), "action": action, "by": actor, "reason": reason}
        told = note(letter.row, "history", entry)
        planned = self._planned(letter, to)
        write = Update(
            DEAD_LETTERS.name,
            {"eventId": letter.event_id},
            set={"state": to.value, **planned, **told.set},
            add={**({"replays": 1} if replayed else {}), **told.add},
            append=told.append,
            remove=_unplanned(letter, to),
            when=(Equals("state", letter.state.value), *told.when),
        )
        try:
            self._tables.transact([write])
        except ConditionsFailed:
            return False
        return True

    def _planned(self, letter: Letter, to: LetterState) -> Item:
        now = self._clock.now()
        if to in _SETTLED:
            return {"closedAt": iso(now)}
        automatic = bool(letter.next_delivery_at)
        if to is LetterState.OPEN:
            plan = opened(now, delivered=letter.deliveries, automatic=automatic)
        else:
            # The operator may die before anything is sent.
            plan = Plan(now + ABANDONED_AFTER, now + ABANDONED_AFTER if automatic else None)
            return {**plan.facts(letter.event_id), "lastSentAt": iso(now)}
        return plan.facts(letter.event_id)


def _unplanned(letter: Letter, to: LetterState) -> tuple[str, ...]:
    """Nothing more is done about what is settled; but what was handled under its id, and was not
    sent since it failed, the reconciler still sends once."""
    waits = to is LetterState.RESOLVED and is_unconfirmed(letter.row)
    return PLANNED if to in _SETTLED and not waits else ()


def _letter(item: Item) -> Letter:
    return Letter(
        event_id=str(item["eventId"]),
        state=LetterState(str(item["state"])),
        kind=str(item.get("kind", "")),
        topic=str(item["topic"]),
        event_type=str(item["eventType"]),
        cause=str(item["cause"]),
        error=str(item["error"]),
        fingerprint=str(item["fingerprint"]),
        attempts=int(str(item["attempts"])),
        replays=int(str(item["replays"])),
        deliveries=int(str(item.get("deliveries", 0))),
        next_delivery_at=str(item.get("nextDeliveryAt", "")),
        first_failed_at=str(item["firstFailedAt"]),
        last_failed_at=str(item["lastFailedAt"]),
        reported_by=str(item["reportedBy"]),
        original=str(item["originalEvent"]),
        history=[
            {name: str(value) for name, value in entry.items()}
            for entry in entries(item, "history")
        ],
        left_out=left_out(item, "history"),
        row=item,
    )
