"""Orders, checkouts and stock as items."""

from collections.abc import Sequence
from decimal import Decimal

from functions.commands.domain import Cart, Reject, Shelf, Situation
from shared.clock import Clock, iso
from shared.envelope import one_line
from shared.ports import Tables
from shared.schema import CHECKOUTS, ORDERS, STOCK
from shared.writes import (
    Absent,
    AtLeast,
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
        """Order, checkout and all stock rows in one batch.

        Raises:
            DependencyError: the store did not answer.
        """
        order_key = {"orderId": cart.order_id}
        order, checkout, *rows = self._tables.get_many(
            [
                (ORDERS.name, order_key),
                (CHECKOUTS.name, order_key),
                *((STOCK.name, {"sku": sku}) for sku in cart.skus),
            ]
        )
        found = zip(cart.skus, rows, strict=True)
        return Situation(
            order_digest=_text(order, "cartDigest"),
            checkout_digest=_text(checkout, "cartDigest"),
            checkout_status=_text(checkout, "status"),
            shelves={sku: _shelf(row) for sku, row in found if row is not None},
        )

    def placed(
        self, cart: Cart, situation: Situation, *, event_id: str, correlation_id: str
    ) -> Sequence[Write]:
        """One order, one decrement per SKU that cannot go below zero, the checkout confirmed."""
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
        taken = [
            Update(
                STOCK.name,
                {"sku": line.sku},
                add={"available": -line.quantity},
                set={"updatedAt": now},
                when=(AtLeast("available", line.quantity),),
            )
            for line in cart.lines
        ]
        return [
            Put(ORDERS.name, order, when=(Absent(),)),
            *taken,
            self._checkout(cart, situation, {"status": "confirmed", "decidedAt": now}),
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


def _shelf(row: Item) -> Shelf:
    return Shelf(
        price=Decimal(str(row["price"])),
        available=int(str(row["available"])),
        name=one_line(str(row["name"]), 200),
    )


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
