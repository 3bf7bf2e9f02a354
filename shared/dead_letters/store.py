"""Dead letters as items."""

from shared import strict_json
from shared.dead_letters.letter import DeadLetter, LetterState
from shared.ports import Tables
from shared.schema import DEAD_LETTERS
from shared.writes import Absent, Present, Put, Update, Value, Write


class DeadLetterTables:
    """The dead letters in tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def has(self, event_id: str) -> bool:
        """Whether the event is among them already.

        Raises:
            DependencyError: the store did not answer.
        """
        return self._tables.get(DEAD_LETTERS.name, {"eventId": event_id}) is not None

    def first(self, letter: DeadLetter) -> Write:
        """The first report: the whole record."""
        item: dict[str, Value] = {
            "eventId": letter.event_id,
            "state": LetterState.OPEN.value,
            "topic": letter.topic,
            "eventType": letter.event_type,
            "cause": letter.cause,
            "error": letter.error,
            "fingerprint": letter.fingerprint,
            "attempts": letter.attempts,
            "firstFailedAt": letter.failed_at,
            "lastFailedAt": letter.failed_at,
            "reportedBy": letter.reported_by,
            "messageId": letter.message_id,
            "replays": 0,
            # Text: a replay sends the same event, and the item stays readable.
            "originalEvent": strict_json.dumps(letter.original),
            "history": [_history(letter, "failed")],
        }
        return Put(DEAD_LETTERS.name, item, when=(Absent(),))

    def again(self, letter: DeadLetter) -> Write:
        """It failed again, after a replay or another publish: open, whatever it was."""
        return Update(
            DEAD_LETTERS.name,
            {"eventId": letter.event_id},
            set={
                "state": LetterState.OPEN.value,
                "cause": letter.cause,
                "error": letter.error,
                "fingerprint": letter.fingerprint,
                "lastFailedAt": letter.failed_at,
                "messageId": letter.message_id,
            },
            add={"attempts": letter.attempts},
            append={"history": [_history(letter, "failed again")]},
            when=(Present(),),
        )


def _history(letter: DeadLetter, action: str) -> dict[str, Value]:
    return {
        "at": letter.failed_at,
        "action": action,
        "by": letter.reported_by,
        "reason": letter.cause,
    }
