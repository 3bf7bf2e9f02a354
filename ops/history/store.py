"""Reads the audit trail of something, newest entries first and never more than asked for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from functions.notifications.domain import digest_of
from ops.core.errors import OperatorError
from shared.contracts.channels import CHANNELS
from shared.kernel.ids import ID_RULE, is_id, order_id_for
from shared.storage.ports import Tables
from shared.storage.schema import AUDIT, CHECKOUTS, ORDERS
from shared.storage.writes import Item, Value

DEFAULT_LIMIT = 100
MOST = 1000
_LONGEST = 128

KINDS: Mapping[str, str] = {
    "order": "an order id or its payment id: order, checkout, reservation, refund and mails",
    "checkout": "the same, by checkout",
    "stock": "a SKU",
    "mail": "the event id of a mail, text or push",
    "address": "a mail address; the trail knows only its digest",
    "user": "a user id: everything that was told of this customer",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the audit trail.

    Args:
        source: the program that said so.
        before, after: the state around the change, as far as it was told.
    """

    at: str
    entity_type: str
    entity_id: str
    action: str
    source: str
    user_id: str | None
    before: Item
    after: Item
    metadata: Item
    event_id: str
    correlation_id: str | None

    @classmethod
    def from_item(cls, item: Item) -> "Entry":
        """As stored."""
        return cls(
            at=str(item["at"]),
            entity_type=str(item["entityType"]),
            entity_id=str(item["entityId"]),
            action=str(item["action"]),
            source=str(item["source"]),
            user_id=_text(item.get("userId")),
            before=_object(item.get("previousState")),
            after=_object(item.get("newState")),
            metadata=_object(item.get("metadata")),
            event_id=str(item["eventId"]),
            correlation_id=_text(item.get("correlationId")),
        )


@dataclass(frozen=True, slots=True)
class Story:
    """Entries in time order; ``more`` if there are, or may be, older ones that the limit left out."""

    entries: Sequence[Entry]
    more: bool

    def only(self, wanted: Callable[[Entry], bool]) -> "Story":
        """The entries that are meant."""
        return Story([entry for entry in self.entries if wanted(entry)], self.more)


class Trail:
    """The audit trail of one stage.

    Args:
        since: leave out what is older (ISO-8601); empty for everything.
        limit: the most entries, 1 to ``MOST``; the newest are kept.

    Raises:
        OperatorError: the limit is out of range.
    """

    def __init__(self, tables: Tables, *, since: str = "", limit: int = DEFAULT_LIMIT) -> None:
        if not 1 <= limit <= MOST:
            raise OperatorError(f"--limit: must be from 1 to {MOST}")
        self._tables, self._since, self._limit = tables, since, limit

    def of(self, kind: str, name: str) -> Story:
        """What is recorded of something; ``KINDS`` says what the names are.

        Raises:
            OperatorError: nothing can have this name.
            DependencyError: the store did not answer.
        """
        if kind == "address":
            return self._told([self._of_entity("address", digest_of(name))])
        if kind == "user":
            if not 1 <= len(name) <= _LONGEST:
                raise OperatorError(f"user: must be 1 to {_LONGEST} characters")
            return self._told([self._of_user(name)])
        product, _, variation = name.partition("#")
        if not is_id(product) or (variation and (kind != "stock" or not is_id(variation))):
            raise OperatorError(f"{kind}: {ID_RULE}")
        if kind == "mail":
            return self._told([self._of_entity(channel.name, name) for channel in CHANNELS])
        if kind == "stock":
            shelves = self._of_entity("stock", product)
            return self._told([shelves.only(lambda e: e.metadata.get("sku", product) == name)])
        return self._told(self._of_order(name))

    def _of_order(self, name: str) -> Iterable[Story]:
        """By everything that carries the order's id, its payment, and what its customer was told."""
        order_id, row = self._order(name)
        for entity_type in ("order", "checkout", "reservation"):
            yield self._of_entity(entity_type, order_id)
        if is_id(payment := row.get("paymentId")):
            yield self._of_entity("payment", payment)
        if isinstance(user := row.get("userId"), str):
            yield self._of_user(user).only(lambda e: e.metadata.get("orderId") == order_id)

    def _order(self, name: str) -> tuple[str, Item]:
        for order_id in (name, order_id_for(name)):
            key = {"orderId": order_id}
            order, checkout = self._tables.get_many([(ORDERS.name, key), (CHECKOUTS.name, key)])
            if (row := order or checkout) is not None:
                return order_id, row
        return name, {}

    def _of_entity(self, entity_type: str, entity_id: str) -> Story:
        return self._read(f"{entity_type}#{entity_id}", None)

    def _of_user(self, user_id: str) -> Story:
        return self._read(user_id, "byUser")

    def _read(self, value: str, index: str | None) -> Story:
        # One more than is shown, to know whether there are more.
        items = self._tables.query(
            AUDIT.name, value, index=index, newest_first=True, limit=self._limit + 1
        )
        entries = [Entry.from_item(item) for item in items if str(item["at"]) >= self._since]
        return Story(entries, more=len(entries) > self._limit)

    def _told(self, parts: Iterable[Story]) -> Story:
        # An entry may be found by its entity and by its user.
        read = list(parts)
        found = {entry.event_id: entry for part in read for entry in part.entries}
        entries = sorted(found.values(), key=lambda entry: (entry.at, entry.event_id))
        more = len(entries) > self._limit or any(part.more for part in read)
        return Story(entries[-self._limit :], more)


def _object(value: Value) -> Item:
    return value if isinstance(value, Mapping) else {}


def _text(value: Value) -> str | None:
    return None if value is None else str(value)
