"""Whether a paid cart becomes an order. Pure: what is known comes in, a decision goes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from shared.commerce.cart import Cart
from shared.commerce.payment_identity import differing
from shared.contracts.commands import CheckoutPayload
from shared.contracts.lines import StockLine
from shared.contracts.statuses import RejectionReason, Trust
from shared.kernel.errors import InvalidInputError, PaymentReusedError
from shared.kernel.ids import OrderIds
from shared.storage.records.checkout import CheckoutState
from shared.storage.records.reservation import Reservation
from shared.storage.records.stock import StockRow


@dataclass(frozen=True, slots=True)
class CheckoutSnapshot:
    """What was known when the decision was taken.

    Args:
        order_id: which of its two ids the payment uses.
        order_digest: digest of the order that this payment already has, if any.
        checkout_digest: digest of the checkout that the API accepted, if it came that way.
        checkout_status: ``accepted``, ``confirmed`` or ``rejected``, if there is a checkout.
        stock: stock rows by SKU; a SKU that does not exist is not in it.
        reservation: what is reserved for the order, if anything still is.
        identities: the requests that order and checkout came from, as digests by field.
        checkout_trust: who answers for the payment, as the API noted it; None if it did not.
    """

    order_id: str
    order_digest: str | None
    checkout_digest: str | None
    checkout_status: CheckoutState | None
    stock: Mapping[str, StockRow]
    reservation: Reservation | None = None
    identities: Sequence[Mapping[str, str]] = ()
    checkout_trust: Trust | None = None

    @property
    def trust(self) -> Trust:
        """Who answers for the payment (S36).

        A command that did not come through the API is of a program that holds the shop's QStash
        token. What the API accepted before it noted this was open.
        """
        if self.checkout_status is None:
            return "signed"
        return self.checkout_trust or "open"

    def orderable(self, sku: str) -> int:
        """Units of a SKU in the catalogue that this order may have."""
        return self.stock[sku].orderable(self.reservation)


@dataclass(frozen=True, slots=True)
class Accept:
    """Becomes an order."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Does not, and these are the SKUs that are the reason."""

    reason: RejectionReason
    skus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlreadyDecided:
    """Was decided before; nothing is left to do."""

    status: Literal["confirmed", "rejected"]


Decision = Accept | Reject | AlreadyDecided


def cart_of(payload: CheckoutPayload, ids: OrderIds) -> Cart:
    """The cart that a command carries.

    Raises:
        InvalidInputError: the total is not what the lines add up to, or lines contradict.
    """
    cart = Cart.of(payload, ids, field="payload.items")
    if cart.total != payload.total_amount:
        raise InvalidInputError(
            "payload.totalAmount", f"must be {cart.total:.2f}, what the lines add up to"
        )
    return cart


def decide(cart: Cart, snapshot: CheckoutSnapshot) -> Decision:
    """Order, rejection, or nothing because it was decided before.

    Raises:
        PaymentReusedError: the payment belongs to another cart (I4), or to another customer (I29).
    """
    if fields := _contradicted(cart, snapshot):
        raise PaymentReusedError([f"payload.{field}" for field in fields])
    if snapshot.order_digest is not None:
        return AlreadyDecided("confirmed")
    if snapshot.checkout_status == "rejected":
        return AlreadyDecided("rejected")
    return _judge(cart, snapshot)


def _contradicted(cart: Cart, snapshot: CheckoutSnapshot) -> Sequence[str]:
    known = [differing(cart.identity, identity) for identity in snapshot.identities]
    fields = tuple(dict.fromkeys(field for found in known for field in found))
    digests = {snapshot.order_digest, snapshot.checkout_digest} - {None, cart.digest}
    return fields or (("items",) if digests else ())


def left_over(cart: Cart, reservation: Reservation | None) -> tuple[StockLine, ...]:
    """Reserved lines whose product is not in the cart at all: their units are available again."""
    lines = reservation.lines if reservation is not None else ()
    return tuple(line for line in lines if line.sku not in cart.skus)


def _judge(cart: Cart, snapshot: CheckoutSnapshot) -> Decision:
    stock = snapshot.stock
    if unknown := tuple(sku for sku in cart.skus if sku not in stock):
        return Reject("unknown_product", unknown)
    # The API accepted these prices as a quote. Prices from elsewhere must match the catalogue (I19).
    quoted = snapshot.checkout_digest is not None
    differing = tuple(line.sku for line in cart.lines if stock[line.sku].price != line.price)
    if differing and not quoted:
        return Reject("price_changed", differing)
    short = tuple(line.sku for line in cart.lines if snapshot.orderable(line.sku) < line.quantity)
    return Reject("out_of_stock", short) if short else Accept()
