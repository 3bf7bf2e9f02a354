"""The tables as data: the infrastructure creates them from here, the tests' store obeys it too."""

import zlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index. All its keys are strings; an item without them is not in it.

    Args:
        keys_only: it holds the keys of an item and nothing else, so that a write costs one unit
            however large the item is, and none when something else of the item changes.
    """

    name: str
    partition: str
    sort: str | None = None
    keys_only: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table: logical name, key attributes (strings), indexes, and the expiry attribute if any."""

    name: str
    partition: str
    sort: str | None = None
    indexes: tuple[Index, ...] = ()
    ttl: str | None = None

    def key_names(self) -> tuple[str, ...]:
        """The attributes that make a key, in order."""
        return (self.partition,) if self.sort is None else (self.partition, self.sort)


# A sparse index spreads over this many partitions so that no write rate meets one hot partition.
PENDING_SHARDS = 8


def shard_of(key: str) -> str:
    """Which partition of a sparse index an item with this key belongs to."""
    return str(zlib.crc32(key.encode()) % PENDING_SHARDS)


ORDERS = Table(
    "orders",
    "orderId",
    indexes=(Index("unconfirmed", "unconfirmedShard", "createdAt", keys_only=True),),
)
STOCK = Table("stock", "sku")
MOVEMENTS = Table("movements", "sku", "movementId")
RESERVATIONS = Table(
    "reservations", "orderId", indexes=(Index("expiry", "holdShard", "expiresAt"),)
)
CHECKOUTS = Table(
    "checkouts",
    "orderId",
    indexes=(
        Index("pending", "pendingShard", "acceptedAt"),
        Index("refunds", "refundStatus", "refundRequestedAt"),
        # Decided checkouts that still hold a copy of their request.
        Index("decided", "decidedShard", "decidedAt", keys_only=True),
    ),
)
# The key of a record's trace is ours (``shared.contracts.trace``). The attribute is called after what it
# held before: an index with another name would be built anew, from all the records of thirty days.
TRACE_KEY = "correlationId"
# The correlation id that a caller chose, in the record of a trace's first event alone.
NAMED_CORRELATION = "namedCorrelation"
LEDGER = Table(
    "ledger",
    "id",
    indexes=(
        Index("pending", "pendingShard", "committedAt"),
        Index("trace", TRACE_KEY, "committedAt"),
        Index("byCorrelation", NAMED_CORRELATION, "committedAt", keys_only=True),
    ),
    ttl="ttl",
)
DEAD_LETTERS = Table(
    "dead_letters",
    "eventId",
    indexes=(
        Index("byState", "state", "lastFailedAt"),
        Index("due", "dueShard", "dueAt"),
        # Settled dead letters that still hold a copy of their event.
        Index("closed", "closedShard", "closedAt", keys_only=True),
    ),
)
AUDIT = Table("audit", "entity", "entryId", indexes=(Index("byUser", "userId", "entryId"),))
NOTIFICATIONS = Table(
    "notifications", "id", indexes=(Index("byState", "attention", "updatedAt"),), ttl="ttl"
)

# What each caller of an open storefront ordered within an hour.
ALLOWANCES = Table("allowances", "id", ttl="ttl")

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        ORDERS,
        STOCK,
        MOVEMENTS,
        RESERVATIONS,
        CHECKOUTS,
        LEDGER,
        DEAD_LETTERS,
        AUDIT,
        NOTIFICATIONS,
        ALLOWANCES,
    )
}
