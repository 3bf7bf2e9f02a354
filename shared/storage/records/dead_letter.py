"""Dead letter rows: how an event that was given up on is kept, read and changed.

Analytics and the reconciler insert a row and note each further failure, the reconciler sends what is
due, and an operator replays or discards. A row from before an attribute was added lacks it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from shared.kernel.clock import iso
from shared.storage.readable import read_row
from shared.storage.records.dead_letter_history import History, HistoryEntry
from shared.storage.schema import DEAD_LETTERS, shard_of
from shared.storage.writes import Absent, Equals, Item, Key, Present, Put, Update, Value

# What a dead letter that is settled does not have.
_PLANNED = ("dueShard", "dueAt", "nextDeliveryAt")
# What a dead letter that is not settled does not have.
_CLOSED = ("closedAt", "closedShard")


class DeadLetterState(StrEnum):
    """Open until an operator replays it (replaying, then resolved) or discards it."""

    OPEN = "open"
    REPLAYING = "replaying"
    RESOLVED = "resolved"
    DISCARDED = "discarded"

    @property
    def is_settled(self) -> bool:
        """Whether nothing is to be done about it any more."""
        return self in {DeadLetterState.RESOLVED, DeadLetterState.DISCARDED}


class DeadLetterKind(StrEnum):
    """Why a message failed: our code refused it for good, and a person must look at it, or the way
    to our code was blocked, which passes (I27)."""

    REFUSED = "refused"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the reconciler will do about a dead letter.

    Args:
        due_at: when it looks at it next.
        delivery_at: when it sends it next, None if only a person does.
    """

    due_at: datetime
    delivery_at: datetime | None = None

    def facts(self, key: str) -> Item:
        """The attributes that put the row into the index of what is due."""
        return {
            "dueShard": shard_of(key),
            "dueAt": iso(self.due_at),
            "nextDeliveryAt": None if self.delivery_at is None else iso(self.delivery_at),
        }


NextPlan = Plan | Literal["none", "as it is"]
Counter = Literal["replays", "deliveries"]


@dataclass(frozen=True, slots=True)
class DeadLetterRow:
    """A dead letter as stored. All moments are ISO-8601, and empty where they did not come.

    Args:
        key: the event's id; its message's, where it had none; id and digest behind ``#``, where the
            id was handled before with other content.
        kind: None in a row from before failures were told apart.
        cause: class of the failure, such as ``HTTP 489 invalid_field``.
        fingerprint: the same for failures that differ only in ids and numbers.
        attempts: deliveries that failed; ``failures``: how often QStash gave up.
        original: the event's JSON, to the byte.
        replays: how often operators sent it; ``deliveries``: how often the reconciler did.
        due_at: when the reconciler looks at it next.
        next_delivery_at: when it is sent by itself next.
        closed_at: when it was resolved or discarded.
        closed_shard: its partition of the index of settled dead letters; one from before there was
            the index has none.
        redacted_at: when its copy of the event was removed, because its time was over.
    """

    key: str
    state: DeadLetterState
    kind: DeadLetterKind | None
    topic: str
    event_type: str
    cause: str
    error: str
    fingerprint: str
    attempts: int
    first_failed_at: str
    last_failed_at: str
    reported_by: str
    original: str
    message_id: str = ""
    failures: int = 0
    replays: int = 0
    deliveries: int = 0
    due_at: str = ""
    next_delivery_at: str = ""
    last_sent_at: str = ""
    closed_at: str = ""
    closed_shard: str = ""
    redacted_at: str = ""
    history: History = field(default_factory=History)

    @property
    def is_unconfirmed(self) -> bool:
        """Whether it was not sent since it last failed.

        The ledger knows its event by the id. Whether our code ever saw this content under it cannot
        be told before it was delivered: other content is then refused by name, and has a dead letter.
        """
        return bool(self.next_delivery_at) and self.last_sent_at < self.last_failed_at

    @property
    def sendings(self) -> int:
        """How often it was sent again, by operators or by itself."""
        return self.replays + self.deliveries

    def to_item(self) -> dict[str, Value]:
        """As stored; what it does not have is left out."""
        known: dict[str, Value] = {
            "eventId": self.key,
            "state": self.state.value,
            "kind": None if self.kind is None else self.kind.value,
            "topic": self.topic,
            "eventType": self.event_type,
            "cause": self.cause,
            "error": self.error,
            "fingerprint": self.fingerprint,
            "attempts": self.attempts,
            "failures": self.failures,
            "firstFailedAt": self.first_failed_at,
            "lastFailedAt": self.last_failed_at,
            "reportedBy": self.reported_by,
            "messageId": self.message_id or None,
            "replays": self.replays,
            "deliveries": self.deliveries,
            # Text: a replay sends the same event, and the item stays readable.
            "originalEvent": self.original,
            "dueShard": shard_of(self.key) if self.due_at else None,
            "dueAt": self.due_at or None,
            "nextDeliveryAt": self.next_delivery_at or None,
            "lastSentAt": self.last_sent_at or None,
            "closedAt": self.closed_at or None,
            "closedShard": self.closed_shard or None,
            "redactedAt": self.redacted_at or None,
            **self.history.to_item(),
        }
        return {name: value for name, value in known.items() if value is not None}

    @classmethod
    def from_item(cls, item: Item) -> "DeadLetterRow":
        """As read."""
        kind = item.get("kind")
        return cls(
            key=str(item["eventId"]),
            state=DeadLetterState(str(item["state"])),
            kind=None if kind is None else DeadLetterKind(str(kind)),
            topic=str(item["topic"]),
            event_type=str(item["eventType"]),
            cause=str(item["cause"]),
            error=str(item["error"]),
            fingerprint=str(item["fingerprint"]),
            attempts=int(str(item["attempts"])),
            first_failed_at=str(item["firstFailedAt"]),
            last_failed_at=str(item["lastFailedAt"]),
            reported_by=str(item["reportedBy"]),
            original=str(item["originalEvent"]),
            message_id=_text(item, "messageId"),
            failures=int(str(item.get("failures", 0))),
            replays=int(str(item["replays"])),
            deliveries=int(str(item.get("deliveries", 0))),
            due_at=_text(item, "dueAt"),
            next_delivery_at=_text(item, "nextDeliveryAt"),
            last_sent_at=_text(item, "lastSentAt"),
            closed_at=_text(item, "closedAt"),
            closed_shard=_text(item, "closedShard"),
            redacted_at=_text(item, "redactedAt"),
            history=History.from_item(item),
        )


