"""What a ledger record says was published, and the rows that must follow from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ops.core.rows import Name, entries, inner, text
from shared.contracts.topics import ANALYTICS_AUDIT, INVENTORY_STOCK_UPDATED
from shared.kernel import strict_json
from shared.kernel.errors import PermanentError
from shared.kernel.ids import is_id, sku_of
from shared.storage.schema import AUDIT, LEDGER, MOVEMENTS
from shared.storage.writes import Item

_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Sent:
    """An event in an outbox.

    Args:
        erased: whether its body was made nameless since it was sent (S46).
    """

    event_id: str
    event_type: str
    topic: str
    delayed: bool
    body: Item
    erased: bool = False

    @property
    def payload(self) -> Item:
        """Its payload."""
        return inner(self.body, "payload")

    @property
    def receipt(self) -> Name:
        """The ledger record of the function that consumes it."""
        return LEDGER.name, (f"{self.topic}#{self.event_id}",)

    @property
    def trace(self) -> Name | None:
        """The row that handling it leaves for good, if it is of a type that leaves one."""
        entry = f"{text(self.body, 'timestamp')}#{self.event_id}"
        if self.event_type == ANALYTICS_AUDIT:
            about = f"{text(self.payload, 'entityType')}#{text(self.payload, 'entityId')}"
            return AUDIT.name, (about, entry)
        if self.event_type == INVENTORY_STOCK_UPDATED:
            return MOVEMENTS.name, (sku_in(self.payload), entry)
        return None


def sent_by(record: Item) -> Iterator[Sent]:
    """The events that a ledger record's outbox holds."""
    for entry in entries(record, "outbox"):
        yield Sent(
            event_id=text(entry, "eventId"),
            event_type=text(entry, "eventType"),
            topic=text(entry, "topic"),
            delayed=bool(entry.get("delay")),
            body=parsed(text(entry, "body")),
            erased=entry.get("erased") is True,
        )


def parsed(body: str) -> Item:
    """An event's JSON, empty if it is none."""
    try:
        values: Any = strict_json.loads(body.encode(), max_bytes=_MOST_BYTES)
    except PermanentError:
        return {}
    return values if isinstance(values, dict) else {}


def sku_in(payload: Item) -> str:
    """The SKU that a payload is about, empty if it is about none."""
    product, variation = payload.get("productId"), payload.get("variationId")
    if not is_id(product):
        return ""
    return sku_of(product, variation if is_id(variation) else None)
