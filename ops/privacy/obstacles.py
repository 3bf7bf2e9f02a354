"""What of a person is still on its way, and when it will not be: until then nothing is erased (S46)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ops.audit.outbox import Sent
from ops.core.rows import text
from ops.privacy.store import Found
from shared.commerce.order_status import BY_STATUS, SHIPPED
from shared.kernel.clock import iso
from shared.messaging.ledger import RETENTION, is_done
from shared.storage.records.checkout import REQUESTED
from shared.storage.writes import Item

_WAITING = frozenset({"claimed", "waiting"})


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that is on its way.

    Args:
        subject: an id.
        until: when it can be erased, or what an operator does about it.
    """

    subject: str
    why: str
    until: str


def obstacles(found: Found, under_way: Iterable[Sent], now: datetime) -> Iterator[Obstacle]:
    """Everything that is in the way of an erasure.

    Args:
        under_way: events that were published and are neither handled nor dead letters.
    """
    yield from _orders(found, now)
    yield from _checkouts(found)
    for row in found.dead_letters:
        if not row.state.is_settled or row.due_at:
            yield Obstacle(
                row.key, f"its dead letter is {row.state.value}", "it is replayed or discarded"
            )
    yield from _messages(found.messages)
    for record in found.records:
        if not is_done(record):
            yield Obstacle(
                text(record, "eventId"), "what it caused is not published", "it is, in minutes"
            )
    for sent in under_way:
        why, until = f"{sent.event_type} is on its way", "it arrives: minutes, or an hour"
        yield Obstacle(sent.event_id, why, until)


def _orders(found: Found, now: datetime) -> Iterator[Obstacle]:
    for order in found.orders:
        state = BY_STATUS[order.status]
        if state.is_terminal:
            continue
        if state.status != SHIPPED.status:
            yield Obstacle(order.order_id, f"is {order.status}", "it is delivered or cancelled")
            continue
        moved = datetime.fromisoformat(order.updated_at) if order.updated_at else now
        free = moved + RETENTION
        if free > now:
            yield Obstacle(order.order_id, "is SHIPPED", f"it is delivered, or {iso(free)}")


def _checkouts(found: Found) -> Iterator[Obstacle]:
    for checkout in found.checkouts:
        if checkout.status == "accepted":
            yield Obstacle(checkout.order_id, "its checkout is not decided", "it is")
        if checkout.refund is not None and checkout.refund.status == REQUESTED:
            until = "the money went back and `refunds settle` says so"
            yield Obstacle(checkout.order_id, "its refund is open", until)


def _messages(rows: Iterable[Item]) -> Iterator[Obstacle]:
    for row in rows:
        if row.get("state") in _WAITING:
            yield Obstacle(text(row, "id"), f"its message is {row['state']}", "it left: an hour")
        elif "attention" in row:
            until = "`mail resolve` decides about it"
            yield Obstacle(text(row, "id"), f"its message is {row['attention']}", until)
