"""The events about an order that moves, built from the order as it is stored."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from functions.orders.domain import Verdict
from shared.commerce.order_status import ON_ITS_WAY, STEPS, CustomerMail
from shared.commerce.payment_trust import payment_vouched
from shared.contracts.actor import Actor
from shared.contracts.analytics import AuditPayload
from shared.contracts.audit_actions import AuditAction
from shared.contracts.envelope import plain
from shared.contracts.inventory import StockUpdatedPayload
from shared.contracts.lines import OrderLine
from shared.contracts.notifications import EmailPayload
from shared.contracts.orders import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderProcessing,
    OrderShipped,
    RefundPayload,
)
from shared.contracts.topics import Topic
from shared.storage.records.order import OrderRow

LifecycleEvent: TypeAlias = (
    OrderConfirmed | OrderProcessing | OrderShipped | OrderDelivered | OrderCancelled
)

_NEW_TRACKING = CustomerMail(ON_ITS_WAY.template, "Your parcel has new tracking")


def mail_of(event_type: str, order: OrderRow, facts: Mapping[str, str]) -> EmailPayload | None:
    """The mail to the customer, None for a step that sends none, and for a customer who was erased."""
    mail = STEPS[event_type].mail
    return None if mail is None or order.erased_at else _mail(mail, order, facts)


def correction_mail_of(order: OrderRow, tracking: Mapping[str, str]) -> EmailPayload:
    """The mail to the customer with the tracking that counts now."""
    return _mail(_NEW_TRACKING, order, tracking)


def _mail(mail: CustomerMail, order: OrderRow, facts: Mapping[str, str]) -> EmailPayload:
    data: dict[str, Any] = {
        "orderId": order.order_id,
        "customerName": order.customer_name,
        "items": [plain(line) for line in order.lines],
        "totalAmount": order.total,
        **facts,
    }
    return EmailPayload(
        to=order.customer_email,
        subject=f"{mail.subject} - {order.order_id}",
        template_id=mail.template,
        template_data=data,
        priority="normal",
        user_id=order.user_id,
        trust=order.trust,
    )


def audit_of(
    event: LifecycleEvent, order: OrderRow, to: str, facts: Mapping[str, str]
) -> AuditPayload:
    """The audit entry, with the state before and after."""
    return _audit(AuditAction.of(event.event_type), order, to, facts, actor_of(event, order))


def ignored_of(
    event: LifecycleEvent, verdict: Verdict, order: OrderRow, facts: Mapping[str, str]
) -> AuditPayload:
    """The audit entry of an event that changed nothing. Its action is another one than that of the
    step, so that a count of steps leaves it out."""
    return _audit(
        AuditAction.of(event.event_type, verdict),
        order,
        order.status,
        {**facts, "verdict": verdict.value},
        actor_of(event, order),
    )


def correction_audit_of(
    event: LifecycleEvent, order: OrderRow, tracking: Mapping[str, str]
) -> AuditPayload:
    """The audit entry of corrected tracking, with what was said before."""
    return AuditPayload(
        action=AuditAction.ORDER_SHIPPED_CORRECTED,
        entity_type="order",
        entity_id=order.order_id,
        user_id=order.user_id,
        previous_state={"status": order.status, **order.tracking},
        new_state={"status": order.status, **tracking},
        metadata={
            "verdict": Verdict.CORRECTED.value,
            **actor_of(event, order).as_metadata(),
        },
    )


def actor_of(event: LifecycleEvent, order: OrderRow) -> Actor:
    """Who took the order to its next step: the event names one only of a cancellation."""
    if not isinstance(event, OrderCancelled):
        return Actor.system(event.source)
    return Actor.who_cancelled(
        event.payload.cancelled_by, user_id=order.user_id, source=event.source
    )


def _audit(
    action: AuditAction, order: OrderRow, to: str, facts: Mapping[str, str], actor: Actor
) -> AuditPayload:
    return AuditPayload(
        action=action,
        entity_type="order",
        entity_id=order.order_id,
        user_id=order.user_id,
        previous_state={"status": order.status},
        new_state={"status": to},
        metadata={**facts, **actor.as_metadata()},
    )


def returned_of(order: OrderRow, line: OrderLine, available: int) -> StockUpdatedPayload:
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


def refund_of(order: OrderRow) -> RefundPayload:
    """What was paid goes back."""
    return RefundPayload(
        order_id=order.order_id,
        payment_id=order.payment_id,
        user_id=order.user_id,
        amount=order.total,
        reason="cancelled",
        payment_vouched=payment_vouched(order.trust),
    )


def refund_audit_of(refund: RefundPayload) -> AuditPayload:
    """The audit entry of money that is asked back."""
    return AuditPayload(
        action=AuditAction.REFUND_REQUESTED,
        entity_type="payment",
        entity_id=refund.payment_id,
        user_id=refund.user_id,
        previous_state={"status": "none"},
        new_state={"status": "requested", "amount": refund.amount},
        metadata={
            "orderId": refund.order_id,
            "reason": refund.reason,
            **({} if refund.payment_vouched is None else {"paymentVouched": False}),
            **Actor.system(Topic.ORDERS).as_metadata(),
        },
    )
