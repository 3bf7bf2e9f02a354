"""Whether a cart may be paid: against the catalogue, never against what the client believes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.commerce.cart import Cart
from shared.commerce.contact import may_correct
from shared.commerce.order_status import BY_STATUS, CANCELLED
from shared.commerce.payment_identity import CONTACT
from shared.contracts.commands import CheckoutPayload
from shared.contracts.lines import OrderLine
from shared.kernel.errors import (
    AlreadyCancelledError,
    AlreadyShippedError,
    CheckoutRejectedError,
    CheckoutUndecidedError,
    InvalidInputError,
    OutOfStockError,
    PipelineError,
    PriceChangedError,
)
from shared.kernel.unlinked import LINK_RULE, holds_link
from shared.storage.records.order import OrderRow
from shared.storage.records.reservation import Reservation
from shared.storage.records.stock import StockRow

_ONE_OF_THREE = f"one of {', '.join(CONTACT)} is required"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the shop says of the SKUs of a cart now.

    Args:
        stock: stock rows by SKU; a SKU that does not exist is not in it.
        reservation: what is reserved for the cart's order, if anything still is.
    """

    stock: Mapping[str, StockRow]
    reservation: Reservation | None

    def orderable(self, sku: str) -> int:
        """Units of a SKU in the catalogue that this cart may have."""
        return self.stock[sku].orderable(self.reservation)


def check(cart: Cart, catalogue: Catalogue) -> CheckoutPayload:
    """The payload as it goes on: merged lines, the catalogue's names and prices.

    Raises:
        InvalidInputError: a product that is not for sale, or a name that is an address.
        PriceChangedError: a price or the total differs; names the right one (I19).
        OutOfStockError: fewer units than asked for.
    """
    # Mails of ours repeat the name. A program of the shop's own is not refused for it, for its
    # order would be lost: there the mail takes the address apart (S41).
    if holds_link(cart.payload.customer_name):
        raise InvalidInputError("customerName", LINK_RULE)
    original = cart.payload.items
    for index, line in enumerate(original):
        row = catalogue.stock.get(line.sku)
        if row is None:
            raise InvalidInputError(f"items[{index}].productId", "is not in the catalogue")
        if row.price != line.price:
            raise PriceChangedError(f"items[{index}].price", f"{row.price:.2f}")
    if cart.total != cart.payload.total_amount:
        raise PriceChangedError("totalAmount", f"{cart.total:.2f}")
    for line in cart.lines:
        orderable = catalogue.orderable(line.sku)
        if orderable < line.quantity:
            index = _first(original, line.sku)
            raise OutOfStockError(f"items[{index}].quantity", line.sku, max(orderable, 0))
    named = tuple(
        line.model_copy(update={"product_name": catalogue.stock[line.sku].title})
        for line in cart.lines
    )
    return cart.payload.model_copy(update={"items": named})


def is_worth_cancelling(status: str, order_status: str | None) -> bool:
    """Whether a cancellation can still change anything; False when the order is cancelled already.

    A promise is only made about an order that exists: an event about any other would wait, perhaps
    for ever. Where this says yes, a shipment may still come first; then the shipment wins.

    Args:
        status: the checkout's.
        order_status: the order's, None if there is none.

    Raises:
        CheckoutUndecidedError: it is not decided yet whether there will be an order.
        CheckoutRejectedError: there never will be one.
        AlreadyShippedError: it is on its way, or arrived.
    """
    if order_status is None:
        raise _no_order(status, "cancel")
    if BY_STATUS[order_status].has_left:
        raise AlreadyShippedError("the order has left, so it cannot be cancelled any more")
    return order_status != CANCELLED.status


def correctable(status: str, order: OrderRow | None) -> OrderRow:
    """The order whose contact data may still be corrected.

    Where this lets it pass, a shipment may still come first; then the shipment wins.

    Args:
        status: the checkout's.
        order: as stored, None if there is none.

    Raises:
        CheckoutUndecidedError: it is not decided yet whether there will be an order.
        CheckoutRejectedError: there never will be one.
        AlreadyShippedError: it is on its way, or arrived.
        AlreadyCancelledError: it is cancelled.
    """
    if order is None:
        raise _no_order(status, "correct")
    if not may_correct(order.status):
        if BY_STATUS[order.status].has_left:
            raise AlreadyShippedError("the order has left, so it cannot be corrected any more")
        raise AlreadyCancelledError("the order is cancelled, so there is nothing to correct")
    return order


def check_contact(contact: Mapping[str, str]) -> None:
    """The rules of a correction that no single field has.

    Args:
        contact: the fields to correct, by name on the wire.

    Raises:
        InvalidInputError: it corrects nothing, or the name is an address (S41).
    """
    if not contact:
        others = tuple((name, _ONE_OF_THREE) for name in CONTACT[1:])
        raise InvalidInputError(CONTACT[0], _ONE_OF_THREE, others=others)
    if holds_link(contact.get("customerName", "")):
        raise InvalidInputError("customerName", LINK_RULE)


def _no_order(status: str, purpose: str) -> PipelineError:
    if status == "rejected":
        said = f"the checkout was rejected, so there is no order to {purpose}"
        return CheckoutRejectedError(said)
    return CheckoutUndecidedError("the checkout is not decided yet, so there is no order yet")


def _first(lines: Sequence[OrderLine], sku: str) -> int:
    return next(index for index, line in enumerate(lines) if line.sku == sku)
