"""Dead letters as items."""

from dataclasses import replace
from datetime import datetime

from shared.contracts.topics import Topic
from shared.kernel import strict_json
from shared.kernel.clock import Clock, iso
from shared.messaging.dead_letters.answers import LetterKind
from shared.messaging.dead_letters.dead_letter import (
    DeadLetter,
    LetterState,
    event_id_of,
    is_contested,
)
from shared.messaging.dead_letters.resend import obstacle
from shared.messaging.dead_letters.schedule import PLANNED, Plan, opened
from shared.messaging.ledger import Ledger
from shared.storage.bounded import note
from shared.storage.ports import Tables
from shared.storage.schema import DEAD_LETTERS
from shared.storage.writes import Absent, Item, Present, Put, Update, Value, Write


class DeadLetterTables:
    """The dead letters in tables."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock

    def heard(self, letter: DeadLetter) -> DeadLetter:
        """A dead letter as of now: a report cannot place a failure later than our own clock."""
        now = iso(self._clock.now())
        return replace(
            letter,
            failed_at=min(letter.failed_at, now),
            published_at=min(letter.published_at, now),
        )

    def find(self, key: str) -> Item | None:
        """A dead letter as of now, None if there is none.

        Raises:
            DependencyError: the store did not answer.
        """
        return self._tables.get(DEAD_LETTERS.name, {"eventId": key})

    def handled(self, key: str, topic: str) -> bool:
        """Whether the topic's ledger says that the dead letter's event is done.

        False for an event whose id was handled with other content: the ledger knows only the id.

        Raises:
            DependencyError: the store did not answer.
        """
        if is_contested(key) or topic not in [known.value for known in Topic]:
            return False
        return Ledger(self._tables, self._clock, consumer=topic).find(event_id_of(key)) is not None

    def state_after(self, letter: DeadLetter, known: Item | None, *, handled: bool) -> LetterState:
        """The dead letter's state after this failure is recorded.

        Resolved if the event was handled; discarded if an operator discarded it after this message
        was published; else open, even if it was closed before.
        """
        let_go = known is not None and known["state"] == LetterState.DISCARDED.value
        if known is not None and let_go and letter.published_at <= str(known.get("closedAt", "")):
            return LetterState.DISCARDED
        return LetterState.RESOLVED if handled else LetterState.OPEN

    def first(self, letter: DeadLetter, state: LetterState) -> Write:
        """The first report: the whole record."""
        now = self._clock.now()
        item: dict[str, Value] = {
            "eventId": letter.key,
            "state": state.value,
            "kind": letter.kind.value,
            "topic": letter.topic,
            "eventType": letter.event_type,
            "cause": letter.cause,
            "error": letter.error,
            "fingerprint": letter.fingerprint,
            "attempts": letter.attempts,
            "failures": 1,
            "firstFailedAt": letter.failed_at,
            "lastFailedAt": letter.failed_at,
            "reportedBy": letter.reported_by,
            "messageId": letter.message_id,
            "replays": 0,
            "deliveries": 0,
            # Text: a replay sends the same event, and the item stays readable.
            "originalEvent": strict_json.dumps(letter.original),
            "history": [_history(letter, "failed")],
            "historyCount": 1,
            **_first_plan(letter, state, now),
            "closedAt": None if state is LetterState.OPEN else iso(now),
        }
        return Put(DEAD_LETTERS.name, item, when=(Absent(),))

    def again(self, letter: DeadLetter, known: Item, state: LetterState) -> Write:
        """One more failure of an event, on the condition that nothing else was noted meanwhile.

        The newest failure describes the dead letter, even if the reports come in another order.
        """
        now = self._clock.now()
        told = note(known, "history", _history(letter, "failed again"))
        newest = letter.failed_at >= str(known["lastFailedAt"])
        changes: dict[str, Value] = {
            **told.set,
            "state": state.value,
            "firstFailedAt": min(letter.failed_at, str(known["firstFailedAt"])),
            **(_newest(letter) if newest else {}),
        }
        if state is not LetterState.DISCARDED and (newest or "dueShard" not in known):
            kind = letter.kind if newest else _kind(known, letter)
            changes |= _next_plan(replace(letter, kind=kind), known, state, now)
        if state is not LetterState.OPEN and known["state"] != state.value:
            changes["closedAt"] = iso(now)
        return Update(
            DEAD_LETTERS.name,
            {"eventId": letter.key},
            set=changes,
            add={"attempts": letter.attempts, "failures": 1, **told.add},
            append=told.append,
            remove=_removed(changes, state),
            when=(Present(), *told.when),
        )


def _first_plan(letter: DeadLetter, state: LetterState, now: datetime) -> Item:
    plan = _plan(letter, now, 0)
    # Of what was handled only what is to be sent once more is looked at again.
    wanted = state is LetterState.OPEN or plan.delivery_at is not None
    return plan.facts(letter.key) if wanted else {}


def _next_plan(letter: DeadLetter, known: Item, state: LetterState, now: datetime) -> Item:
    plan = _plan(letter, now, int(str(known.get("deliveries", 0))))
    if plan.delivery_at is None:
        return plan.facts(letter.key) if state is LetterState.OPEN else {}
    coming = str(known.get("nextDeliveryAt", ""))
    if coming > iso(now):  # it was sent by itself and failed again: the next time is fixed already
        at = datetime.fromisoformat(coming)
        plan = Plan(at, at)
    return plan.facts(letter.key)


def _plan(letter: DeadLetter, now: datetime, delivered: int) -> Plan:
    """Sent again by itself: what was blocked, and can be sent at all."""
    cannot = obstacle(letter.event_id, letter.topic, letter.event_type, letter.original)
    automatic = letter.kind is LetterKind.BLOCKED and cannot is None
    return opened(now, delivered=delivered, automatic=automatic)


def _kind(known: Item, letter: DeadLetter) -> LetterKind:
    return LetterKind(str(known.get("kind", letter.kind.value)))


def _newest(letter: DeadLetter) -> Item:
    return {
        "kind": letter.kind.value,
        "cause": letter.cause,
        "error": letter.error,
        "fingerprint": letter.fingerprint,
        "lastFailedAt": letter.failed_at,
        "messageId": letter.message_id,
    }


def _removed(changes: Item, state: LetterState) -> tuple[str, ...]:
    reopened = ("closedAt",) if state is LetterState.OPEN else ()
    if "dueAt" in changes:
        return reopened if changes.get("nextDeliveryAt") else ("nextDeliveryAt", *reopened)
    return reopened if state is LetterState.OPEN else PLANNED


def _history(letter: DeadLetter, action: str) -> dict[str, Value]:
    return {
        "at": letter.failed_at,
        "action": action,
        "by": letter.reported_by,
        "reason": letter.cause,
    }
