"""Facts about orders. Past tense: a consumer cannot refuse them any more."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.envelope import (
    OR_NONE,
    EmailAddress,
    Event,
    FoldedLines,
    HttpsUrl,
    Line,
    LongLine,
    Moment,
    TypedLine,
    WireModel,
)
from shared.contracts.lines import OrderLines
from shared.contracts.statuses import OrderStatus, RejectionReason
from shared.kernel.ids import Id, UserId
from shared.kernel.money import Money


class OrderPayload(WireModel):
    """An order as it stood when the event was written."""

    order_id: Id
    user_id: UserId
    customer_name: TypedLine
    customer_email: EmailAddress
    customer_address: FoldedLines
    items: OrderLines
    total_amount: Money
    status: OrderStatus


class ShippedPayload(OrderPayload):
    """An order on its way; a newer one with another number or carrier corrects what was said.

    ``trackingUrl``, ours, is an https address.
    """

    tracking_number: Line | None = None
    carrier: Line | None = None
    tracking_url: HttpsUrl | None = None


class DeliveredPayload(OrderPayload):
    """An order that arrived."""

    delivered_at: Moment


class CancelledPayload(OrderPayload):
    """An order that will not be shipped, who said so, and why.

    ``cause``, ours, is ``unconfirmed`` where an order lapses: it is cancelled only if nothing
    confirmed it until then.
    """

    reason: FoldedLines
    cancelled_by: Literal["user", "system", "admin"]
    cause: Annotated[Literal["unconfirmed"] | None, OR_NONE] = None


class CorrectedPayload(WireModel):
    """What is new in the contact data of an order, who says so, and why; what is left out stays.

    It counts until the order is shipped. ``operator`` names the person, where it was one.
    """

    order_id: Id
    user_id: UserId
    customer_name: TypedLine | None = None
    customer_email: EmailAddress | None = None
    customer_address: FoldedLines | None = None
    reason: FoldedLines
    corrected_by: Literal["user", "admin"]
    operator: Annotated[Line | None, OR_NONE] = None


class RejectedPayload(WireModel):
    """A paid checkout that did not become an order; the money must go back."""

    order_id: Id
    payment_id: Id
    user_id: UserId
    customer_name: TypedLine
    customer_email: EmailAddress
    items: OrderLines
    total_amount: Money
    reason: RejectionReason
    skus: Annotated[tuple[LongLine, ...], Field(strict=False)] = ()


class RefundPayload(WireModel):
    """Money that must go back to who paid: the whole of a payment, once per order.

    ``paymentVouched``, ours, is ``false`` where no one vouched for the payment: who named it may
    not be who paid it. Before it pays back, a program asks the provider for which order it was.
    """

    order_id: Id
    payment_id: Id
    user_id: UserId
    amount: Money
    reason: Literal["out_of_stock", "price_changed", "unknown_product", "cancelled"]
    payment_vouched: Annotated[bool | None, OR_NONE] = None


class OrderCreated(Event):
    """``order.created``."""

    event_type: Literal["order.created"] = "order.created"
    payload: OrderPayload


class OrderConfirmed(Event):
    """``order.confirmed``."""

    event_type: Literal["order.confirmed"] = "order.confirmed"
    payload: OrderPayload


class OrderProcessing(Event):
    """``order.processing``: ours, for the step of packing between confirmed and shipped."""

    event_type: Literal["order.processing"] = "order.processing"
    payload: OrderPayload


class OrderShipped(Event):
    """``order.shipped``."""

    event_type: Literal["order.shipped"] = "order.shipped"
    payload: ShippedPayload


class OrderDelivered(Event):
    """``order.delivered``."""

    event_type: Literal["order.delivered"] = "order.delivered"
    payload: DeliveredPayload


class OrderCancelled(Event):
    """``order.cancelled``."""

    event_type: Literal["order.cancelled"] = "order.cancelled"
    payload: CancelledPayload

    def said(self) -> object:
        """Everything, but for a customer's reason: who clicks again cancels the same order, and the
        first reason counts."""
        if self.payload.cancelled_by != "user":
            return self.payload
        return self.payload.model_copy(update={"reason": ""})


class OrderCorrected(Event):
    """``order.corrected``: ours, for contact data that was mistyped."""

    event_type: Literal["order.corrected"] = "order.corrected"
    payload: CorrectedPayload


class RefundRequested(Event):
    """``order.refund.requested``: ours, for the program that talks to the payment provider."""

    event_type: Literal["order.refund.requested"] = "order.refund.requested"
    payload: RefundPayload


class OrderRejected(Event):
    """``order.rejected``: ours, beside the seventeen of the contract."""

    event_type: Literal["order.rejected"] = "order.rejected"
    payload: RejectedPayload


OrderEvent = (
    OrderCreated
    | OrderConfirmed
    | OrderProcessing
    | OrderShipped
    | OrderDelivered
    | OrderCancelled
    | OrderCorrected
    | OrderRejected
    | RefundRequested
)
