"""Every error that a storefront can meet, with what it means and what to do about it.

Code, status and details are the error classes' own; what stands here is what a class cannot know.
"""

from dataclasses import dataclass
from typing import Any

from functions.checkout.api import MAX_BODY_BYTES
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
    MethodNotAllowedError,
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
from shared.messaging.http import HttpResponse, error_response, internal_error_response


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error of the API.

    Args:
        error: one as it is raised, None for the bug that nobody foresaw.
        meaning: what happened.
        remedy: what the storefront should do.
    """

    error: PipelineError | None
    meaning: str
    remedy: str

    @property
    def kind(self) -> type[PipelineError]:
        """The class, whose code and status are the contract."""
        return PipelineError if self.error is None else type(self.error)

    @property
    def code(self) -> str:
        """The stable name that a storefront may branch on."""
        return self.kind.code

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.kind.status

    @property
    def says_when(self) -> bool:
        """Whether the answer carries ``Retry-After``."""
        return "retry-after" in self.response().headers

    def response(self) -> HttpResponse:
        """The answer, as the API gives it."""
        return internal_error_response() if self.error is None else error_response(self.error)

    def schema(self) -> dict[str, Any]:
        """The shape of the body: what this error tells beside its code and message."""
        names = self.error.details() if self.error else {}
        details = {name: {"type": "string"} for name in names}
        told = {"code": {"const": self.code}, "message": {"type": "string"}, **details}
        several = isinstance(self.error, InvalidInputError | PaymentReusedError)
        optional = {"others": _OTHERS} if several else {}
        return {
            "type": "object",
            "description": self.meaning,
            "properties": {
                "success": {"const": False},
                "error": {
                    "type": "object",
                    "properties": told | optional,
                    "required": list(told),
                },
            },
            "required": ["success", "error"],
        }


_OTHERS = {
    "type": "array",
    "description": "Further fields that break the rule or another, at most nineteen.",
    "items": {
        "type": "object",
        "properties": {"field": {"type": "string"}, "rule": {"type": "string"}},
        "required": ["field", "rule"],
    },
}

REFUSALS = (
    Refusal(
        InvalidInputError("items[0].quantity", "must be a whole number"),
        "A value breaks a rule. `field` and `rule` name both; `others` lists what else is wrong.",
        "Show it beside the field. The same request never succeeds.",
    ),
    Refusal(
        InvalidJsonError("body", "must be JSON: Expecting value at line 1 column 1"),
        "The body is not strict JSON: broken, a name twice, NaN, nested too deep, half a surrogate pair.",
        "Fix the program that wrote it.",
    ),
    Refusal(
        UnauthenticatedError("missing"),
        "The stage takes checkouts that the shop's server signed, and this one is not: no signature, "
        "another key, another body, or more than five minutes old. The answer does not tell which. "
        "Nothing was read or stored.",
        "Sign on the server that took the payment; never put the key into a page.",
    ),
    Refusal(
        SignInRequiredError("authorization: the token must name its user (sub)"),
        "The shop's users sign in, and the token names none.",
        "Sign in again. A token of a machine has no user and cannot check out.",
    ),
    Refusal(
        ForeignUserError("userId"),
        "`userId` is not the `sub` of the token. Nothing was stored.",
        "Send the user's own id, or sign in as that user.",
    ),
    Refusal(
        NotFoundError("there is no such checkout"),
        "There is no such checkout, or it is another user's; the answer does not tell which.",
        "Do not poll on. After a 202 the checkout is always found.",
    ),
    Refusal(
        MethodNotAllowedError("method: must be POST"),
        "The path knows no such method. Behind API Gateway, which answers such a request itself, never seen.",
        "Fix the program that sent it.",
    ),
    Refusal(
        PriceChangedError("items[0].price", "12.50"),
        "A price or the total is not the catalogue's; `expected` is. Nothing was stored.",
        "Show the new price, let the shopper agree, charge that, and send the new cart.",
    ),
    Refusal(
        OutOfStockError("items[0].quantity", "mug", 3),
        "Fewer units are left than the cart asks for; `available` says how many. Nothing was stored.",
        "Let the shopper change the quantity.",
    ),
    Refusal(
        AllowanceUsedError(
            "items: one address may order at most 200 units within an hour", retry_after=1800
        ),
        "Where nothing vouches for payments, one network address may order so many units within an "
        "hour, and ordered them. Nothing was stored.",
        "Wait until `Retry-After`, or let the shop's server sign its checkouts.",
    ),
    Refusal(
        PaymentReusedError(("customerEmail",)),
        "The payment belongs to another checkout, which stays as it is: another cart, or another name, mail address or postal address. "
        "`field` and `others` name what differs.",
        "A new cart takes a new payment. To repeat a request, repeat it unchanged; to correct a contact, use `…/contact`, or ask the shop.",
    ),
    Refusal(
        CheckoutUndecidedError("the checkout is not decided yet, so there is no order yet"),
        "There is no order to cancel or to correct yet. Nothing was promised.",
        "Ask for the status, and repeat the request once it is `confirmed`.",
    ),
    Refusal(
        CheckoutRejectedError("the checkout was rejected, so there is no order to cancel"),
        "The checkout never became an order.",
        "Tell the shopper: nothing is shipped, and the refund is asked for already.",
    ),
    Refusal(
        AlreadyShippedError("the order has left, so it cannot be cancelled any more"),
        "The order is on its way, or arrived.",
        "Offer a return instead.",
    ),
    Refusal(
        AlreadyCancelledError("the order is cancelled, so there is nothing to correct"),
        "The order is cancelled: its contact data stays as it is.",
        "Show that it is cancelled. A new cart takes a new payment.",
    ),
    Refusal(
        CorrectionsUsedError("this order was corrected 5 times: now only the shop corrects it"),
        "The shopper corrected this order as often as a shopper may. Nothing was promised.",
        "Let the shopper ask the shop: an operator still can, until the order is shipped.",
    ),
    Refusal(
        PayloadTooLargeError(f"body: must be at most {MAX_BODY_BYTES} bytes"),
        f"The body is larger than {MAX_BODY_BYTES // 1024} KiB, which no cart within the limits is.",
        "Send less. The same request never succeeds.",
    ),
    Refusal(
        UnsupportedMediaTypeError("content-type: must be application/json"),
        "The body is not declared as JSON.",
        "Send `Content-Type: application/json`.",
    ),
    Refusal(
        UnsupportedEncodingError("body", "must not be compressed, and is gzip"),
        "The body is compressed, begins with a byte order mark or is not UTF-8, or a header says so; `rule` names what was found.",
        "Send plain UTF-8, without a byte order mark and without `Content-Encoding`.",
    ),
    Refusal(
        None,
        "A bug of ours.",
        "Repeat the request unchanged, a few times and ever later.",
    ),
    Refusal(
        ContentionError("DynamoDB: another writer holds the item"),
        "Another request for the same payment is being stored this moment.",
        "Repeat the request unchanged after `Retry-After` seconds.",
    ),
    Refusal(
        DependencyError("DynamoDB: timeout"),
        "A store did not answer, or its answer was lost.",
        "Repeat the request unchanged after `Retry-After` seconds; nothing can come of it twice.",
    ),
    Refusal(
        PublishError("QStash: not every message was accepted"),
        "QStash did not take the cancellation or the correction, or its answer was lost: it may happen, or not.",
        "Repeat the request unchanged after `Retry-After` seconds; nothing happens twice.",
    ),
)

BY_CLASS = {refusal.kind: refusal for refusal in REFUSALS}
