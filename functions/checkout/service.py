"""Use cases of the public API.

``shopper`` is who signed in, None where the shop sells to strangers: there, who knows a payment
or an order may speak for it.
"""

from collections.abc import Mapping
from typing import Literal

from functions.checkout.allowance import Allowance
from functions.checkout.domain import check, check_contact, correctable, is_worth_cancelling
from functions.checkout.events import cancellation_of, command_of, correction_by_customer
from functions.checkout.ports import Checkouts, NothingLeftError, StoredCheckout
from shared.commerce.cart import Cart
from shared.commerce.contact import MOST_BY_CUSTOMER, may_customer_correct
from shared.commerce.payment_identity import differing
from shared.contracts.commands import CheckoutPayload
from shared.kernel.errors import (
    CorrectionsUsedError,
    ForeignUserError,
    NotFoundError,
    PaymentReusedError,
    PublishError,
)
from shared.kernel.ids import OrderIds
from shared.messaging.outbox import Outbound
from shared.messaging.ports import CorePorts


class CheckoutService:
    """Takes checkouts, says what became of them, and takes their cancellations and corrections.

    Args:
        ids: the order ids of this stage's payments.
        allowance: what a caller may order, where nothing vouches for the payments; None where the
            shop's server signs every request.
    """

    def __init__(
        self,
        checkouts: Checkouts,
        ports: CorePorts,
        ids: OrderIds,
        allowance: Allowance | None,
    ) -> None:
        self._checkouts, self._ids, self._allowance = checkouts, ids, allowance
        self._publisher, self._clock = ports.publisher, ports.clock
        self._telemetry = ports.telemetry

    def accept(
        self,
        payload: CheckoutPayload,
        *,
        shopper: str | None,
        caller: str,
        correlation_id: str | None,
    ) -> StoredCheckout:
        """Accept a paid cart: check it, store it, send its command on its way.

        Repeating the same request gives the stored answer and, while it is undecided, sends the
        same command again; nothing can come of it twice.

        Args:
            caller: the network address that the request came from.

        Raises:
            ForeignUserError: the cart is another user's than the shopper's.
            AllowanceUsedError: the caller ordered enough within this hour.
            InvalidInputError, PriceChangedError, OutOfStockError: the cart cannot be taken as it is.
            PaymentReusedError: the payment belongs to another cart, or to another user.
            DependencyError: the store did not answer.
        """
        if shopper is not None and payload.user_id != shopper:
            raise ForeignUserError("userId")
        cart, stored, catalogue = self._checkouts.look(Cart.of(payload, self._ids))
        if stored is None:
            checked = check(cart, catalogue)
            command = command_of(cart, checked, correlation_id, self._clock.now())
            stored = self._accept(cart, Outbound.of(command), caller)
            cart = cart.under(stored.order_id)
        fields = differing(cart.identity, stored.identity)
        if fields or stored.digest != cart.digest:
            raise PaymentReusedError(fields or ("items",))
        if stored.status == "accepted" and stored.command is not None:
            self._publish(stored, stored.command)
        return stored

    def _accept(self, cart: Cart, command: Outbound, caller: str) -> StoredCheckout:
        allowance = self._allowance
        if allowance is None:
            return self._checkouts.accept(cart, command, trust="signed", spending=None)
        allowance.check(cart)
        now = self._clock.now()
        spending = allowance.spend(caller, cart, now)
        try:
            return self._checkouts.accept(cart, command, trust="open", spending=spending)
        except NothingLeftError:
            raise allowance.used(now) from None

    def _publish(self, stored: StoredCheckout, command: Outbound) -> None:
        facts = {"order_id": stored.order_id, "payment_id": stored.payment_id}
        try:
            self._publisher.publish([command])
        except PublishError:
            # Accepted is accepted: the command is stored with the checkout, and the reconciler
            # sends it. Refusing now would tell the shopper that nothing was bought, which may be
            # untrue.
            self._telemetry.warning("Could not publish command.checkout yet", **facts)
            self._telemetry.count("CheckoutsUnpublished")
        else:
            event_id = command.event_id
            self._telemetry.info("Published command.checkout", published_event_id=event_id, **facts)

    def status_of(self, order_id: str, *, shopper: str | None) -> StoredCheckout:
        """What became of a checkout.

        Raises:
            NotFoundError: there is none, or it is another shopper's; the same for any id (S20).
            DependencyError: the store did not answer.
        """
        stored = self._checkouts.find(order_id)
        if stored is None or (shopper is not None and not stored.belongs_to(shopper)):
            raise NotFoundError("there is no such checkout")
        return stored

    def cancel(
        self, order_id: str, *, shopper: str, reason: str | None
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
        stored = self.status_of(order_id, shopper=shopper)
        worth_it = is_worth_cancelling(stored.status, stored.order_status)
        if stored.order is None or not worth_it:  # without an order the line above has refused
            return "cancelled"
        event = cancellation_of(stored.order, order_id, reason, self._clock.now())
        self._publisher.publish([Outbound.of(event)])
        self._telemetry.info(
            "Published order.cancelled", published_event_id=event.event_id, order_id=order_id
        )
        return "cancelling"

    def correct(
        self, order_id: str, contact: Mapping[str, str], *, shopper: str, reason: str | None
    ) -> Literal["correcting", "corrected"]:
        """Ask for a correction of whom an order goes to; promised once QStash has the event.

        The orders function decides, so a shipment that comes first wins.

        Args:
            contact: the fields to correct, by name on the wire.

        Raises:
            InvalidInputError: it corrects nothing, or the name is an address.
            NotFoundError: there is no such checkout of this shopper's.
            CheckoutUndecidedError, CheckoutRejectedError: there is no order.
            AlreadyShippedError, AlreadyCancelledError: it is too late.
            CorrectionsUsedError: the shopper corrected this order often enough.
            PublishError: QStash did not take it, or did not say so; repeating is harmless.
            DependencyError: the store did not answer.
        """
        check_contact(contact)
        stored = self.status_of(order_id, shopper=shopper)
        order = correctable(stored.status, stored.order)
        event = correction_by_customer(order, contact, reason, self._ids, self._clock.now())
        if event is None:
            return "corrected"
        if not may_customer_correct(order):
            raise CorrectionsUsedError(
                f"this order was corrected {MOST_BY_CUSTOMER} times: now only the shop corrects it"
            )
        self._publisher.publish([Outbound.of(event)])
        self._telemetry.info(
            "Published order.corrected", published_event_id=event.event_id, order_id=order_id
        )
        return "correcting"
