"""The routes of the storefront, as data: what each takes, answers and refuses.

Which of them need a token is the stage's choice, so a document that serves every stage says
"may" where a stage may have no authorizer.
"""

from dataclasses import dataclass
from typing import Any, Literal

from functions.checkout.api import CANCEL, CONTACT, PATH
from functions.checkout.wire import (
    AcceptedCheckout,
    Cancellation,
    CancelRequest,
    CheckoutStatus,
    ContactRequest,
    Correction,
)
from shared.contracts.commands import CheckoutPayload
from shared.contracts.envelope import WireModel
from shared.kernel.errors import (
    AllowanceUsedError,
    AlreadyCancelledError,
    AlreadyShippedError,
    CheckoutRejectedError,
    CheckoutUndecidedError,
    ContentionError,
    CorrectionsUsedError,
    DependencyError,
    ForeignUserError,
    InvalidInputError,
    InvalidJsonError,
    NotFoundError,
    OutOfStockError,
    PayloadTooLargeError,
    PaymentReusedError,
    PipelineError,
    PriceChangedError,
    PublishError,
    SignInRequiredError,
    UnauthenticatedError,
    UnsupportedEncodingError,
    UnsupportedMediaTypeError,
)

# What pay-1 gets under the key of the tests.
ORDER_ID = "ord_315ef0f6cd444b4874621a45eeb97969"
_URL = f"{PATH}/{ORDER_ID}"
_STATUS_PATH = f"{PATH}/{{orderId}}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A success.

    Args:
        headers: those that only this answer has, and whether they are always there.
        examples: what the body's ``data`` may be, by a name.
    """

    status: int
    description: str
    model: type[WireModel]
    headers: dict[str, bool]
    examples: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One route.

    Args:
        body: what it takes as JSON, None for nothing.
        token: whether it always needs one, or only where the stage has an authorizer.
    """

    method: Literal["get", "post"]
    path: str
    name: str
    summary: str
    description: str
    answers: tuple[Answer, ...]
    refusals: tuple[type[PipelineError], ...]
    body: type[WireModel] | None = None
    example: dict[str, Any] | None = None
    token: Literal["always", "by stage"] = "by stage"  # noqa: S105 -- no secret


_CART = {
    "userId": "user-1",
    "customerName": "Ada Lovelace",
    "customerEmail": "ada@example.com",
    "customerAddress": "12 St James's Square, London",
    "items": [
        {"productId": "mug", "quantity": 2, "price": 12.5},
        {"productId": "shirt", "variationId": "blue-m", "quantity": 1, "price": 30},
    ],
    "totalAmount": 55,
    "paymentId": "pay-1",
}
_READING = (
    InvalidInputError,
    InvalidJsonError,
    PayloadTooLargeError,
    UnsupportedMediaTypeError,
    UnsupportedEncodingError,
)

# What a change of an order by its buyer may meet.
_CHANGING = (
    *_READING,
    SignInRequiredError,
    NotFoundError,
    CheckoutUndecidedError,
    CheckoutRejectedError,
    AlreadyShippedError,
)

