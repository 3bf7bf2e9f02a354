"""Reads the audit trail, newest entries first and never more than asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

from ops.core.order_ids import possible_ids
from ops.core.unreadable import parted
from ops.history.domain import AuditTimeline, Entry
from shared.contracts.actor import Actor
from shared.kernel.ids import OrderIds, is_id
from shared.storage.ports import Tables
from shared.storage.readable import read_rows
from shared.storage.schema import AUDIT, CHECKOUTS, ORDERS
from shared.storage.writes import Item, Value


@dataclass(frozen=True, slots=True)
class OrderNames:
    """The names under which the trail may speak of an order; None where there is none."""

    order_id: str
    payment_id: str | None = None
    user_id: str | None = None


class AuditStore:
    """The audit trail in tables.

    Args:
        order_ids: of the stage's payments, None where their key cannot be read.
        since: leave out what is older (ISO-8601); empty for everything.
        limit: the most entries of one reading; the newest are kept.
    """

    def __init__(
        self, tables: Tables, order_ids: OrderIds | None, *, since: str, limit: int
    ) -> None:
        self._tables, self._order_ids = tables, order_ids
        self._since, self._limit = since, limit

    def of_entity(self, entity_type: str, entity_id: str) -> AuditTimeline:
        """What is recorded of an entity.

        Raises:
            DependencyError: the store did not answer.
        """
        return self._read(f"{entity_type}#{entity_id}", None)

    def of_user(self, user_id: str) -> AuditTimeline:
        """What is recorded of a customer.

        Raises:
            DependencyError: the store did not answer.
        """
        return self._read(user_id, "byUser")

    def names_of(self, name: str) -> OrderNames:
        """An order by its own id or that of its payment; the name alone if nothing is known of it.

        Raises:
            DependencyError: the store did not answer.
        """
        for order_id in possible_ids(name, self._order_ids):
            key = {"orderId": order_id}
            order, checkout = self._tables.get_many([(ORDERS.name, key), (CHECKOUTS.name, key)])
            if (row := order or checkout) is not None:
                payment, user = row.get("paymentId"), row.get("userId")
                return OrderNames(
                    order_id,
                    payment if is_id(payment) else None,
                    user if isinstance(user, str) else None,
                )
        return OrderNames(name)

    def _read(self, value: str, index: str | None) -> AuditTimeline:
        # One more than is shown, to know whether there are more.
        items = self._tables.query(
            AUDIT.name, value, index=index, newest_first=True, limit=self._limit + 1
        )
        read, odd = parted(read_rows(AUDIT.name, items, _entry))
        entries = [entry for entry in read if entry.at >= self._since]
        return AuditTimeline(entries, more=len(entries) + len(odd) > self._limit, unreadable=odd)


def _entry(item: Item) -> Entry:
    source, user_id = str(item.get("source", "")), _text(item.get("userId"))
    metadata = _object(item.get("metadata"))
    return Entry(
        at=str(item["at"]),
        entity_type=str(item["entityType"]),
        entity_id=str(item["entityId"]),
        action=str(item["action"]),
        source=source,
        user_id=user_id,
        actor=Actor.of_entry(metadata, user_id=user_id or "", source=source),
        before=_object(item.get("previousState")),
        after=_object(item.get("newState")),
        metadata=metadata,
        event_id=str(item["eventId"]),
        correlation_id=_text(item.get("correlationId")),
    )


def _object(value: Value) -> Item:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(type(value).__name__)
    return value


def _text(value: Value) -> str | None:
    return None if value is None else str(value)
