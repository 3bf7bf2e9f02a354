"""Copies of personal data in rows whose work is done: how they get their time, and how they go (S44).

A row in an index of these still holds a copy. Taking the copy takes the row out of the index.
"""

from collections.abc import Mapping, Sequence

from shared.storage.records.checkout import CheckoutRow
from shared.storage.records.dead_letter import DeadLetterRow, dead_letter_key
from shared.storage.schema import CHECKOUTS, shard_of
from shared.storage.writes import Condition, Equals, Item, Missing, Update


def decided_in(items: Sequence[Item], until: str) -> list[str]:
    """Order ids of what the index of decided checkouts lists, decided by a moment."""
    return [str(item["orderId"]) for item in items if str(item["decidedAt"]) <= until]


def closed_in(items: Sequence[Item], until: str) -> list[str]:
    """Keys of what the index of settled dead letters lists, settled by a moment."""
    return [str(item["eventId"]) for item in items if str(item["closedAt"]) <= until]


def date_checkout(checkout: CheckoutRow) -> Update:
    """Put a decided checkout from before there was the index of decided ones into it."""
    return Update(
        CHECKOUTS.name,
        {"orderId": checkout.order_id},
        set={"decidedShard": shard_of(checkout.order_id)},
        when=(Missing("decidedShard"), Missing("redactedAt"), *_as_decided(checkout)),
    )


def redact_checkout(checkout: CheckoutRow, identity: Mapping[str, str], now: str) -> Update:
    """Remove what a decided checkout says of a person.

    The row stays for ever: that it is there, its answer and its digests are what keeps its payment
    from becoming a second order (I3, I4).

    Args:
        checkout: the row as it was read.
        identity: the digests that stay.
        now: the present moment, ISO-8601.
    """
    return Update(
        CHECKOUTS.name,
        {"orderId": checkout.order_id},
        set={"identity": identity, "redactedAt": now},
        remove=("command", "userId", "decidedShard"),
        when=_as_decided(checkout),
    )


def date_dead_letter(row: DeadLetterRow) -> Update:
    """Put a settled dead letter from before there was the index of settled ones into it.

    One from before the moment of settling was kept takes that of its last failure: later messages of
    its event must open it again.
    """
    return Update(
        *dead_letter_key(row.key),
        set={"closedAt": row.closed_at or row.last_failed_at, "closedShard": shard_of(row.key)},
        when=(Missing("closedShard"), Missing("redactedAt"), *_as_settled(row)),
    )


def redact_dead_letter(row: DeadLetterRow, original: str, now: str) -> Update:
    """Remove what a settled dead letter says of a person. That it was discarded stays for ever: it
    is why what its event would have done is missing.

    Args:
        row: the dead letter as it was read.
        original: what stays of its event.
        now: the present moment, ISO-8601.
    """
    return Update(
        *dead_letter_key(row.key),
        # A cause names a status and a code; the error may repeat what a program answered.
        set={"originalEvent": original, "error": row.cause, "redactedAt": now},
        remove=("closedShard",),
        when=_as_settled(row),
    )


def _as_decided(checkout: CheckoutRow) -> tuple[Condition, ...]:
    return (
        Equals("status", checkout.status or ""),
        Equals("decidedAt", checkout.decided_at or ""),
    )


def _as_settled(row: DeadLetterRow) -> tuple[Condition, ...]:
    """It is settled as it was read, nothing failed since, and the reconciler has nothing to send."""
    return (
        Equals("state", row.state.value),
        Equals("closedAt", row.closed_at) if row.closed_at else Missing("closedAt"),
        Equals("failures", row.failures) if row.failures else Missing("failures"),
        Missing("dueAt"),
    )
