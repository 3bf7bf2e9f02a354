"""Use cases of the orders topic."""

from collections.abc import Mapping, Sequence

from functions.orders.domain import (
    Verdict,
    asks_refund,
    await_decision,
    await_order,
    contradicted,
    correction_of,
    entry_of,
    owed,
    recorded,
    remarks_on,
    verdict_of,
)
from functions.orders.events import (
    LifecycleEvent,
    audit_of,
    correction_audit_of,
    correction_mail_of,
    ignored_of,
    mail_of,
    refund_audit_of,
    refund_of,
    returned_of,
)
from functions.orders.ports import Orders
from shared.commerce.order_status import STEPS
from shared.contracts.analytics import AuditRecorded
from shared.contracts.inventory import StockUpdated
from shared.contracts.notifications import EmailRequested
from shared.contracts.orders import (
    CancelledPayload,
    DeliveredPayload,
    OrderCancelled,
    OrderCreated,
    OrderRejected,
    OrderShipped,
    RefundRequested,
    ShippedPayload,
)
from shared.kernel.clock import iso
from shared.kernel.errors import StoredFactError
from shared.messaging.effects import Effects
from shared.messaging.outbox import Emit
from shared.storage.records.checkout import CheckoutRow, CheckoutState
from shared.storage.records.order import OrderRow
from shared.storage.records.stock import StockRow
from shared.storage.writes import Write
from shared.telemetry import metrics
from shared.telemetry.measurement import Measure


def record_created(event: OrderCreated, *, orders: Orders) -> Effects:
    """Note on the order's timeline that its creation was announced.

    Raises:
        PredecessorMissingError: there is no such order yet.
        CheckoutRejectedError, NotFoundError: there never will be one.
        DependencyError: the store did not answer.
    """
    order = existing(event.payload.order_id, orders)
    return Effects(
        outcome="recorded",
        writes=[orders.note(order, recorded(event))],
        facts={"order_id": order.order_id},
    )


def advance(event: LifecycleEvent, *, orders: Orders) -> Effects:
    """Take an order along its life, or note why the event does not (I20).

    An event that comes before what it follows upon waits for that: nothing of it is lost (I28).

    What follows from it (mail, audit; for a cancellation also stock and refund) comes from the
    order as it is stored, never from what the event says of it.

    Raises:
        PredecessorMissingError: there is no such order yet, or it is not that far.
        CheckoutRejectedError, NotFoundError: there never will be one.
        DependencyError: the store did not answer.
    """
    order = existing(event.payload.order_id, orders)
    verdict = verdict_of(event, order.status)
    facts = _facts(event)
    entry = entry_of(event, verdict, facts)
    if verdict is Verdict.REPEATED and isinstance(event, OrderShipped):
        tracking = correction_of(order, facts, iso(event.timestamp))
        if tracking is not None:
            return _corrected(event, order, tracking, orders)
    if verdict is not Verdict.APPLIED:
        ignored = ignored_of(event, verdict, order, {**facts, **remarks_on(event.payload, order)})
        return Effects(
            outcome=verdict.value,
            writes=[orders.note(order, entry)],
            emits=[Emit(AuditRecorded, ignored)],
            measures=(metrics.MOVES_IGNORED.of(1, verdict=verdict.value),),
            facts={"order_id": order.order_id, "status": order.status},
        )
    to = STEPS[event.event_type].status
    stored = told = facts
    if isinstance(event, OrderShipped):
        stored = {**facts, "trackingAt": iso(event.timestamp)}
    writes: list[Write] = [orders.move(order, to, entry, stored)]
    emits: list[Emit] = []
    if isinstance(event, OrderCancelled):
        stock = orders.stock_of(order)
        writes += orders.return_to_stock(order, stock)
        emits += _returned(order, stock)
        if asks_refund(event, order):
            emits.append(Emit(RefundRequested, refund_of(order)))
        else:
            told = {**told, "refund": "none"}
    emits += _mail_and_audit(event, order, to, told)
    return Effects(
        outcome="applied",
        writes=writes,
        emits=emits,
        measures=_counted(event, to),
        facts={"order_id": order.order_id, "status": to},
        message=f"Order is {to}",
    )


def _corrected(
    event: OrderShipped, order: OrderRow, tracking: Mapping[str, str], orders: Orders
) -> Effects:
    """The parcel has another number or carrier than was said: the customer must follow the right
    one, and hears of it."""
    entry = entry_of(event, Verdict.CORRECTED, _facts(event))
    return Effects(
        outcome=Verdict.CORRECTED.value,
        writes=[orders.correct(order, entry, tracking, at=iso(event.timestamp))],
        emits=[
            Emit(EmailRequested, correction_mail_of(order, tracking)),
            Emit(AuditRecorded, correction_audit_of(event, order, tracking)),
        ],
        measures=(metrics.TRACKING_CORRECTIONS.of(1),),
        facts={"order_id": order.order_id, "status": order.status},
        message="Tracking is corrected",
    )


