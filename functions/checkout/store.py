"""Checkouts and catalogue as items."""

from collections.abc import Sequence

from functions.checkout.domain import Catalogue
from functions.checkout.ports import NothingLeftError, StoredCheckout
from shared.commerce.cart import Cart
from shared.commerce.old_order_id import is_under_other
from shared.commerce.payment_identity import identity_of_checkout
from shared.contracts.statuses import Trust
from shared.kernel.clock import Clock, iso
from shared.messaging.outbox import Outbound
from shared.storage.ports import Tables
from shared.storage.records.checkout import (
    CheckoutRow,
    accept_beside_refund,
    insert_checkout,
    no_checkout,
)
from shared.storage.records.order import OrderRow
from shared.storage.records.reservation import reservation_in_force, reservation_key
from shared.storage.records.stock import stock_by_sku, stock_key
from shared.storage.schema import CHECKOUTS, ORDERS, shard_of
from shared.storage.writes import ConditionsFailed, Key, Update, Write

# What a checkout is stored with: the check of its payment's other id, then what it spends.
_OTHER_ID = 1


class CheckoutTables:
    """Checkouts in tables, keyed by one of the two order ids that the payment id determines."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock

    def look(self, cart: Cart) -> tuple[Cart, StoredCheckout | None, Catalogue]:
        """The cart under the id that its payment uses, the stored checkout, and the catalogue with
        what is reserved for the order, in one batch.

        Raises:
            DependencyError: the store did not answer.
        """
        own, held, other, held_other, *rows = self._tables.get_many(
            [*_keys(cart.order_id), *_keys(cart.other_id), *map(stock_key, cart.skus)]
        )
        if is_under_other((own,), (other,), reservations=(held, held_other)):
            cart, own, held = cart.under(cart.other_id), other, held_other
        catalogue = Catalogue(stock_by_sku(rows), reservation_in_force(held))
        return cart, (None if own is None else _stored(CheckoutRow.from_item(own))), catalogue

    def accept(
        self, cart: Cart, command: Outbound, *, trust: Trust, spending: Update | None
    ) -> StoredCheckout:
        """Store a new checkout with its command, marked as not yet processed.

        Raises:
            NothingLeftError: the caller's allowance does not suffice; nothing was stored.
            ContentionError: another request is writing it this moment.
            DependencyError: the store did not answer.
        """
        checkout = CheckoutRow(
            order_id=cart.order_id,
            payment_id=cart.payload.payment_id,
            user_id=cart.payload.user_id,
            cart_digest=cart.digest,
            identity=cart.identity,
            status="accepted",
            accepted_at=iso(self._clock.now()),
            command=command.to_item(),
            # The decision removes this; a checkout that keeps it is still owed an answer.
            pending_shard=shard_of(cart.order_id),
            trust=trust,
        )
        others: list[Write] = [no_checkout(cart.other_id)]
        if spending is not None:
            others.append(spending)
        known = self._insert(checkout, cart.other_id, others)
        if known is not None:
            return known
        return StoredCheckout(
            order_id=cart.order_id,
            payment_id=cart.payload.payment_id,
            user_id=cart.payload.user_id,
            digest=cart.digest,
            status="accepted",
            reason=None,
            command=command,
            identity=cart.identity,
        )

    def _insert(
        self, checkout: CheckoutRow, other_id: str, others: Sequence[Write]
    ) -> StoredCheckout | None:
        """Store it; the checkout that came first under either id, if there is one."""
        try:
            self._tables.transact([insert_checkout(checkout), *others])
        except ConditionsFailed as refused:
            failure = refused.failures[0]
            if failure.index > _OTHER_ID:
                # The checkout could be stored: it was the allowance that did not suffice.
                raise NothingLeftError from None
            winner = None if failure.current is None else CheckoutRow.from_item(failure.current)
            known = (
                self.find(checkout.order_id) or self.find(other_id)
                if winner is None
                else _stored(winner)
            )
            if known is None:
                # There is a row, but no checkout: it has nothing but a refund.
                self._accept_beside_refund(checkout, others)
            return known
        return None

    def _accept_beside_refund(self, checkout: CheckoutRow, others: Sequence[Write]) -> None:
        try:
            self._tables.transact([accept_beside_refund(checkout), *others])
        except ConditionsFailed as refused:
            if refused.failures[0].index > _OTHER_ID:
                raise NothingLeftError from None
            raise

    def find(self, order_id: str) -> StoredCheckout | None:
        """The checkout of an order id and its order, in one batch.

        Raises:
            DependencyError: the store did not answer.
        """
        key = {"orderId": order_id}
        item, order = self._tables.get_many([(CHECKOUTS.name, key), (ORDERS.name, key)])
        if item is None:
            return None
        placed = None if order is None else OrderRow.from_item(order)
        return _stored(CheckoutRow.from_item(item), placed)


def _keys(order_id: str) -> list[tuple[str, Key]]:
    return [(CHECKOUTS.name, {"orderId": order_id}), reservation_key(order_id)]


def _stored(row: CheckoutRow, order: OrderRow | None = None) -> StoredCheckout | None:
    # A row that has nothing but a refund, from before refunds waited for their checkout, is none.
    is_owned = row.user_id is not None or row.redacted_at is not None
    if not is_owned or row.cart_digest is None or row.status is None:
        return None
    return StoredCheckout(
        order_id=row.order_id,
        payment_id=row.payment_id,
        user_id=row.user_id,
        digest=row.cart_digest,
        status=row.status,
        reason=row.reason,
        command=None if row.command is None else Outbound.from_item(row.command),
        identity=identity_of_checkout(row),
        order=order,
    )
