"""Use cases of the public API.

``shopper`` is who signed in, None where the shop sells to strangers: then whoever knows a payment
or an order may speak for it.
"""

from typing import Literal

from functions.checkout.domain import Cart, cart_of, check, is_worth_cancelling
from functions.checkout.ports import Checkouts, StoredCheckout
from shared.commerce.lifecycle_events import step_of
from shared.commerce.payment_identity import differing
from shared.contracts.commands import CheckoutCommand, CheckoutPayload
from shared.contracts.orders import OrderCancelled
from shared.contracts.sources import CHECKOUT_API
from shared.kernel.clock import Clock
from shared.kernel.errors import ForeignUserError, NotFoundError, PaymentReusedError, PublishError
from shared.kernel.ids import cancellation_event_id_for, checkout_event_id_for
from shared.messaging.outbox import Outbound
from shared.messaging.ports import Publisher
from shared.telemetry.ports import Telemetry

_NO_REASON = "cancelled by the customer"


def accept(
    payload: CheckoutPayload,
    *,
    shopper: str | None,
    correlation_id: str | None,
    checkouts: Checkouts,
    publisher: Publisher,
    clock: Clock,
    telemetry: Telemetry,
) -> StoredCheckout:
    """Accept a paid cart: check it, store it, send its command on its way.

    Repeating the same request gives the stored answer and, while it is undecided, sends the same
    command again; nothing can come of it twice.

    Raises:
        ForeignUserError: the cart is another user's than the shopper's.
        InvalidInputError, PriceChangedError, OutOfStockError: the cart cannot be taken as it is.
        PaymentReusedError: the payment belongs to another cart, or to somebody else.
        DependencyError: the store did not answer.
    """
    if shopper is not None and payload.user_id != shopper:
        raise ForeignUserError("userId")
    cart = cart_of(payload)
    stored, catalogue = checkouts.look(cart)
    if stored is None:
        checked = check(cart, catalogue)
        command = _command(cart, checked, correlation_id, clock)
        stored = checkouts.accept(cart, command)
    fields = differing(cart.identity, stored.identity)
    if fields or stored.digest != cart.digest:
        raise PaymentReusedError(fields or ("items",))
    if stored.status == "accepted" and stored.command is not None:
        _publish(stored, stored.command, publisher, telemetry)
    return stored


def _publish(
    stored: StoredCheckout, command: Outbound, publisher: Publisher, telemetry: Telemetry
) -> None:
    facts = {"order_id": stored.order_id, "payment_id": stored.payment_id}
    try:
        publisher.publish([command])
    except PublishError:
        # Accepted is accepted: the command is stored with the checkout, and the reconciler sends
        # it. Refusing now would tell the shopper that nothing was bought, which may be untrue.
        telemetry.warning("Could not publish command.checkout yet", **facts)
        telemetry.count("CheckoutsUnpublished")
    else:
        event_id = command.event_id
        telemetry.info("Published command.checkout", published_event_id=event_id, **facts)


def status_of(order_id: str, *, shopper: str | None, checkouts: Checkouts) -> StoredCheckout:
    """What became of a checkout.

    Raises:
        NotFoundError: there is none, or it is somebody else's; the same whatever the id (S20).
        DependencyError: the store did not answer.
    """
    stored = checkouts.find(order_id)
    if stored is None or (shopper is not None and stored.user_id != shopper):
        raise NotFoundError("there is no such checkout")
    return stored


def cancel(
    order_id: str,
    *,
    shopper: str,
    reason: str | None,
    checkouts: Checkouts,
    publisher: Publisher,
    clock: Clock,
    telemetry: Telemetry,
) -> Literal["cancelling", "cancelled"]:
    """Ask for an order's cancellation; it is promised once QStash has the event.

    The orders function decides, so a shipment that comes first wins. However often a shopper
    clicks, the event is the same one.

    Raises:
        NotFoundError: there is no such checkout of this shopper's.
        CheckoutUndecidedError, CheckoutRejectedError, AlreadyShippedError: nothing to cancel.
        PublishError: QStash did not take it, or did not say so; repeating is harmless.
        DependencyError: the store did not answer.
    """
    stored = status_of(order_id, shopper=shopper, checkouts=checkouts)
    worth_it = is_worth_cancelling(stored.status, stored.order_status)
    if stored.order is None or not worth_it:  # without an order the line above has refused
        return "cancelled"
    event = step_of(
        OrderCancelled,
        stored.order,
        {"reason": reason or _NO_REASON, "cancelledBy": "user"},
        event_id=cancellation_event_id_for(order_id),
        source=CHECKOUT_API,
        at=clock.now(),
    )
    publisher.publish([Outbound.of(event)])
    telemetry.info(
        "Published order.cancelled", published_event_id=event.event_id, order_id=order_id
    )
    return "cancelling"


def _command(
    cart: Cart, checked: CheckoutPayload, correlation_id: str | None, clock: Clock
) -> Outbound:
    event = CheckoutCommand(
        event_id=checkout_event_id_for(cart.payload.payment_id),
        timestamp=clock.now(),
        source=CHECKOUT_API,
        # One name for everything that follows; an order's own id unless the caller has one.
        correlation_id=correlation_id or cart.order_id,
        payload=checked,
    )
    return Outbound.of(event)
