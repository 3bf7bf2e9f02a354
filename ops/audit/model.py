"""What a check is given, and what it answers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ops.core.rows import Name
from shared.kernel.clock import iso
from shared.kernel.ids import OrderIds, may_be_order_id
from shared.messaging.ledger import RETENTION
from shared.storage.writes import Item

# Rows that expire are judged only while nothing that belongs to them can have expired.
_MARGIN = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that does not keep a promise; names it by ids only, never by what people wrote.

    Args:
        attention: an operator should look, but no promise is broken.
    """

    subject: str
    says: str
    attention: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of one table, with the rows of other tables that belong to them."""

    rows: Sequence[Item]
    known: Mapping[Name, Item] = field(default_factory=dict)

    def find(self, table: str, *key: str) -> Item | None:
        """A row that belongs to this page, None if the table does not have it."""
        return self.known.get((table, key))


@dataclass(slots=True)
class DeadLetters:
    """The dead letters that explain why something did not happen (yet).

    Args:
        ids: events that failed and were not handled since; whether an operator replays them or
            decided against it makes no difference: they are visible, not lost (I15).
        orders: orders that any of them is about.
        skus: SKUs that any of them is about.
        unrecorded: units per SKU whose sale is in such a dead letter instead of the movements.
    """

    ids: set[str] = field(default_factory=set)
    orders: set[str] = field(default_factory=set)
    skus: set[str] = field(default_factory=set)
    unrecorded: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moment:
    """When the stores are looked at, and what may still be under way then.

    Args:
        order_ids: of the stage's payments; None where their key cannot be read, and then a keyed
            id of an order is not checked.
        patience: longer than QStash retries; what is younger is not judged.
    """

    now: datetime
    patience: timedelta
    dead_letters: DeadLetters = field(default_factory=DeadLetters)
    order_ids: OrderIds | None = None

    @property
    def cutoff(self) -> str:
        """What happened before this moment must have had all its consequences."""
        return iso(self.now - self.patience)

    def may_have(self, payment_id: str, order_id: str) -> bool:
        """Whether a payment can have this order id, as far as can be known."""
        if self.order_ids is None:
            return may_be_order_id(order_id)
        return order_id in self.order_ids.both(payment_id)

    def settled(self, at: str) -> bool:
        """Whether everything that follows from this moment should have happened."""
        return at <= self.cutoff

    def remembered(self, at: str) -> bool:
        """Whether the rows of then cannot have expired yet."""
        return at > iso(self.now - RETENTION + _MARGIN)


Look = Callable[[Page, Moment], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One promise.

    Args:
        name: what the report calls it.
        invariant: its number among the system's invariants.
        table: whose rows it looks at.
        strict: its attentions are breaches when it is asked strictly.
    """

    name: str
    invariant: str
    table: str
    look: Look
    strict: bool = False
