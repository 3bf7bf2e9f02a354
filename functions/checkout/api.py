"""The public API: HTTP in, use case, HTTP out."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from functions.checkout import service
from functions.checkout.ports import Checkouts, StoredCheckout
from shared import strict_json
from shared.contracts.commands import CheckoutPayload
from shared.delivery import LambdaContext
from shared.envelope import validated
from shared.errors import (
    InvalidInputError,
    MethodNotAllowedError,
    NotFoundError,
    PipelineError,
    UnsupportedMediaTypeError,
)
from shared.http import HttpRequest, HttpResponse, error_response, internal_error_response
from shared.ids import ID_RULE, is_id
from shared.ports import CorePorts

MAX_BODY_BYTES = 32 * 1024
PATH = "/api/checkout"
_ORDER_ID = re.compile(r"ord_[0-9a-f]{32}")


class CheckoutApi:
    """Answers every request with JSON, whatever came in."""

    def __init__(self, checkouts: Checkouts, ports: CorePorts) -> None:
        self._checkouts, self._ports = checkouts, ports

    def __call__(self, event: Mapping[str, Any], _context: LambdaContext) -> dict[str, Any]:
        """Lambda's entry."""
        telemetry = self._ports.telemetry
        telemetry.bind()
        try:
            response = self._route(HttpRequest.from_event(event))
        except PipelineError as error:
            telemetry.warning("Refused a request", code=error.code, status=error.status)
            telemetry.count("CheckoutsRefused" if not error.retryable else "CheckoutsFailed")
            response = error_response(error)
        except Exception as error:  # noqa: BLE001 - a bug must answer 500 and log no values (S18)
            telemetry.failure("Unexpected failure", error)
            telemetry.count("UnexpectedFailures")
            response = internal_error_response()
        finally:
            telemetry.flush()
        return response.to_lambda()

    def _route(self, request: HttpRequest) -> HttpResponse:
        order_id = request.path_parameters.get("orderId")
        actions: dict[str, Callable[[], HttpResponse]] = (
            {"POST": lambda: self._post(request)}
            if order_id is None
            else {"GET": lambda: self._status(order_id)}
        )
        action = actions.get(request.method)
        if action is None:
            raise MethodNotAllowedError(f"method: must be {' or '.join(actions)}")
        return action()

    def _post(self, request: HttpRequest) -> HttpResponse:
        ports = self._ports
        payload = validated(CheckoutPayload, _json(request))
        stored = service.accept(
            payload,
            correlation_id=_correlation(request),
            checkouts=self._checkouts,
            publisher=ports.publisher,
            clock=ports.clock,
            telemetry=ports.telemetry,
        )
        ports.telemetry.count("CheckoutsAccepted")
        url = f"{PATH}/{stored.order_id}"
        data = {
            "paymentId": stored.payment_id,
            "orderId": stored.order_id,
            "status": stored.status,
            "statusUrl": url,
        }
        headers = {"location": url, "retry-after": "1"}
        return HttpResponse(202, {"success": True, "data": data}, headers)

    def _status(self, order_id: str) -> HttpResponse:
        if _ORDER_ID.fullmatch(order_id) is None:
            raise NotFoundError("there is no such checkout")
        stored = service.status_of(order_id, checkouts=self._checkouts)
        headers = {"retry-after": "1"} if stored.status == "accepted" else {}
        return HttpResponse(200, {"success": True, "data": _answer(stored)}, headers)


def _answer(stored: StoredCheckout) -> dict[str, str]:
    data = {"orderId": stored.order_id, "status": stored.status}
    return data | ({"reason": stored.reason} if stored.reason else {})


def _json(request: HttpRequest) -> object:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        # Anything else a browser may send across origins without asking first (S30).
        raise UnsupportedMediaTypeError("content-type: must be application/json")
    return strict_json.loads(request.body, max_bytes=MAX_BODY_BYTES)


def _correlation(request: HttpRequest) -> str | None:
    given = request.headers.get("x-correlation-id")
    if given is None or is_id(given):
        return given
    raise InvalidInputError("x-correlation-id", ID_RULE)
