"""What the reconciler tells others: the one place where its events are built."""

from datetime import datetime

from functions.reconciler.domain import OwedCheckout
from shared.commerce.lifecycle_events import step_of
from shared.contracts.analytics import AuditPayload, AuditRecorded
from shared.contracts.audit_actions import AuditAction
from shared.contracts.commands import ReleaseCommand, ReleasePayload
from shared.contracts.orders import OrderCancelled
from shared.contracts.sources import API, CHECKOUT_API, ORDERS_SERVICE
from shared.kernel.ids import caused_event_id, expiry_event_id_for, lapse_event_id_for
from shared.messaging.outbox import Outbound
from shared.storage.records.order import OrderRow
from shared.storage.records.reservation import Reservation

_UNCONFIRMED = "nothing confirmed the order in time"


def stuck_of(checkout: OwedCheckout, now: datetime) -> Outbound:
    """The audit entry of a checkout that is given up; the same id from every run, at any time."""
    audit = AuditPayload(
        action=AuditAction.CHECKOUT_STUCK,
        entity_type="checkout",
        entity_id=checkout.order_id,
        user_id=checkout.user_id,
        previous_state={"status": "accepted", "stuck": False},
        new_state={"status": "accepted", "stuck": True},
        metadata={"acceptedAt": checkout.accepted_at, "repeated": checkout.repeated},
    )
    event = AuditRecorded(
        event_id=caused_event_id(checkout.order_id, AuditAction.CHECKOUT_STUCK, 0),
        timestamp=now,
        source=API,
        correlation_id=checkout.command.correlation_id,
        causation_id=checkout.command.event_id,
        payload=audit,
    )
    return Outbound.of(event)


def lapse_of(order: OrderRow, now: datetime) -> Outbound:
    """The cancellation of an order that nothing confirmed in time; the same from every run, at any
    time.

    Raises:
        InvalidInputError: the row breaks a rule of the contract; names the field.
    """
    facts = {"reason": _UNCONFIRMED, "cancelledBy": "system", "cause": "unconfirmed"}
    event = step_of(
        OrderCancelled,
        order,
        facts,
        event_id=lapse_event_id_for(order.order_id),
        source=ORDERS_SERVICE,
        at=now,
    )
    return Outbound.of(event)


def release_of(reservation: Reservation) -> Outbound:
    """The command that ends an expired reservation: the same to the byte in every run."""
    event = ReleaseCommand(
        event_id=expiry_event_id_for(reservation.order_id, reservation.expires_at),
        timestamp=datetime.fromisoformat(reservation.expires_at),
        source=CHECKOUT_API,
        correlation_id=reservation.order_id,
        payload=ReleasePayload(
            order_id=reservation.order_id, items=reservation.lines, reason="timeout"
        ),
    )
    return Outbound.of(event)
