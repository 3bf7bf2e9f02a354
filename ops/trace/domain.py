"""What a trace tells of an order. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.storage.records.checkout import CheckoutRow
from shared.storage.records.dead_letter import DeadLetterRow
from shared.storage.records.order import OrderRow


@dataclass(frozen=True, slots=True)
class Hop:
    """An event that was handled: by which function, with what outcome, at which attempt.

    Args:
        committed_at: ISO-8601.
        state: whether its own events were published.
    """

    committed_at: str
    consumer: str
    event_type: str
    outcome: str
    attempts: int
    state: str


@dataclass(frozen=True, slots=True)
class OwedEvent:
    """An event that was promised and is in no ledger, with its dead letter if it was given up."""

    event_type: str
    event_id: str
    dead_letter: DeadLetterRow | None


@dataclass(frozen=True, slots=True)
class Trace:
    """What became of one order; at least one of checkout and order is there."""

    order_id: str
    checkout: CheckoutRow | None
    order: OrderRow | None
    hops: Sequence[Hop]
    owed: Sequence[OwedEvent]
