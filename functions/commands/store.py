"""Orders, checkouts and stock as items."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from functions.commands.domain import Cart, Reject, Shelf, Situation
from shared.commerce.payment_identity import ATTRIBUTE, stored_identity
from shared.kernel.clock import Clock, iso
from shared.kernel.text import one_line
from shared.storage.ports import Tables
from shared.storage.records.reservation import Hold, HoldStatus, hold_of
from shared.storage.records.stock import available_of, give_back, sell
from shared.storage.schema import CHECKOUTS, ORDERS, RESERVATIONS, STOCK
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
        """Order, checkout, hold and all stock rows in one batch.

        Raises:
            DependencyError: the store did not answer.
        """
        order_key = {"orderId": cart.order_id}
        order, checkout, reservation, *rows = self._tables.get_many(
            [
                (ORDERS.name, order_key),
                (CHECKOUTS.name, order_key),
                (RESERVATIONS.name, order_key),
                *((STOCK.name, {"sku": sku}) for sku in cart.skus),
            ]
        )
        found = zip(cart.skus, rows, strict=True)
        hold = hold_of(reservation)
        held = hold.units if hold is not None else {}
        return Situation(
            order_digest=_text(order, "cartDigest"),
            checkout_digest=_text(checkout, "cartDigest"),
            checkout_status=_text(checkout, "status"),
            shelves={sku: _shelf(row, held.get(sku, 0)) for sku, row in found if row is not None},
            hold=hold,
            identities=(stored_identity(order), stored_identity(checkout)),
        )

    def available(self, skus: Sequence[str]) -> Mapping[str, int]:
        """Units available now, in one batch.

        Raises:
            DependencyError: the store did not answer.
        """
        return available_of(self._tables, skus) if skus else {}

    def put_back(self, lines: Mapping[str, int]) -> Sequence[Write]:
        """Held units on the shelf again, as part of what ends their hold."""
        now = iso(self._clock.now())
        return [give_back(sku, units, now) for sku, units in lines.items()]

    def placed(
        self, cart: Cart, situation: Situation, *, event_id: str, correlation_id: str
    ) -> Sequence[Write]:
        """One order, one move per SKU that cannot go below zero, checkout and hold closed."""
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
        held = situation.hold.units if situation.hold is not None else {}
        taken = [
            sell(line.sku, line.quantity, held=held.get(line.sku, 0), now=now)
            for line in cart.lines
        ]
        return [
            Put(ORDERS.name, order, when=(Absent(),)),
            *taken,
            self._checkout(cart, situation, {"status": "confirmed", "decidedAt": now}),
            *([_consumed(situation.hold, now)] if situation.hold is not None else []),
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


def _consumed(hold: Hold, now: str) -> Update:
    return Update(
        RESERVATIONS.name,
        {"orderId": hold.order_id},
        set={"status": HoldStatus.CONSUMED.value, "consumedAt": now},
        remove=("holdShard",),
        when=(Equals("status", HoldStatus.HELD.value), Equals("eventId", hold.event_id)),
    )


def _shelf(row: Item, held: int) -> Shelf:
    return Shelf(
        price=Decimal(str(row["price"])),
        available=int(str(row["available"])),
        name=one_line(str(row["name"]), 200),
        held=held,
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
