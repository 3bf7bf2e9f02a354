"""Who may check out and look, where shoppers sign in and where they are strangers."""

import pytest

from shared.kernel.errors import ConfigurationError
from tests.builders import Context, answer_of, checkout_payload, request, stock
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline

ORDER_ID = order_id_for("pay-1")


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock())
    return pipeline


@pytest.fixture
def members(shop: Pipeline) -> Pipeline:
    """A shop whose shoppers sign in."""
    shop.sign_in()
    return shop


def test_shopper_checks_out_for_themselves(members):
    assert members.checkout(checkout_payload(), shopper="user-1")["statusCode"] == 202


@pytest.mark.parametrize(
    "subject",
    [
        "auth0|5f7c8ec7c33c6c004bbafe82",
        "google-oauth2|103547991597142817347",
        "f4a1c2d8-0b7e-4d39-9a55-1c2f8e7d6b3a",
        "00u1a2b3c4d5e6f7G8h9",
    ],
)
def test_subjects_as_issuers_write_them_order_and_cancel(members, subject):
    """From the cart through every event, to the stock that comes back."""
    assert members.checkout(checkout_payload(userId=subject), shopper=subject)["statusCode"] == 202
    assert {status for _, status in members.drain()} == {200}
    assert members.cancel(ORDER_ID, shopper=subject)["statusCode"] == 202
    assert {status for _, status in members.drain()} == {200}

    (order,) = members.memory.all("orders")
    assert (order["userId"], order["status"]) == (subject, "CANCELLED")


def test_shopper_cannot_check_out_for_another_user(members):
    response = members.checkout(checkout_payload(userId="user-2"), shopper="user-1")

    error = answer_of(response)["error"]
    assert response["statusCode"] == 403
    assert error == {
        "code": "foreign_user",
        "message": "userId: must be the sub of the token",
        "field": "userId",
        "rule": "must be the sub of the token",
    }
    assert members.memory.calls == []
    assert members.outbox.messages == []


def test_shopper_cannot_repeat_another_user_s_checkout(members):
    members.checkout(checkout_payload(), shopper="user-1")
    sent = members.outbox.ids()

    assert members.checkout(checkout_payload(), shopper="user-2")["statusCode"] == 403
    assert members.outbox.ids() == sent


@pytest.mark.parametrize("subject", ["USER-1", "user-1 ", "user-11", "None"])
def test_subject_is_compared_to_the_letter(members, subject):
    assert members.checkout(checkout_payload(), shopper=subject)["statusCode"] == 403


@pytest.mark.parametrize(
    "authorizer",
    [
        None,
        {},
        {"jwt": None},
        {"jwt": {}},
        {"jwt": {"claims": None}},
        {"jwt": {"claims": {}}},
        {"jwt": {"claims": {"sub": ""}}},
        {"jwt": {"claims": {"sub": None}}},
        {"jwt": {"claims": {"email": "ada@example.com", "client_id": "user-1"}}},
        {"lambda": {"claims": {"sub": "user-1"}}},
        {"iam": {"sub": "user-1"}},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/checkout"),
        ("GET", f"/api/checkout/{ORDER_ID}"),
        ("POST", f"/api/checkout/{ORDER_ID}/cancel"),
        ("POST", f"/api/checkout/{ORDER_ID}/contact"),
    ],
)
def test_request_that_nobody_vouches_for_is_refused_before_it_is_read(
    members, authorizer, method, path
):
    """A route that lost its authorizer, or a token without a user, must not mean a stranger."""
    members.checkout(checkout_payload(), shopper="user-1")
    members.memory.calls.clear()
    sent = members.outbox.ids()
    call = request(b"not even JSON", path=path, method=method)
    call["requestContext"]["authorizer"] = authorizer
    if path != "/api/checkout":
        call["pathParameters"] = {"orderId": ORDER_ID}

    response = members._api()(call, Context())

    assert response["statusCode"] == 401
    assert answer_of(response)["error"]["code"] == "sign_in_required"
    assert response["headers"]["www-authenticate"] == "Bearer"
    assert members.memory.calls == []
    assert members.outbox.ids() == sent


def test_a_user_named_in_a_header_is_nobody(members):
    headers = {"authorization": "Bearer x", "x-user-id": "user-1", "sub": "user-1"}

    assert members.checkout(checkout_payload(), headers=headers)["statusCode"] == 401


def test_shopper_sees_their_own_checkout(members):
    members.checkout(checkout_payload(), shopper="user-1")

    assert members.status(ORDER_ID, shopper="user-1")["statusCode"] == 200


@pytest.mark.parametrize("decided", [False, True])
def test_another_s_checkout_looks_exactly_like_none(members, decided):
    """S20: same status, same headers, same bytes, same reads."""
    members.checkout(checkout_payload(), shopper="user-1")
    if decided:
        members.drain()
    members.memory.calls.clear()

    foreign = members.status(ORDER_ID, shopper="user-2")
    reads = list(members.memory.calls)
    members.memory.calls.clear()
    unknown = members.status(order_id_for("pay-unheard"), shopper="user-2")

    assert foreign["statusCode"] == 404
    assert foreign == unknown
    assert reads == members.memory.calls


def test_where_there_is_no_authorizer_claims_say_nothing(shop):
    """Nobody checked them: they could not make a difference, for better or worse."""
    assert shop.checkout(checkout_payload(), shopper="user-2")["statusCode"] == 202
    assert shop.status(ORDER_ID, shopper="user-2")["statusCode"] == 200
    assert shop.status(ORDER_ID)["statusCode"] == 200


@pytest.mark.parametrize("value", [None, "", "JWT", "yes", "None"])
def test_function_that_was_not_told_whether_shoppers_sign_in_does_not_start(shop, value):
    shop.environ.pop("STOREFRONT_AUTH")
    if value is not None:
        shop.environ["STOREFRONT_AUTH"] = value

    with pytest.raises(ConfigurationError, match="STOREFRONT_AUTH"):
        shop.checkout(checkout_payload())


def test_refusals_name_neither_user_in_the_log(members):
    members.checkout(checkout_payload(userId="canary-a"), shopper="canary-b")

    assert "canary" not in str(members.telemetry.lines)