OPERATIONS = (
    Operation(
        method="post",
        path=PATH,
        name="checkOut",
        summary="Check out a paid cart",
        description=(
            "Stores the checkout and sends it on its way. Prices and total must be the catalogue's; "
            "lines of one product are merged, and at most 50 different products make a cart. "
            "Repeating the request unchanged gives the stored answer, whatever became of it: the "
            "`paymentId` is what makes it the same. Unknown fields are ignored. Blanks around name, mail "
            "address and address are dropped, and line breaks in the address become commas. "
            "Where the stage's `checkout_trust` is `signed`, the shop's own server sends this, with the "
            "three headers of the Standard Webhooks scheme: `webhook-id`, `webhook-timestamp` and "
            "`webhook-signature` over the raw body. It answers for the payment and for `userId`, so no "
            "shopper's token is asked for."
        ),
        body=CheckoutPayload,
        example=_CART,
        answers=(
            Answer(
                202,
                "Stored. What becomes of it is told by the status.",
                AcceptedCheckout,
                {"Location": True, "Retry-After": True},
                {
                    "accepted": {
                        "paymentId": "pay-1",
                        "orderId": ORDER_ID,
                        "status": "accepted",
                        "statusUrl": _URL,
                    }
                },
            ),
        ),
        refusals=(
            *_READING,
            UnauthenticatedError,
            SignInRequiredError,
            ForeignUserError,
            AllowanceUsedError,
            PriceChangedError,
            OutOfStockError,
            PaymentReusedError,
            ContentionError,
            DependencyError,
            PipelineError,
        ),
    ),
    Operation(
        method="get",
        path=_STATUS_PATH,
        name="getCheckout",
        summary="What became of a checkout, and of its order",
        description=(
            "Poll while `status` is `accepted`, every `Retry-After` seconds. Once it is `confirmed`, "
            "`orderStatus` tells the order's life; once it is `rejected`, `reason` says why."
        ),
        answers=(
            Answer(
                200,
                "The checkout as it stands; `Retry-After` while it is undecided.",
                CheckoutStatus,
                {"Retry-After": False},
                {
                    "undecided": {"orderId": ORDER_ID, "status": "accepted"},
                    "ordered": {
                        "orderId": ORDER_ID,
                        "status": "confirmed",
                        "orderStatus": "CONFIRMED",
                    },
                    "rejected": {
                        "orderId": ORDER_ID,
                        "status": "rejected",
                        "reason": "out_of_stock",
                    },
                },
            ),
        ),
        refusals=(SignInRequiredError, NotFoundError, DependencyError, PipelineError),
    ),
    Operation(
        method="post",
        path=f"{_STATUS_PATH}{CANCEL}",
        name="cancelOrder",
        summary="Cancel an order before it is shipped",
        description=(
            "Exists only in stages whose users sign in. Asks for the cancellation; a shipment that "
            "comes first still wins, so the order's status tells how it ended. However often it is "
            "asked for, it is one cancellation, with the first reason."
        ),
        token="always",  # noqa: S106 -- no secret
        body=CancelRequest,
        example={"reason": "ordered the wrong size"},
        answers=(
            Answer(
                202,
                "The cancellation is on its way and cannot get lost.",
                Cancellation,
                {"Location": True, "Retry-After": True},
                {"asked": {"orderId": ORDER_ID, "status": "cancelling", "statusUrl": _URL}},
            ),
            Answer(
                200,
                "The order is cancelled already.",
                Cancellation,
                {},
                {"done": {"orderId": ORDER_ID, "status": "cancelled", "statusUrl": _URL}},
            ),
        ),
        refusals=(
            *_CHANGING,
            DependencyError,
            PublishError,
            PipelineError,
        ),
    ),
    Operation(
        method="post",
        path=f"{_STATUS_PATH}{CONTACT}",
        name="correctContact",
        summary="Correct whom an order goes to before it is shipped",
        description=(
            "Exists only in stages whose users sign in. Corrects the name, the mail address or the "
            "postal address; what is left out stays. A shipment that comes first still wins. Repeat "
            "the request to see whether it is done: then the answer is 200. The mail address that "
            "counts then gets a mail, and the one that counted before gets a notice. The checkout is "
            "still repeated with what it said at first."
        ),
        token="always",  # noqa: S106 -- no secret
        body=ContactRequest,
        example={"customerEmail": "ada.lovelace@example.com", "reason": "mistyped"},
        answers=(
            Answer(
                202,
                "The correction is on its way and cannot get lost.",
                Correction,
                {"Location": True, "Retry-After": True},
                {"asked": {"orderId": ORDER_ID, "status": "correcting", "statusUrl": _URL}},
            ),
            Answer(
                200,
                "The order says so already.",
                Correction,
                {},
                {"done": {"orderId": ORDER_ID, "status": "corrected", "statusUrl": _URL}},
            ),
        ),
        refusals=(
            *_CHANGING,
            AlreadyCancelledError,
            CorrectionsUsedError,
            DependencyError,
            PublishError,
            PipelineError,
        ),
    ),
)
