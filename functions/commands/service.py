"""Use cases of the commands topic."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from functions.commands.announcements import back_on_shelf
from functions.commands.domain import (
    Accept,
    Cart,
    Reject,
    Situation,
    cart_of,
    decide,
    left_over,
)
from functions.commands.ports import OrderBook
from shared import metrics
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.commands import CheckoutCommand, ReleaseCommand, ReleasePayload
from shared.contracts.inventory import StockUpdated, StockUpdatedPayload
from shared.contracts.lines import OrderLine
from shared.contracts.notifications import EmailPayload, EmailRequested
from shared.contracts.orders import (
    OrderCreated,
    OrderPayload,
    OrderRejected,
    RefundPayload,
    RefundRequested,
    RejectedPayload,
)
from shared.effects import Effects, Emit
from shared.envelope import plain
from shared.ports import Telemetry


def check_out(event: CheckoutCommand, *, orders: OrderBook, telemetry: Telemetry) -> Effects:
    """Turn a paid cart into an order, or say why not.

    Raises:
        InvalidInputError: the cart contradicts itself.
        PaymentReusedError: the payment belongs to another cart.
        DependencyError: the store did not answer.
    """
    cart = cart_of(event.payload)
    telemetry.info(
        "Processing checkout",
        user_id=event.payload.user_id,
        payment_id=event.payload.payment_id,
        order_id=cart.order_id,
    )
    situation = orders.situation(cart)
    decision = decide(cart, situation)
    match decision:
        case Accept():
            return _accepted(event, cart, situation, orders)
        case Reject():
            return _rejected(cart, situation, decision, orders)
    return Effects(outcome=f"already_{decision.status}", facts={"order_id": cart.order_id})


def _accepted(
    event: CheckoutCommand, cart: Cart, situation: Situation, orders: OrderBook
) -> Effects:
    correlation = event.correlation_id or event.event_id
    cart = _named(cart, situation)
    unused = left_over(cart, situation.hold)
    shelves = orders.available([line.sku for line in unused])
    emits = [
        Emit(OrderCreated, _order(cart)),
        Emit(EmailRequested, _confirmation(cart, event.timestamp)),
        *(Emit(StockUpdated, _sold(cart, line, situation)) for line in cart.lines),
        *back_on_shelf(cart.order_id, unused, shelves),
        Emit(AuditRecorded, _creation(cart, situation)),
    ]
    return Effects(
        outcome="created",
        message="Created order",
        writes=[
            *orders.placed(cart, situation, event_id=event.event_id, correlation_id=correlation),
            *orders.put_back({line.sku: line.quantity for line in unused if line.sku in shelves}),
        ],
        emits=emits,
        measures=(metrics.ORDERS_CREATED.of(1), metrics.REVENUE.of(cart.total)),
        # The command says when the API accepted the cart, however often it was sent.
        lapses=(metrics.CHECKOUT_TO_CONFIRMATION.since(event.timestamp),),
        facts={"order_id": cart.order_id},
    )


def _rejected(cart: Cart, situation: Situation, decision: Reject, orders: OrderBook) -> Effects:
    return Effects(
        outcome="rejected",
        message="Rejected checkout",
        writes=orders.turned_down(cart, situation, decision),
        emits=[
            Emit(OrderRejected, _rejection(cart, decision)),
            Emit(RefundRequested, _refund(cart, decision)),
            Emit(EmailRequested, _apology(cart, decision)),
            Emit(AuditRecorded, _refusal(cart, situation, decision)),
            *_no_longer_held(situation),
        ],
        measures=(metrics.ORDERS_REJECTED.of(1, reason=decision.reason),),
        facts={"order_id": cart.order_id, "reason": decision.reason},
    )


def _no_longer_held(situation: Situation) -> Sequence[Emit]:
    # A rejection is final: nobody can buy what is held for this order any more.
    hold = situation.hold
    if hold is None:
        return []
    payload = ReleasePayload(order_id=hold.order_id, items=hold.lines, reason="failed")
    return [Emit(ReleaseCommand, payload)]


def _named(cart: Cart, situation: Situation) -> Cart:
    # The catalogue's names, whatever the client called its products.
    return replace(
        cart,
        lines=tuple(
            line.model_copy(update={"product_name": situation.shelves[line.sku].name})
            for line in cart.lines
        ),
    )


def _order(cart: Cart) -> OrderPayload:
    return OrderPayload(
        order_id=cart.order_id,
        user_id=cart.payload.user_id,
        customer_name=cart.payload.customer_name,
        customer_email=cart.payload.customer_email,
        customer_address=cart.payload.customer_address,
        items=cart.lines,
        total_amount=cart.total,
        status="PENDING",
    )


def _mail(cart: Cart, *, subject: str, template: str, data: dict[str, Any]) -> EmailPayload:
    return EmailPayload(
        to=cart.payload.customer_email,
        subject=subject,
        template_id=template,
        template_data={
            "orderId": cart.order_id,
            "customerName": cart.payload.customer_name,
            "totalAmount": cart.total,
            **data,
        },
        priority="high",
        user_id=cart.payload.user_id,
    )


def _confirmation(cart: Cart, accepted_at: datetime) -> EmailPayload:
    return _mail(
        cart,
        subject=f"Order Confirmation - {cart.order_id}",
        template="order-confirmation",
        data={"items": [plain(line) for line in cart.lines]},
    ).model_copy(update={"accepted_at": accepted_at})


def _apology(cart: Cart, decision: Reject) -> EmailPayload:
    return _mail(
        cart,
        subject=f"About your order {cart.order_id}",
        template="order-rejected",
        data={"items": [plain(line) for line in cart.lines], "reason": decision.reason},
    )


def _rejection(cart: Cart, decision: Reject) -> RejectedPayload:
    return RejectedPayload(
        order_id=cart.order_id,
        payment_id=cart.payload.payment_id,
        user_id=cart.payload.user_id,
        customer_name=cart.payload.customer_name,
        customer_email=cart.payload.customer_email,
        items=cart.lines,
        total_amount=cart.total,
        reason=decision.reason,
        skus=decision.skus,
    )


def _refund(cart: Cart, decision: Reject) -> RefundPayload:
    # The command says that the cart is paid; what became no order goes back, once (I21).
    return RefundPayload(
        order_id=cart.order_id,
        payment_id=cart.payload.payment_id,
        user_id=cart.payload.user_id,
        amount=cart.total,
        reason=decision.reason,
    )


def _sold(cart: Cart, line: OrderLine, situation: Situation) -> StockUpdatedPayload:
    # As seen when deciding; another sale may have come between, so only the delta is exact. What
    # was held for this order counts as on the shelf until now, so that the two stocks differ by it.
    seen = situation.shelves[line.sku].within_reach
    return StockUpdatedPayload(
        product_id=line.product_id,
        variation_id=line.variation_id,
        previous_stock=seen,
        new_stock=seen - line.quantity,
        reason="sale",
        order_id=cart.order_id,
        delta=-line.quantity,
    )


def _creation(cart: Cart, situation: Situation) -> AuditPayload:
    # One entry for all that the decision changed: order, checkout and hold have the same id.
    facts: dict[str, Any] = {"checkout": "confirmed"}
    if situation.hold is not None:
        facts["reservation"] = "consumed"
    return AuditPayload(
        action="order.created",
        entity_type="order",
        entity_id=cart.order_id,
        user_id=cart.payload.user_id,
        previous_state={"status": "NONE"},
        new_state={"status": "PENDING", "totalAmount": cart.total},
        metadata={"paymentId": cart.payload.payment_id, "lines": len(cart.lines), **facts},
    )


def _refusal(cart: Cart, situation: Situation, decision: Reject) -> AuditPayload:
    return AuditPayload(
        action="checkout.rejected",
        entity_type="checkout",
        entity_id=cart.order_id,
        user_id=cart.payload.user_id,
        # A command of the shop's own programs comes without a checkout.
        previous_state={"status": situation.checkout_status or "none"},
        new_state={
            "status": "rejected",
            "reason": decision.reason,
            "skus": list(decision.skus),
            "totalAmount": cart.total,
        },
        metadata={"paymentId": cart.payload.payment_id, "lines": len(cart.lines)},
    )
