"""Requests as Lambda presents them, answers as it wants them."""

import base64

import pytest

from shared.kernel.errors import (
    CheckoutUndecidedError,
    InvalidInputError,
    OutOfStockError,
    SignInRequiredError,
    TransientError,
)
from shared.messaging.delivery_metadata import get_event_metadata
from shared.messaging.http import HttpRequest, HttpResponse, error_response, internal_error_response
from tests.builders import answer_of, request


def test_header_names_are_lower_case_and_the_method_upper_case():
    event = request(b"{}", headers={"X-Event-ID": "evt-1"}, method="post")

    read = HttpRequest.from_event(event)

    assert read.method == "POST"
    assert read.headers["x-event-id"] == "evt-1"


@pytest.mark.parametrize("body", [b"", b"\xff\x00", b'{"a":1}', bytes(range(256))])
def test_base64_body_is_the_bytes_that_were_sent(body):
    event = request(b"") | {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}

    assert HttpRequest.from_event(event).body == body


@pytest.mark.parametrize("body", ["not base64!", "YQ", "ä"])
def test_body_that_is_marked_as_base64_and_is_not_is_refused(body):
    with pytest.raises(InvalidInputError, match="is marked as base64 but is not"):
        HttpRequest.from_event(request(b"") | {"body": body, "isBase64Encoded": True})


@pytest.mark.parametrize("event", [{}, {"headers": None, "body": None, "requestContext": None}])
def test_event_with_nothing_in_it_is_a_request_with_nothing_in_it(event):
    read = HttpRequest.from_event(event)

    assert (read.method, read.path, read.body, dict(read.headers)) == ("", "/", b"", {})


def test_claims_come_from_the_authorizer_only():
    event = request(b"{}", headers={"authorization": "Bearer x"})
    event["requestContext"]["authorizer"] = {"jwt": {"claims": {"sub": "user-1", "n": 1}}}

    assert HttpRequest.from_event(event).claims == {"sub": "user-1", "n": "1"}


def test_a_claim_that_says_nothing_is_none():
    event = request(b"{}")
    event["requestContext"]["authorizer"] = {"jwt": {"claims": {"sub": None, "iss": "x"}}}

    assert HttpRequest.from_event(event).claims == {"iss": "x"}


def test_error_answer_has_code_message_and_details():
    response = error_response(OutOfStockError("items[0].quantity", "mug", 3)).to_lambda()

    assert response["statusCode"] == 409
    assert answer_of(response) == {
        "success": False,
        "error": {
            "code": "out_of_stock",
            "message": "items[0].quantity: only 3 of mug available",
            "field": "items[0].quantity",
            "sku": "mug",
            "available": "3",
        },
    }


def test_only_transient_errors_say_when_to_try_again():
    assert error_response(TransientError("x", retry_after=9)).headers == {"retry-after": "9"}
    assert error_response(InvalidInputError("a", "b")).headers == {}


def test_a_refusal_may_be_worth_asking_again_without_being_our_failure():
    response = error_response(CheckoutUndecidedError("not yet"))

    assert (response.status, response.headers) == (409, {"retry-after": "1"})


def test_who_did_not_sign_in_is_told_how():
    response = error_response(SignInRequiredError("no sub"))

    assert (response.status, response.headers) == (401, {"www-authenticate": "Bearer"})


def test_answer_to_a_bug_says_nothing():
    assert internal_error_response().status == 500
    assert answer_of(internal_error_response().to_lambda())["error"]["message"] == "internal error"


def test_every_answer_forbids_caching_and_sniffing():
    headers = HttpResponse(200, {}, {"x-own": "1"}).to_lambda()["headers"]

    assert headers == {
        "content-type": "application/json",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-own": "1",
    }


def test_metadata_of_a_delivery_are_its_travelling_headers():
    headers = {
        "X-Event-Type": "order.created",
        "X-Event-ID": "evt-1",
        "X-Correlation-ID": "corr-1",
        "X-Event-Version": "1.0",
        "X-Event-Source": "api",
        "Upstash-Retried": "2",
        "Upstash-Message-Id": "msg_1",
    }

    metadata = get_event_metadata(HttpRequest.from_event(request(b"", headers=headers)))

    assert metadata.event_type == "order.created"
    assert metadata.event_id == "evt-1"
    assert metadata.correlation_id == "corr-1"
    assert (metadata.version, metadata.source) == ("1.0", "api")
    assert (metadata.retry_count, metadata.message_id) == (2, "msg_1")


@pytest.mark.parametrize(
    "retried", ["", "-1", "two", "1.5", "9" * 10, "²", " 1", "٣", "\uff12", "1\n"]
)
def test_retry_count_that_is_none_counts_as_the_first_attempt(retried):
    read = HttpRequest.from_event(request(b"", headers={"upstash-retried": retried}))

    assert get_event_metadata(read).retry_count == 0


def test_metadata_are_absent_where_the_headers_are():
    metadata = get_event_metadata(HttpRequest.from_event(request(b"")))

    assert metadata.event_id is None
    assert metadata.message_id is None
    assert metadata.retry_count == 0
