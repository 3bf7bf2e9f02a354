"""Checkouts and catalogue as items."""

from collections.abc import Mapping
from decimal import Decimal
from typing import cast

from functions.checkout.domain import Cart, CatalogueEntry
from functions.checkout.ports import StoredCheckout
from functions.checkout.wire import CheckoutState
from shared.commerce.payment_identity import ATTRIBUTE, stored_identity
from shared.contracts.orders import RejectionReason
from shared.kernel.clock import Clock, iso
from shared.kernel.text import one_line
from shared.messaging.ledger import shard_of
from shared.messaging.outbox import Outbound
from shared.storage.ports import Tables
from shared.storage.records.reservation import hold_of
from shared.storage.schema import CHECKOUTS, ORDERS, RESERVATIONS, STOCK
from shared.storage.writes import Absent, ConditionsFailed, Item, Put, Value


class CheckoutTables:
    """Checkouts in tables, keyed by the order id that the payment id determines."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock

    def look(self, cart: Cart) -> tuple[StoredCheckout | None, Mapping[str, CatalogueEntry]]:
        """The stored checkout and the catalogue with what the order holds of it, in one batch.

        Raises:
            DependencyError: the store did not answer.
        """
        stored, reservation, *rows = self._tables.get_many(
            [
                (CHECKOUTS.name, {"orderId": cart.order_id}),
                (RESERVATIONS.name, {"orderId": cart.order_id}),
                *((STOCK.name, {"sku": sku}) for sku in cart.skus),
            ]
        )
        found = zip(cart.skus, rows, strict=True)
        hold = hold_of(reservation)
        held = hold.units if hold is not None else {}
        entries = {sku: _entry(row, held.get(sku, 0)) for sku, row in found if row is not None}
        return (None if stored is None else _stored(stored)), entries

    def accept(self, cart: Cart, command: Outbound) -> StoredCheckout:
        """Store a new checkout with its command, marked as not yet processed.

        Raises:
            ContentionError: somebody else is writing it this moment.
            DependencyError: the store did not answer.
        """
        now = iso(self._clock.now())
        item: dict[str, Value] = {
            "orderId": cart.order_id,
            "paymentId": cart.payload.payment_id,
            "userId": cart.payload.user_id,
            "cartDigest": cart.digest,
            ATTRIBUTE: cart.identity,
            "status": "accepted",
            "acceptedAt": now,
            "command": command.to_item(),
            # Whoever decides the checkout removes this; what keeps it is still owed an answer.
            "pendingShard": shard_of(cart.order_id),
        }
        try:
            self._tables.transact([Put(CHECKOUTS.name, item, when=(Absent(),))])
        except ConditionsFailed as refused:
            current = refused.failures[0].current
            known = _stored(current) if current else self.find(cart.order_id)
            if known is None:
                raise
            return known
        return _stored(item)

    def find(self, order_id: str) -> StoredCheckout | None:
        """The checkout of an order id and its order, in one batch.

        Raises:
            DependencyError: the store did not answer.
        """
        key = {"orderId": order_id}
        item, order = self._tables.get_many([(CHECKOUTS.name, key), (ORDERS.name, key)])
        return None if item is None else _stored(item, order)


def _entry(row: Item, held: int) -> CatalogueEntry:
    return CatalogueEntry(
        name=one_line(str(row["name"]), 200),
        price=Decimal(str(row["price"])),
        available=int(str(row["available"])) + held,
    )


def _stored(item: Item, order: Item | None = None) -> StoredCheckout:
    command, reason = item.get("command"), item.get("reason")
    return StoredCheckout(
        order_id=str(item["orderId"]),
        payment_id=str(item["paymentId"]),
        user_id=str(item["userId"]),
        digest=str(item["cartDigest"]),
        status=cast("CheckoutState", item["status"]),
        reason=cast("RejectionReason | None", reason),
        command=None if command is None else Outbound.from_item(cast("Item", command)),
        identity=stored_identity(item),
        order=order,
    )