def record_rejected(event: OrderRejected, *, orders: Orders) -> Effects:
    """Note on the checkout's timeline that its rejection was announced.

    Raises:
        PredecessorMissingError: nothing was decided about it yet.
        NotFoundError: there never will be such a checkout.
        StoredFactError: it was not rejected, or it is of another payment or user.
        DependencyError: the store did not answer.
    """
    checkout = _decided(event.payload.order_id, orders)
    if fields := contradicted(event.payload, checkout):
        raise StoredFactError(fields)
    return Effects(
        outcome="recorded",
        writes=[orders.note_checkout(checkout, recorded(event))],
        facts={"order_id": checkout.order_id, "reason": event.payload.reason},
    )


def request_refund(event: RefundRequested, *, orders: Orders) -> Effects:
    """Note that a payment must go back, and tell the audit trail: once per payment (I21).

    What goes back, and to whom, is what is stored: an event that says otherwise is refused, and
    kept as a dead letter. The rejection or cancellation itself asks for the right refund.

    Raises:
        PredecessorMissingError: nothing was decided about the checkout yet, or its order is not
            cancelled yet.
        NotFoundError: there never will be such a checkout.
        AlreadyShippedError: its order left, and so can never be cancelled.
        StoredFactError: another payment, user or amount than what is stored.
        DependencyError: the store did not answer.
    """
    order_id = event.payload.order_id
    checkout = _decided(order_id, orders)
    order = None if checkout.status == "rejected" else existing(order_id, orders)
    payload = owed(event.payload, checkout, order)
    facts: dict[str, str | int] = {"order_id": order_id, "payment_id": payload.payment_id}
    asked = checkout.refund is not None
    if asked:
        return Effects(outcome="already_requested", facts=facts)
    return Effects(
        outcome="requested",
        writes=[orders.refund(event, payload)],
        emits=[Emit(AuditRecorded, refund_audit_of(payload))],
        measures=(metrics.REFUNDS_REQUESTED.of(1, reason=payload.reason),),
        facts=facts,
    )


def _counted(event: LifecycleEvent, to: str) -> Sequence[Measure]:
    moved = metrics.ORDERS_MOVED.of(1, status=to)
    if not isinstance(event, OrderCancelled):
        return [moved]
    return [moved, metrics.ORDERS_CANCELLED.of(1, by=event.payload.cancelled_by)]


def existing(order_id: str, orders: Orders) -> OrderRow:
    """The order that an event is about.

    Raises:
        PredecessorMissingError: there is no such order yet.
        CheckoutRejectedError, NotFoundError: there never will be one.
        DependencyError: the store did not answer.
    """
    order = orders.find(order_id)
    if order is None:
        raise await_order(order_id, _state(orders.find_checkout(order_id)))
    return order


def _decided(order_id: str, orders: Orders) -> CheckoutRow:
    checkout = orders.find_checkout(order_id)
    state = _state(checkout)
    if checkout is None or state == "accepted":
        raise await_decision(order_id, state)
    return checkout


def _state(checkout: CheckoutRow | None) -> CheckoutState | None:
    # A row that has nothing but a refund, from before refunds waited for their checkout, is there:
    # its checkout is on its way.
    return None if checkout is None else checkout.status or "accepted"


def _returned(order: OrderRow, stock: Mapping[str, StockRow]) -> Sequence[Emit]:
    return [
        Emit(StockUpdated, returned_of(order, line, stock[line.sku].available))
        for line in order.lines
        if line.sku in stock
    ]


def _mail_and_audit(
    event: LifecycleEvent, order: OrderRow, to: str, facts: Mapping[str, str]
) -> Sequence[Emit]:
    mail = mail_of(event.event_type, order, facts)
    told = [Emit(EmailRequested, mail)] if mail is not None else []
    remarks = remarks_on(event.payload, order)
    audit = audit_of(event, order, to, {**facts, **remarks})
    return [*told, Emit(AuditRecorded, audit)]


def _facts(event: LifecycleEvent) -> dict[str, str]:
    match event.payload:
        case ShippedPayload() as shipped:
            known = {
                "carrier": shipped.carrier,
                "trackingNumber": shipped.tracking_number,
                "trackingUrl": shipped.tracking_url,
            }
        case DeliveredPayload() as delivered:
            known = {"deliveredAt": delivered.delivered_at.isoformat()}
        case CancelledPayload() as cancelled:
            known = {
                "reason": cancelled.reason,
                "cancelledBy": cancelled.cancelled_by,
                "cause": cancelled.cause,
            }
        case _:
            known = {}
    return {name: value for name, value in known.items() if value is not None}
