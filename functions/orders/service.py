"""Use cases of the orders topic."""

from functions.orders.domain import recorded
from functions.orders.ports import Timelines
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.orders import OrderCreated, OrderRejected, RefundRequested
from shared.effects import Effects, Emit, Measure
from shared.errors import NotFoundError


def record_created(event: OrderCreated, *, timelines: Timelines) -> Effects:
    """Note on the order's timeline that its creation was announced.

    Raises:
        NotFoundError: no such order; this pipeline did not create it.
        DependencyError: the store did not answer.
    """
    order_id = event.payload.order_id
    if not timelines.order_exists(order_id):
        raise NotFoundError(f"payload.orderId: there is no order {order_id}")
    return Effects(
        outcome="recorded",
        writes=[timelines.on_order(order_id, recorded(event))],
        facts={"order_id": order_id},
    )


def record_rejected(event: OrderRejected, *, timelines: Timelines) -> Effects:
    """Note on the checkout's timeline that its rejection was announced."""
    order_id = event.payload.order_id
    return Effects(
        outcome="recorded",
        writes=[timelines.on_checkout(order_id, recorded(event))],
        facts={"order_id": order_id, "reason": event.payload.reason},
    )


def request_refund(event: RefundRequested, *, timelines: Timelines) -> Effects:
    """Note that a payment must go back, and tell the audit trail: once per payment (I21).

    Raises:
        NotFoundError: no such checkout; this pipeline did not take it.
        DependencyError: the store did not answer.
    """
    payload = event.payload
    facts: dict[str, str | int] = {"order_id": payload.order_id, "payment_id": payload.payment_id}
    asked = timelines.has_refund(payload.order_id)
    if asked is None:
        raise NotFoundError(f"payload.orderId: there is no checkout {payload.order_id}")
    if asked:
        return Effects(outcome="already_requested", facts=facts)
    audit = AuditPayload(
        action="refund.requested",
        entity_type="payment",
        entity_id=payload.payment_id,
        user_id=payload.user_id,
        new_state={"status": "requested", "amount": payload.amount},
        metadata={"orderId": payload.order_id, "reason": payload.reason},
    )
    return Effects(
        outcome="requested",
        writes=[timelines.refund(event)],
        emits=[Emit(AuditRecorded, audit)],
        measures=(Measure("RefundsRequested", 1, {"reason": payload.reason}),),
        facts=facts,
    )
