"""What a checkout command reads, and the writes that its decision becomes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from functions.commands.domain import CheckoutSnapshot, Reject
from shared.commerce.cart import Cart
from shared.commerce.old_order_id import is_under_other
from shared.commerce.order_status import PENDING
from shared.commerce.payment_identity import identity_of_checkout, identity_of_order
from shared.contracts.topics import COMMAND_CHECKOUT
from shared.kernel.clock import Clock, iso
from shared.storage.ports import Tables
from shared.storage.records import stock
from shared.storage.records.checkout import CheckoutRow, decide_checkout, no_checkout
from shared.storage.records.order import OrderRow, insert_order
from shared.storage.records.reservation import (
    consume_reservation,
    reservation_in_force,
    reservation_key,
)
from shared.storage.records.stock import StockRow, stock_by_sku, stock_key
from shared.storage.records.timeline import Timeline, TimelineEntry
from shared.storage.schema import CHECKOUTS, ORDERS, shard_of
from shared.storage.writes import Key, Write


class OrderBookTables:
    """The order book in tables."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock

    def snapshot(self, cart: Cart) -> CheckoutSnapshot:
        """Order, checkout, reservation and all stock rows in one batch.

        An old order has its rows under the payment's other id, and keeps it.

        Raises:
            DependencyError: the store did not answer.
        """
        found = self._tables.get_many(
            [*_keys(cart.order_id), *_keys(cart.other_id), *map(stock_key, cart.skus)]
        )
        own, other, rows = found[:3], found[3:6], found[6:]
        uses_other = is_under_other(own[:2], other[:2], reservations=(own[2], other[2]))
        placed, accepted, reservation = other if uses_other else own
        order = None if placed is None else OrderRow.from_item(placed)
        checkout = None if accepted is None else CheckoutRow.from_item(accepted)
        return CheckoutSnapshot(
            order_id=cart.other_id if uses_other else cart.order_id,
            order_digest=None if order is None else order.cart_digest,
            checkout_digest=None if checkout is None else checkout.cart_digest,
            checkout_status=None if checkout is None else checkout.status,
            checkout_trust=None if checkout is None else checkout.trust,
            stock=stock_by_sku(rows),
            reservation=reservation_in_force(reservation),
            identities=(
                *(() if order is None else (identity_of_order(order),)),
                *(() if checkout is None else (identity_of_checkout(checkout),)),
            ),
        )

    def stock_of(self, skus: Sequence[str]) -> Mapping[str, StockRow]:
        """The stock rows as they are now, in one batch.

        Raises:
            DependencyError: the store did not answer.
        """
        return stock.read_stock(self._tables, skus)

    def return_to_stock(self, units: Mapping[str, int]) -> Sequence[Write]:
        """Reserved units available again, as part of what ends their reservation."""
        now = iso(self._clock.now())
        return [stock.release(sku, count, now) for sku, count in units.items()]

    def order_writes(
        self, cart: Cart, snapshot: CheckoutSnapshot, *, event_id: str, correlation_id: str
    ) -> Sequence[Write]:
        """One order, one move per SKU that cannot go below zero, checkout and reservation closed."""
        now = iso(self._clock.now())
        placed = TimelineEntry(now, COMMAND_CHECKOUT, event_id, "placed")
        order = OrderRow(
            order_id=cart.order_id,
            payment_id=cart.payload.payment_id,
            user_id=cart.payload.user_id,
            customer_name=cart.payload.customer_name,
            customer_email=cart.payload.customer_email,
            customer_address=cart.payload.customer_address,
            lines=cart.lines,
            total=cart.total,
            status=PENDING.status,
            cart_digest=cart.digest,
            correlation_id=correlation_id,
            created_at=now,
            updated_at=now,
            # Its first step removes this; an order that keeps it lapses one day.
            unconfirmed_shard=shard_of(cart.order_id),
            timeline=Timeline(first=(placed,)),
            trust=snapshot.trust,
        )
        reservation = snapshot.reservation
        reserved = reservation.units if reservation is not None else {}
        taken = [
            stock.sell(line.sku, line.quantity, reserved=reserved.get(line.sku, 0), now=now)
            for line in cart.lines
        ]
        confirmed = replace(_checkout(cart, snapshot, now), status="confirmed")
        return [
            insert_order(order),
            no_checkout(cart.other_id),
            *taken,
            decide_checkout(confirmed, accepted_digest=snapshot.checkout_digest),
            *([consume_reservation(reservation, now)] if reservation is not None else []),
        ]

    def rejection_writes(
        self, cart: Cart, snapshot: CheckoutSnapshot, decision: Reject
    ) -> Sequence[Write]:
        """The checkout rejected, with its reason."""
        rejected = replace(
            _checkout(cart, snapshot, iso(self._clock.now())),
            status="rejected",
            reason=decision.reason,
            skus=decision.skus,
        )
        return [
            decide_checkout(rejected, accepted_digest=snapshot.checkout_digest),
            no_checkout(cart.other_id),
        ]


def _keys(order_id: str) -> list[tuple[str, Key]]:
    key = {"orderId": order_id}
    return [(ORDERS.name, key), (CHECKOUTS.name, key), reservation_key(order_id)]


def _checkout(cart: Cart, snapshot: CheckoutSnapshot, decided_at: str) -> CheckoutRow:
    return CheckoutRow(
        order_id=cart.order_id,
        payment_id=cart.payload.payment_id,
        user_id=cart.payload.user_id,
        cart_digest=cart.digest,
        identity=cart.identity,
        decided_at=decided_at,
        trust=snapshot.trust,
    )
