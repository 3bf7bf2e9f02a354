"""The events about a new order, about a rejected checkout, and about reserved units that move."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from functions.commands.domain import (
    CheckoutSnapshot,
    Reject,
)
from shared.commerce.cart import Cart
from shared.commerce.order_status import CONFIRMATION, PENDING
from shared.commerce.payment_trust import payment_vouched
from shared.contracts.actor import Actor
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.audit_actions import AuditAction
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
from shared.contracts.statuses import Trust
from shared.contracts.topics import Topic
from shared.messaging.outbox import Emit
from shared.storage.records.reservation import ReservationStatus
from shared.storage.records.stock import StockRow

# Who decides about checkouts and reservations.
_COMMANDS = Actor.system(Topic.COMMANDS)


def release_of(snapshot: CheckoutSnapshot) -> Sequence[Emit]:
    """What ends the reservation of a rejected cart: a rejection is final, so the order never comes."""
    reservation = snapshot.reservation
    if reservation is None:
        return []
    payload = ReleasePayload(
        order_id=reservation.order_id, items=reservation.lines, reason="failed"
    )
    return [Emit(ReleaseCommand, payload)]


def order_of(cart: Cart) -> OrderPayload:
    """The order as the command made it."""
    return OrderPayload(
        order_id=cart.order_id,
        user_id=cart.payload.user_id,
        customer_name=cart.payload.customer_name,
        customer_email=cart.payload.customer_email,
        customer_address=cart.payload.customer_address,
        items=cart.lines,
        total_amount=cart.total,
        status=PENDING.status,
    )


def _mail(
    cart: Cart, trust: Trust, *, subject: str, template: str, data: dict[str, Any]
) -> EmailPayload:
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
        trust=trust,
    )


def _catalogued(cart: Cart, snapshot: CheckoutSnapshot) -> Sequence[OrderLine]:
    """The lines with the catalogue's names: what the cart calls them may be a stranger's words (S41)."""
    stock = snapshot.stock
    return [
        line.model_copy(
            update={"product_name": stock[line.sku].title if line.sku in stock else None}
        )
        for line in cart.lines
    ]


def confirmation_of(cart: Cart, snapshot: CheckoutSnapshot, accepted_at: datetime) -> EmailPayload:
    """The mail that confirms the order.

    Args:
        accepted_at: when the API accepted the cart, so that the way to the mailbox can be timed.
    """
    return _mail(
        cart,
        snapshot.trust,
        subject=f"{CONFIRMATION.subject} - {cart.order_id}",
        template=CONFIRMATION.template,
        data={"items": [plain(line) for line in _catalogued(cart, snapshot)]},
    ).model_copy(update={"accepted_at": accepted_at})


def apology_of(cart: Cart, snapshot: CheckoutSnapshot, decision: Reject) -> EmailPayload:
    """The mail that says why there is no order."""
    return _mail(
        cart,
        snapshot.trust,
        subject=f"About your order {cart.order_id}",
        template="order-rejected",
        data={
            "items": [plain(line) for line in _catalogued(cart, snapshot)],
            "reason": decision.reason,
        },
    )


def rejection_of(cart: Cart, decision: Reject) -> RejectedPayload:
    """The rejection as a fact, with the SKUs that are the reason."""
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


def refund_of(cart: Cart, snapshot: CheckoutSnapshot, decision: Reject) -> RefundPayload:
    """What was paid and became no order goes back, once (I21)."""
    return RefundPayload(
        order_id=cart.order_id,
        payment_id=cart.payload.payment_id,
        user_id=cart.payload.user_id,
        amount=cart.total,
        reason=decision.reason,
        payment_vouched=payment_vouched(snapshot.trust),
    )


def sale_of(cart: Cart, line: OrderLine, snapshot: CheckoutSnapshot) -> StockUpdatedPayload:
    """Units of a line that were sold; the two stocks as seen, the delta exact."""
    # As seen when deciding; another sale may have come between, so only the delta is exact. What
    # was reserved for this order counts as available until now, so that the two stocks differ by it.
    seen = snapshot.orderable(line.sku)
    return StockUpdatedPayload(
        product_id=line.product_id,
        variation_id=line.variation_id,
        previous_stock=seen,
        new_stock=seen - line.quantity,
        reason="sale",
        order_id=cart.order_id,
        delta=-line.quantity,
    )


def creation_audit_of(cart: Cart, snapshot: CheckoutSnapshot) -> AuditPayload:
    """The audit entry of an order that came to be."""
    # One entry for all that the decision changed: order, checkout and reservation have the same id.
    facts: dict[str, Any] = {"checkout": "confirmed"}
    if snapshot.reservation is not None:
        facts["reservation"] = "consumed"
    return AuditPayload(
        action=AuditAction.ORDER_CREATED,
        entity_type="order",
        entity_id=cart.order_id,
        user_id=cart.payload.user_id,
        previous_state={"status": "NONE"},
        new_state={"status": PENDING.status, "totalAmount": cart.total},
        metadata={
            "paymentId": cart.payload.payment_id,
            "lines": len(cart.lines),
            **facts,
            **Actor.customer(cart.payload.user_id).as_metadata(),
        },
    )


def rejection_audit_of(cart: Cart, snapshot: CheckoutSnapshot, decision: Reject) -> AuditPayload:
    """The audit entry of a checkout that became no order."""
    return AuditPayload(
        action=AuditAction.CHECKOUT_REJECTED,
        entity_type="checkout",
        entity_id=cart.order_id,
        user_id=cart.payload.user_id,
        # A command of the shop's own programs comes without a checkout.
        previous_state={"status": snapshot.checkout_status or "none"},
        new_state={
            "status": "rejected",
            "reason": decision.reason,
            "skus": list(decision.skus),
            "totalAmount": cart.total,
        },
        metadata={
            "paymentId": cart.payload.payment_id,
            "lines": len(cart.lines),
            **_COMMANDS.as_metadata(),
        },
    )


def available_again(
    order_id: str, lines: Sequence[StockLine], stock: Mapping[str, StockRow]
) -> Sequence[Emit]:
    """Units of a reservation that can be bought again, of each SKU that is still in the catalogue.

    More units are available than before, so the alert may be due again; nothing was sold or bought,
    so the delta is zero.
    """
    return [
        Emit(
            StockUpdated,
            StockUpdatedPayload(
                product_id=line.product_id,
                variation_id=line.variation_id,
                previous_stock=stock[line.sku].available,
                new_stock=stock[line.sku].available + line.quantity,
                reason="adjustment",
                order_id=order_id,
                delta=0,
            ),
        )
        for line in lines
        if line.sku in stock
    ]


def audited(
    order_id: str,
    action: AuditAction,
    lines: Sequence[StockLine],
    *,
    before: ReservationStatus | None,
    after: ReservationStatus | Literal["refused"],
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
            metadata=_COMMANDS.as_metadata(),
        ),
    )
