"""What others are told when held units move."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from functions.commands.domain import (
    Cart,
    Reject,
    Situation,
)
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.commands import ReleaseCommand, ReleasePayload
from shared.contracts.envelope import plain
from shared.contracts.inventory import StockUpdated, StockUpdatedPayload
from shared.contracts.lines import OrderLine, StockLine
from shared.contracts.notifications import EmailPayload
from shared.contracts.orders import (
    OrderPayload,
    RefundPayload,
    RejectedPayload,
)
from shared.messaging.outbox import Emit
from shared.storage.records.reservation import HoldStatus


def _no_longer_held(situation: Situation) -> Sequence[Emit]:
    # A rejection is final: nobody can buy what is held for this order any more.
    hold = situation.hold
    if hold is None:
        return []
    payload = ReleasePayload(order_id=hold.order_id, items=hold.lines, reason="failed")
    return [Emit(ReleaseCommand, payload)]


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


def back_on_shelf(
    order_id: str, lines: Sequence[StockLine], available: Mapping[str, int]
) -> Sequence[Emit]:
    """Units of a hold that can be bought again, by SKU that is still in the catalogue.

    The shelf has more than before, so its alert may be due again; nothing was sold or bought, so
    the delta is nought.
    """
    return [
        Emit(
            StockUpdated,
            StockUpdatedPayload(
                product_id=line.product_id,
                variation_id=line.variation_id,
                previous_stock=available[line.sku],
                new_stock=available[line.sku] + line.quantity,
                reason="adjustment",
                order_id=order_id,
                delta=0,
            ),
        )
        for line in lines
        if line.sku in available
    ]


def audited(
    order_id: str,
    action: str,
    lines: Sequence[StockLine],
    *,
    before: HoldStatus | None,
    after: HoldStatus | Literal["refused"],
    **facts: str,
) -> Emit:
    """The audit entry about a reservation."""
    state: dict[str, Any] = {"status": str(after), "items": [plain(line) for line in lines]}
    return Emit(
        AuditRecorded,
        AuditPayload(
            action=action,
            entity_type="reservation",
            entity_id=order_id,
            previous_state={"status": "none" if before is None else before.value},
            new_state={**state, **facts},
        ),
    )
