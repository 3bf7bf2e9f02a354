"""Use cases of the public API."""

from functions.checkout.domain import Cart, cart_of, check
from functions.checkout.ports import Checkouts, StoredCheckout
from shared.clock import Clock
from shared.contracts.commands import CheckoutCommand, CheckoutPayload
from shared.contracts.sources import CHECKOUT_API
from shared.effects import Outbound
from shared.errors import NotFoundError, PaymentReusedError, PublishError
from shared.ids import checkout_event_id_for
from shared.ports import Publisher, Telemetry


def accept(
    payload: CheckoutPayload,
    *,
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
        InvalidInputError, PriceChangedError, OutOfStockError: the cart cannot be taken as it is.
        PaymentReusedError: the payment belongs to another cart.
        DependencyError: the store did not answer.
    """
    cart = cart_of(payload)
    stored, catalogue = checkouts.look(cart)
    if stored is None:
        checked = check(cart, catalogue)
        command = _command(cart, checked, correlation_id, clock)
        stored = checkouts.accept(cart, command)
    if stored.digest != cart.digest:
        raise PaymentReusedError("paymentId: already belongs to another cart")
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


def status_of(order_id: str, *, checkouts: Checkouts) -> StoredCheckout:
    """What became of a checkout.

    Raises:
        NotFoundError: there is none; the same whatever the id looks like (S20).
        DependencyError: the store did not answer.
    """
    stored = checkouts.find(order_id)
    if stored is None:
        raise NotFoundError("there is no such checkout")
    return stored


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