# ------------------------------------------------------------------ reading
def dead_letter_key(key: str) -> tuple[str, Key]:
    """Where the dead letter of this key is: table and key."""
    return DEAD_LETTERS.name, {"eventId": key}


def dead_letter_row_of(item: Item | None) -> DeadLetterRow | None:
    """The row, None if there is none."""
    return None if item is None else read_row(DEAD_LETTERS.name, item, DeadLetterRow.from_item)


def keys_in(items: Sequence[Item], *, due_until: str = "") -> list[str]:
    """The keys of what an index lists; of the index of what is due, only what is due by a moment."""
    return [
        str(item["eventId"]) for item in items if not due_until or _text(item, "dueAt") <= due_until
    ]


# ------------------------------------------------------------------ writes
def insert_dead_letter(row: DeadLetterRow) -> Put:
    """The first failure of an event: the whole row."""
    return Put(DEAD_LETTERS.name, row.to_item(), when=(Absent(),))


def note_failure(
    known: DeadLetterRow,
    failed: DeadLetterRow,
    entry: HistoryEntry,
    *,
    plan: Plan | None,
    closed_at: str = "",
) -> Update:
    """One more failure of an event, on the condition that nothing else was noted meanwhile.

    The newest failure describes the dead letter, in whatever order they are told.

    Args:
        known: the row as it was read.
        failed: the row as this failure alone would make it, with the state that follows from it.
        plan: what the reconciler does next, None if that stays as it is, or it is settled.
        closed_at: when this failure settles it; empty if it does not, or it was settled before.
    """
    told = known.history.note(entry)
    is_newest = failed.last_failed_at >= known.last_failed_at
    changes: dict[str, Value] = {
        **told.set,
        "state": failed.state.value,
        "firstFailedAt": min(failed.first_failed_at, known.first_failed_at),
        **(_description(failed) if is_newest else {}),
        **({} if plan is None else plan.facts(known.key)),
        **_closing(known.key, closed_at),
    }
    comes_back = bool(known.redacted_at) and failed.state is not DeadLetterState.DISCARDED
    if comes_back:
        changes["originalEvent"] = failed.original
    elif known.redacted_at:
        changes["error"] = failed.cause
    return Update(
        *dead_letter_key(known.key),
        set=changes,
        add={"attempts": failed.attempts, "failures": failed.failures, **told.add},
        append=told.append,
        remove=(*_outdated(failed.state, plan), *(("redactedAt",) if comes_back else ())),
        when=(Present(), *told.when),
    )


def change_state(
    row: DeadLetterRow,
    to: DeadLetterState,
    entry: HistoryEntry,
    *,
    plan: NextPlan,
    sent_at: str = "",
    closed_at: str = "",
    counted: Counter | None = None,
) -> Update:
    """A dead letter's next state, if it is still in the state that was read and nothing was noted.

    Args:
        plan: what the reconciler does next; ``none``: nothing more.
        sent_at: when it is sent again with this change.
        closed_at: when it is settled with this change.
        counted: whose count grows by one, because it is sent again.
    """
    told = row.history.note(entry)
    changes: dict[str, Value] = {
        "state": to.value,
        **(plan.facts(row.key) if isinstance(plan, Plan) else {}),
        **({"lastSentAt": sent_at} if sent_at else {}),
        **_closing(row.key, closed_at),
    }
    return Update(
        *dead_letter_key(row.key),
        set={**changes, **told.set},
        add={**({counted: 1} if counted else {}), **told.add},
        append=told.append,
        remove=(*(_PLANNED if plan == "none" else ()), *(() if to.is_settled else _CLOSED)),
        when=(Equals("state", row.state.value), *told.when),
    )


def postpone_dead_letter(row: DeadLetterRow, plan: Plan) -> Update:
    """Look at it again at another time, if that time was not changed since it was read."""
    return Update(
        *dead_letter_key(row.key), set=plan.facts(row.key), when=(Equals("dueAt", row.due_at),)
    )


def _closing(key: str, closed_at: str) -> Item:
    return {"closedAt": closed_at, "closedShard": shard_of(key)} if closed_at else {}


def _description(failed: DeadLetterRow) -> Item:
    return {
        "kind": None if failed.kind is None else failed.kind.value,
        "cause": failed.cause,
        "error": failed.error,
        "fingerprint": failed.fingerprint,
        "lastFailedAt": failed.last_failed_at,
        "messageId": failed.message_id or None,
    }


def _outdated(state: DeadLetterState, plan: Plan | None) -> tuple[str, ...]:
    reopened = _CLOSED if state is DeadLetterState.OPEN else ()
    if plan is not None:
        return reopened if plan.delivery_at is not None else ("nextDeliveryAt", *reopened)
    return reopened if state is DeadLetterState.OPEN else _PLANNED


def _text(item: Item, name: str) -> str:
    return str(item.get(name) or "")
