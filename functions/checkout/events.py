"""What the storefront tells others: the one place where its events are built."""

from collections.abc import Mapping
from datetime import datetime

from shared.commerce.cart import Cart
from shared.commerce.contact import correction_of
from shared.commerce.lifecycle_events import step_of
from shared.contracts.commands import CheckoutCommand, CheckoutPayload
from shared.contracts.orders import OrderCancelled, OrderCorrected
from shared.contracts.sources import CHECKOUT_API
from shared.kernel.ids import OrderIds, cancellation_event_id_for, checkout_event_id_for
from shared.storage.records.order import OrderRow

_NO_REASON = "cancelled by the customer"
_NO_REASON_TO_CORRECT = "corrected by the customer"


def command_of(
    cart: Cart, checked: CheckoutPayload, correlation_id: str | None, at: datetime
) -> CheckoutCommand:
    """The command that makes an order of a cart; its id is a function of the payment's.

    Args:
        checked: the payload with the catalogue's names.
    """
    return CheckoutCommand(
        event_id=checkout_event_id_for(cart.payload.payment_id),
        timestamp=at,
        source=CHECKOUT_API,
        # One name for everything that follows; an order's own id unless the caller has one.
        correlation_id=correlation_id or cart.order_id,
        payload=checked,
    )


def cancellation_of(
    order: OrderRow, order_id: str, reason: str | None, at: datetime
) -> OrderCancelled:
    """The shopper's cancellation of an order; the same id however often it is asked for.

    Args:
        order: its row as stored.
        reason: the shopper's own words, if there are any.
    """
    return step_of(
        OrderCancelled,
        order,
        {"reason": reason or _NO_REASON, "cancelledBy": "user"},
        event_id=cancellation_event_id_for(order_id),
        source=CHECKOUT_API,
        at=at,
    )


def correction_by_customer(
    order: OrderRow, contact: Mapping[str, str], reason: str | None, ids: OrderIds, at: datetime
) -> OrderCorrected | None:
    """The shopper's correction of an order, None if the order says all of it already.

    Args:
        order: its row as stored.
        contact: the fields to correct, by name on the wire.
        reason: the shopper's own words, if there are any.
        ids: they have the key that makes the event's id.
    """
    why = reason or _NO_REASON_TO_CORRECT
    said = (part for name in sorted(contact) for part in (name, contact[name]))
    return correction_of(
        order,
        contact,
        reason=why,
        by="user",
        event_id=ids.correction_event_id(order.order_id, order.customer_corrections, why, *said),
        source=CHECKOUT_API,
        at=at,
    )
