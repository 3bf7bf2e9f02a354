"""The public API: HTTP in, use case, HTTP out."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from functions.checkout.service import CheckoutService
from functions.checkout.shopper import shopper_of
from functions.checkout.wire import (
    AcceptedCheckout,
    Cancellation,
    CancelRequest,
    CheckoutStatus,
    ContactRequest,
    Correction,
)
from shared.contracts.commands import CheckoutPayload
from shared.contracts.envelope import WireModel, plain, validated
from shared.kernel import strict_json
from shared.kernel.clock import Clock
from shared.kernel.errors import (
    MethodNotAllowedError,
    NotFoundError,
    PipelineError,
    UnauthenticatedError,
)
from shared.kernel.ids import is_id
from shared.messaging.consumer import LambdaContext
from shared.messaging.http import (
    HttpRequest,
    HttpResponse,
    check_declared_json,
    error_response,
    internal_error_response,
)
from shared.messaging.refusals import SignatureRefusals
from shared.telemetry.ports import Telemetry

# The largest cart that keeps to every limit, each character of its texts written as an escape, takes
# some 278 KiB; a test adds it up. What is larger is no cart, and is not read (S9).
MAX_BODY_BYTES = 288 * 1024
PATH = "/api/checkout"
CANCEL = "/cancel"
CONTACT = "/contact"
_ORDER_ID = re.compile(r"ord_[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Doors:
    """Who is let in.

    Args:
        auth: whether an authorizer vouches for the shopper: ``jwt``, or ``none``.
        verify: whether the shop's own server signed a checkout, over the raw bytes; None where
            checkouts are open.
        clock: for counting refused signatures by the minute.
    """

    auth: Literal["none", "jwt"]
    verify: Callable[[Mapping[str, str], bytes], None] | None
    clock: Clock


class CheckoutApi:
    """Answers every request with JSON, whatever came in."""

    def __init__(self, service: CheckoutService, telemetry: Telemetry, doors: Doors) -> None:
        self._service, self._telemetry = service, telemetry
        self._auth, self._verify = doors.auth, doors.verify
        self._refusals = SignatureRefusals(doors.clock, of="checkouts")

    def __call__(self, event: Mapping[str, Any], _context: LambdaContext) -> dict[str, Any]:
        """Lambda's entry."""
        telemetry = self._telemetry
        telemetry.bind()
        try:
            response = self._route(HttpRequest.from_event(event))
        except UnauthenticatedError as error:
            # A flood of these costs neither money nor a reader's attention, and learns nothing.
            self._refusals.add(error.cause)
            response = error_response(error)
        except PipelineError as error:
            telemetry.warning("Refused a request", code=error.code, status=error.status)
            telemetry.count("CheckoutsRefused" if error.status < 500 else "CheckoutsFailed")
            response = error_response(error)
        except Exception as error:  # noqa: BLE001 - a bug must answer 500 and log no values (S18)
            telemetry.failure("Unexpected failure", error)
            telemetry.count("UnexpectedFailures")
            response = internal_error_response()
        finally:
            self._refusals.tell(telemetry)
            telemetry.flush()
        return response.to_lambda()

    def _route(self, request: HttpRequest) -> HttpResponse:
        actions = self._actions(request)
        action = actions.get(request.method)
        if action is None:
            raise MethodNotAllowedError(f"method: must be {' or '.join(actions)}")
        return action()

    def _actions(self, request: HttpRequest) -> dict[str, Callable[[], HttpResponse]]:
        order_id = request.path_parameters.get("orderId")
        if order_id is None:
            return {"POST": lambda: self._post(request)}
        if request.path.endswith(CANCEL):
            return {"POST": lambda: self._cancel(request, order_id)}
        if request.path.endswith(CONTACT):
            return {"POST": lambda: self._correct(request, order_id)}
        return {"GET": lambda: self._status(request, order_id)}

    def _post(self, request: HttpRequest) -> HttpResponse:
        shopper = self._let_in(request)
        payload = validated(CheckoutPayload, _json(request))
        stored = self._service.accept(
            payload,
            shopper=shopper,
            caller=request.caller,
            correlation_id=self._correlation(request),
        )
        self._telemetry.count("CheckoutsAccepted")
        answer = AcceptedCheckout.model_construct(
            payment_id=stored.payment_id,
            order_id=stored.order_id,
            status=stored.status,
            status_url=_status_url(stored.order_id),
        )
        # Seen from the request's own path: a stage, a base path or a proxy may come before it, and
        # no header says reliably what address the client called.
        below = "" if request.path.endswith("/") else f"{PATH.rpartition('/')[2]}/"
        location = f"{below}{stored.order_id}"
        return _success(202, answer, {"location": location, "retry-after": "1"})

    def _let_in(self, request: HttpRequest) -> str | None:
        """Whose cart it must be; None where the shop's server says so, or shoppers are strangers.

        Raises:
            UnauthenticatedError: the shop's server did not sign it; nothing of it was parsed (S36).
            SignInRequiredError: the stage has an authorizer, and the request no subject.
        """
        if self._verify is None:
            return shopper_of(request, self._auth)
        self._verify(request.headers, request.body)
        return None

    def _correlation(self, request: HttpRequest) -> str | None:
        given = request.headers.get("x-correlation-id")
        if given is None or is_id(given):
            return given
        # It only helps to find things again: no paid cart is turned away for its sake (I31). Sent
        # twice, it arrives as one value with a comma.
        self._telemetry.warning("Ignored odd diagnostics", reason="x-correlation-id")
        return None

    def _status(self, request: HttpRequest, order_id: str) -> HttpResponse:
        shopper = shopper_of(request, self._auth)
        stored = self._service.status_of(_known(order_id), shopper=shopper)
        headers = {"retry-after": "1"} if stored.status == "accepted" else {}
        answer = CheckoutStatus.model_construct(
            order_id=stored.order_id,
            status=stored.status,
            reason=stored.reason,
            # The two rows are read one after the other: an order shows once its checkout says so.
            order_status=stored.order_status if stored.status == "confirmed" else None,
        )
        return _success(200, answer, headers)

    def _cancel(self, request: HttpRequest, order_id: str) -> HttpResponse:
        shopper = self._signed_in(request)
        wanted = validated(CancelRequest, _json(request))
        status = self._service.cancel(_known(order_id), shopper=shopper, reason=wanted.reason)
        self._telemetry.count("CancellationsAccepted")
        answer = Cancellation.model_construct(
            order_id=order_id, status=status, status_url=_status_url(order_id)
        )
        if status == "cancelled":
            return _success(200, answer, {})
        return _success(202, answer, {"location": f"../{order_id}", "retry-after": "1"})

    def _correct(self, request: HttpRequest, order_id: str) -> HttpResponse:
        shopper = self._signed_in(request)
        wanted = validated(ContactRequest, _json(request))
        contact = plain(wanted.model_copy(update={"reason": None}))
        status = self._service.correct(
            _known(order_id), contact, shopper=shopper, reason=wanted.reason
        )
        answer = Correction.model_construct(
            order_id=order_id, status=status, status_url=_status_url(order_id)
        )
        if status == "corrected":
            return _success(200, answer, {})
        self._telemetry.count("CorrectionsAccepted")
        return _success(202, answer, {"location": f"../{order_id}", "retry-after": "1"})

    def _signed_in(self, request: HttpRequest) -> str:
        """The shopper who signed in.

        Raises:
            NotFoundError: shoppers are strangers here. Who knows an order's id may ask about it,
                but changes nothing.
            SignInRequiredError: the stage has an authorizer, and the request no subject.
        """
        shopper = shopper_of(request, self._auth)
        if shopper is None:
            raise NotFoundError("there is no such checkout")
        return shopper


def _success(status: int, answer: WireModel, headers: Mapping[str, str]) -> HttpResponse:
    return HttpResponse(status, {"success": True, "data": plain(answer)}, headers)


def _status_url(order_id: str) -> str:
    return f"{PATH}/{order_id}"


def _known(order_id: str) -> str:
    if _ORDER_ID.fullmatch(order_id) is None:
        raise NotFoundError("there is no such checkout")
    return order_id


def _json(request: HttpRequest) -> object:
    check_declared_json(request.headers)
    return strict_json.loads(request.body, max_bytes=MAX_BODY_BYTES)
