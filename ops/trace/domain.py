"""What a trace tells of an order, or of an event. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from shared.kernel.errors import UnreadableRowError
from shared.storage.records.checkout import CheckoutRow
from shared.storage.records.dead_letter import DeadLetterRow
from shared.storage.records.order import OrderRow

# Who began what led to a hop. Any program that may publish can name an order: only what follows from
# the checkout, the customer's own cancellation or an operator's command is known to belong to it.
Origin = Literal["customer", "operator", "program"]


@dataclass(frozen=True, slots=True)
class Hop:
    """An event that was handled: by which function, with what outcome, at which attempt.

    Args:
        committed_at: ISO-8601.
        state: whether its own events were published.
        began: who began what led to it.
    """

    committed_at: str
    consumer: str
    event_id: str
    event_type: str
    outcome: str
    attempts: int
    state: str
    began: Origin


@dataclass(frozen=True, slots=True)
class OwedEvent:
    """An event that was promised and is in no ledger, with its dead letter if it was given up."""

    event_type: str
    event_id: str
    dead_letter: DeadLetterRow | UnreadableRowError | None


@dataclass(frozen=True, slots=True)
class Trace:
    """What became of an order, or of what followed from one event.

    Args:
        name: the order's id, or the event's.
        more: whether there are more hops than were read.
        more_owed: how many more promised events were not looked up.
        unreadable: rows of it that make no sense.
    """

    name: str
    checkout: CheckoutRow | None
    order: OrderRow | None
    hops: Sequence[Hop]
    owed: Sequence[OwedEvent]
    more: bool = False
    more_owed: int = 0
    unreadable: Sequence[UnreadableRowError] = ()


@dataclass(frozen=True, slots=True)
class NamedTrace:
    """A trace whose first event came with a correlation id.

    Args:
        name: what ``trace`` finds it by.
        began_at: ISO-8601.
    """

    name: str
    event_type: str
    event_id: str
    began_at: str


@dataclass(frozen=True, slots=True)
class NamedTraces:
    """A page of the traces that name a correlation id, newest first.

    Args:
        before: how many newer ones are on earlier pages.
        total: how many there are; ``counted`` is False where there are more than are counted.
    """

    traces: Sequence[NamedTrace]
    before: int
    total: int
    counted: bool
    unreadable: Sequence[UnreadableRowError] = ()

    @property
    def more(self) -> int:
        """How many older ones follow, at least."""
        return max(self.total - self.before - len(self.traces) - len(self.unreadable), 0)
