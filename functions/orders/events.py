"""What others are told when an order moves: built from the order as it is stored."""

from collections.abc import Mapping
from typing import Any

from functions.orders.domain import Order, Verdict
from shared.contracts.analytics import AuditPayload
from shared.contracts.envelope import plain
from shared.contracts.inventory import StockUpdatedPayload
from shared.contracts.lines import OrderLine
from shared.contracts.notifications import EmailPayload
from shared.contracts.orders import RefundPayload
from shared.contracts.topics import (
    ORDER_CANCELLED,
    ORDER_CONFIRMED,
    ORDER_DELIVERED,
    ORDER_SHIPPED,
)

# Template and subject of the mail that each step sends; a step without one sends none.
_MAILS: Mapping[str, tuple[str, str]] = {
    ORDER_CONFIRMED: ("order-confirmed", "Your order is confirmed"),
    ORDER_SHIPPED: ("order-shipped", "Your order is on its way"),
    ORDER_DELIVERED: ("order-delivered", "Your order has arrived"),
    ORDER_CANCELLED: ("order-cancelled", "Your order is cancelled"),
}


def mail_of(event_type: str, order: Order, facts: Mapping[str, str]) -> EmailPayload | None:
    """The mail to the customer, None for a step that sends none."""
    known = _MAILS.get(event_type)
    return None if known is None else _mail(*known, order, facts)


def correction_mail_of(order: Order, tracking: Mapping[str, str]) -> EmailPayload:
    """The mail to the customer with the tracking that counts now."""
    return _mail("order-shipped", "Your parcel has new tracking", order, tracking)


def _mail(template: str, subject: str, order: Order, facts: Mapping[str, str]) -> EmailPayload:
    data: dict[str, Any] = {
        "orderId": order.order_id,
        "customerName": order.customer_name,
        "items": [plain(line) for line in order.lines],
        "totalAmount": order.total,
        **facts,
    }
    return EmailPayload(
        to=order.customer_email,
        subject=f"{subject} - {order.order_id}",
        template_id=template,
        template_data=data,
        priority="normal",
        user_id=order.user_id,
    )


def audit_of(event_type: str, order: Order, to: str, facts: Mapping[str, str]) -> AuditPayload:
    """The audit entry, with the state before and after."""
    return _audit(event_type, order, to, facts)


def ignored_of(
    event_type: str, verdict: Verdict, order: Order, facts: Mapping[str, str]
) -> AuditPayload:
    """The audit entry of an event that changed nothing. Its action is another one than that of the
    step, so that nobody who counts steps counts it."""
    return _audit(
        f"{event_type}.{verdict}", order, order.status, {**facts, "verdict": verdict.value}
    )


def correction_audit_of(order: Order, tracking: Mapping[str, str]) -> AuditPayload:
    """The audit entry of corrected tracking, with what was said before."""
    return AuditPayload(
        action=f"{ORDER_SHIPPED}.{Verdict.CORRECTED}",
        entity_type="order",
        entity_id=order.order_id,
        user_id=order.user_id,
        previous_state={"status": order.status, **order.tracking},
        new_state={"status": order.status, **tracking},
        metadata={"verdict": Verdict.CORRECTED.value},
    )


def _audit(action: str, order: Order, to: str, facts: Mapping[str, str]) -> AuditPayload:
    return AuditPayload(
        action=action,
        entity_type="order",
        entity_id=order.order_id,
        user_id=order.user_id,
        previous_state={"status": order.status},
        new_state={"status": to},
        metadata=dict(facts),
    )


def returned_of(order: Order, line: OrderLine, available: int) -> StockUpdatedPayload:
    """Units that are available again; the two stocks as seen, the delta exact."""
    return StockUpdatedPayload(
        product_id=line.product_id,
        variation_id=line.variation_id,
        previous_stock=available,
        new_stock=available + line.quantity,
        reason="return",
        order_id=order.order_id,
        delta=line.quantity,
    )


def refund_of(order: Order) -> RefundPayload:
    """What was paid goes back."""
    return RefundPayload(
        order_id=order.order_id,
        payment_id=order.payment_id,
        user_id=order.user_id,
        amount=order.total,
        reason="cancelled",
    )
