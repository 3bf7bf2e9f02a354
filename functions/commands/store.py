"""Orders, checkouts and stock as items."""

from collections.abc import Mapping, Sequence

from functions.commands.domain import Cart, Reject, Situation
from shared.commerce.payment_identity import ATTRIBUTE, stored_identity
from shared.kernel.clock import Clock, iso
from shared.storage.ports import Tables
from shared.storage.records import stock
from shared.storage.records.reservation import (
    consume_reservation,
    reservation_in_force,
    reservation_key,
)
from shared.storage.records.stock import StockRow, stock_by_sku, stock_key
from shared.storage.schema import CHECKOUTS, ORDERS
from shared.storage.writes import (
    Absent,
    Condition,
    Equals,
    Item,
    Missing,
    Put,
    Update,
    Value,
    Write,
)


class OrderBookTables:
    """The order book in tables."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock

    def situation(self, cart: Cart) -> Situation:
        """Order, checkout, reservation and all stock rows in one batch.

        Raises:
            DependencyError: the store did not answer.
        """
        order_key = {"orderId": cart.order_id}
        order, checkout, reservation, *rows = self._tables.get_many(
            [
                (ORDERS.name, order_key),
                (CHECKOUTS.name, order_key),
                reservation_key(cart.order_id),
                *map(stock_key, cart.skus),
            ]
        )
        return Situation(
            order_digest=_text(order, "cartDigest"),
            checkout_digest=_text(checkout, "cartDigest"),
            checkout_status=_text(checkout, "status"),
            stock=stock_by_sku(rows),
            reservation=reservation_in_force(reservation),
            identities=(stored_identity(order), stored_identity(checkout)),
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

    def placed(
        self, cart: Cart, situation: Situation, *, event_id: str, correlation_id: str
    ) -> Sequence[Write]:
        """One order, one move per SKU that cannot go below zero, checkout and reservation closed."""
        now = iso(self._clock.now())
        order: dict[str, Value] = {
            "orderId": cart.order_id,
            "paymentId": cart.payload.payment_id,
            "userId": cart.payload.user_id,
            "customerName": cart.payload.customer_name,
            "customerEmail": cart.payload.customer_email,
            "customerAddress": cart.payload.customer_address,
            "items": _lines(cart),
            "totalAmount": cart.total,
            "status": "PENDING",
            "cartDigest": cart.digest,
            "correlationId": correlation_id,
            "createdAt": now,
            "updatedAt": now,
            "timeline": [
                {"at": now, "type": "command.checkout", "eventId": event_id, "verdict": "placed"}
            ],
        }
        reservation = situation.reservation
        reserved = reservation.units if reservation is not None else {}
        taken = [
            stock.sell(line.sku, line.quantity, reserved=reserved.get(line.sku, 0), now=now)
            for line in cart.lines
        ]
        return [
            Put(ORDERS.name, order, when=(Absent(),)),
            *taken,
            self._checkout(cart, situation, {"status": "confirmed", "decidedAt": now}),
            *([consume_reservation(reservation, now)] if reservation is not None else []),
        ]

    def turned_down(self, cart: Cart, situation: Situation, decision: Reject) -> Sequence[Write]:
        """The checkout rejected, with its reason."""
        now = iso(self._clock.now())
        answer: Item = {
            "status": "rejected",
            "decidedAt": now,
            "reason": decision.reason,
            "skus": list(decision.skus),
        }
        return [self._checkout(cart, situation, answer)]

    def _checkout(self, cart: Cart, situation: Situation, answer: Item) -> Update:
        identity: Item = {
            "paymentId": cart.payload.payment_id,
            "userId": cart.payload.user_id,
            "cartDigest": cart.digest,
            ATTRIBUTE: cart.identity,
        }
        # Decided once, and only as it was read: another cart that the API accepts for the same
        # payment in this very moment must not be decided, nor overwritten, by this one (I4).
        as_read: tuple[Condition, ...] = (
            (Missing("status"),)
            if situation.checkout_digest is None
            else (Equals("status", "accepted"), Equals("cartDigest", situation.checkout_digest))
        )
        return Update(
            CHECKOUTS.name,
            {"orderId": cart.order_id},
            set={**identity, **answer},
            remove=("pendingShard",),
            when=as_read,
        )


def _text(item: Item | None, name: str) -> str | None:
    return None if item is None or item.get(name) is None else str(item[name])


def _lines(cart: Cart) -> list[Value]:
    return [
        {
            "productId": line.product_id,
            "variationId": line.variation_id,
            "quantity": line.quantity,
            "price": line.price,
            "productName": line.product_name,
        }
        for line in cart.lines
    ]
