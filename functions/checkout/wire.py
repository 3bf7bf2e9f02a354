"""What the API takes beside a cart, and what it answers: the shapes behind ``docs/openapi.json``."""

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from shared.contracts.envelope import EmailAddress, FoldedLines, TypedLine, WireModel
from shared.contracts.statuses import OrderStatus, RejectionReason
from shared.kernel.ids import Id
from shared.storage.records import checkout

OrderId = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^ord_[0-9a-f]{32}$"})]
StatusUrl = Annotated[
    str,
    Field(
        description=(
            "Where to ask what became of it: a path to put behind the API's address. `Location` "
            "says the same, relative to the address that was called."
        )
    ),
]
CheckoutState = Annotated[
    checkout.CheckoutState,
    Field(description="`accepted`: not decided yet. `confirmed`: it is an order."),
]


class CancelRequest(WireModel):
    """Why the shopper cancels, if they say so."""

    reason: FoldedLines | None = None


class ContactRequest(WireModel):
    """Whom an order is to go to: what is left out, or null, stays. At least one field is needed."""

    customer_name: TypedLine | None = None
    customer_email: EmailAddress | None = Field(
        default=None, description="Later mails go there; the address of before gets a notice."
    )
    customer_address: FoldedLines | None = Field(
        default=None, description="One line, or several: line breaks become commas."
    )
    reason: FoldedLines | None = None


class AcceptedCheckout(WireModel):
    """A checkout that is stored, whatever happens next."""

    payment_id: Id
    order_id: OrderId
    status: CheckoutState
    status_url: StatusUrl


class CheckoutStatus(WireModel):
    """What became of a checkout, and of its order.

    ``reason`` comes with a rejection, ``orderStatus`` with an order.
    """

    order_id: OrderId
    status: CheckoutState
    reason: RejectionReason | None = None
    order_status: OrderStatus | None = None


class Cancellation(WireModel):
    """A cancellation: under way, until the order's status says how it ended, or long done."""

    order_id: OrderId
    status: Literal["cancelling", "cancelled"]
    status_url: StatusUrl


class Correction(WireModel):
    """A correction of contact data: under way, or what the order says already."""

    order_id: OrderId
    status: Literal["correcting", "corrected"]
    status_url: StatusUrl
