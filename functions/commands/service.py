"""Use cases of the commands topic."""

from dataclasses import replace

from functions.commands.domain import (
    Accept,
    CheckoutSnapshot,
    Reject,
    cart_of,
    decide,
    left_over,
)
from functions.commands.events import (
    apology_of,
    available_again,
    confirmation_of,
    creation_audit_of,
    order_of,
    refund_of,
    rejection_audit_of,
    rejection_of,
    release_of,
    sale_of,
)
from functions.commands.ports import OrderBook
from shared.commerce.cart import Cart
from shared.contracts.analytics import AuditRecorded
from shared.contracts.commands import CheckoutCommand
from shared.contracts.inventory import StockUpdated
from shared.contracts.notifications import EmailRequested
from shared.contracts.orders import (
    OrderCreated,
    OrderRejected,
    RefundRequested,
)
from shared.kernel.ids import OrderIds
from shared.messaging.effects import Effects
from shared.messaging.outbox import Emit
from shared.telemetry import metrics
from shared.telemetry.ports import Telemetry


def check_out(
    event: CheckoutCommand, *, orders: OrderBook, ids: OrderIds, telemetry: Telemetry
) -> Effects:
    """Turn a paid cart into an order, or say why not.

    Raises:
        InvalidInputError: the cart contradicts itself.
        PaymentReusedError: the payment belongs to another cart.
        DependencyError: the store did not answer.
    """
    cart = cart_of(event.payload, ids)
    snapshot = orders.snapshot(cart)
    cart = cart.under(snapshot.order_id)
    telemetry.info(
        "Processing checkout",
        user_id=event.payload.user_id,
        payment_id=event.payload.payment_id,
        order_id=cart.order_id,
    )
    decision = decide(cart, snapshot)
    match decision:
        case Accept():
            return _accepted(event, cart, snapshot, orders)
        case Reject():
            return _rejected(cart, snapshot, decision, orders)
    return Effects(
        outcome=f"already_{decision.status}",
        order_id=cart.order_id,
        facts={"order_id": cart.order_id},
    )


def _accepted(
    event: CheckoutCommand, cart: Cart, snapshot: CheckoutSnapshot, orders: OrderBook
) -> Effects:
    correlation = event.correlation_id or event.event_id
    cart = _named(cart, snapshot)
    unused = left_over(cart, snapshot.reservation)
    stock = orders.stock_of([line.sku for line in unused])
    emits = [
        Emit(OrderCreated, order_of(cart)),
        Emit(EmailRequested, confirmation_of(cart, snapshot, event.timestamp)),
        *(Emit(StockUpdated, sale_of(cart, line, snapshot)) for line in cart.lines),
        *available_again(cart.order_id, unused, stock),
        Emit(AuditRecorded, creation_audit_of(cart, snapshot)),
    ]
    return Effects(
        outcome="created",
        order_id=cart.order_id,
        message="Created order",
        writes=[
            *orders.order_writes(
                cart, snapshot, event_id=event.event_id, correlation_id=correlation
            ),
            *orders.return_to_stock(
                {line.sku: line.quantity for line in unused if line.sku in stock}
            ),
        ],
        emits=emits,
        measures=(metrics.ORDERS_CREATED.of(1), metrics.REVENUE.of(cart.total)),
        # The command says when the API accepted the cart, however often it was sent.
        durations=(metrics.CHECKOUT_TO_CONFIRMATION.since(event.timestamp),),
        facts={"order_id": cart.order_id},
    )


def _rejected(
    cart: Cart, snapshot: CheckoutSnapshot, decision: Reject, orders: OrderBook
) -> Effects:
    return Effects(
        outcome="rejected",
        order_id=cart.order_id,
        message="Rejected checkout",
        writes=orders.rejection_writes(cart, snapshot, decision),
        emits=[
            Emit(OrderRejected, rejection_of(cart, decision)),
            Emit(RefundRequested, refund_of(cart, snapshot, decision)),
            Emit(EmailRequested, apology_of(cart, snapshot, decision)),
            Emit(AuditRecorded, rejection_audit_of(cart, snapshot, decision)),
            *release_of(snapshot),
        ],
        measures=(metrics.ORDERS_REJECTED.of(1, reason=decision.reason),),
        facts={"order_id": cart.order_id, "reason": decision.reason},
    )


def _named(cart: Cart, snapshot: CheckoutSnapshot) -> Cart:
    # The catalogue's names, whatever the client called its products.
    return replace(
        cart,
        lines=tuple(
            line.model_copy(update={"product_name": snapshot.stock[line.sku].title})
            for line in cart.lines
        ),
    )
