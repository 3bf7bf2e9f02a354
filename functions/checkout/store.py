"""Checkouts and catalogue as items."""

from typing import cast

from functions.checkout.domain import Cart, Catalogue
from functions.checkout.ports import StoredCheckout
from functions.checkout.wire import CheckoutState
from shared.commerce.payment_identity import ATTRIBUTE, stored_identity
from shared.contracts.orders import RejectionReason
from shared.kernel.clock import Clock, iso
from shared.messaging.outbox import Outbound
from shared.storage.ports import Tables
from shared.storage.records.reservation import reservation_in_force, reservation_key
from shared.storage.records.stock import stock_by_sku, stock_key
from shared.storage.schema import CHECKOUTS, ORDERS, shard_of
from shared.storage.writes import Absent, ConditionsFailed, Item, Put, Value


class CheckoutTables:
    """Checkouts in tables, keyed by the order id that the payment id determines."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock

    def look(self, cart: Cart) -> tuple[StoredCheckout | None, Catalogue]:
        """The stored checkout, and the catalogue with what is reserved for the order, in one batch.

        Raises:
            DependencyError: the store did not answer.
        """
        stored, reservation, *rows = self._tables.get_many(
            [
                (CHECKOUTS.name, {"orderId": cart.order_id}),
                reservation_key(cart.order_id),
                *map(stock_key, cart.skus),
            ]
        )
        catalogue = Catalogue(stock_by_sku(rows), reservation_in_force(reservation))
        return (None if stored is None else _stored(stored)), catalogue

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
