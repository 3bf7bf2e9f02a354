"""Where the shop's server vouches for payments: what it signed is taken, and nothing else (S36)."""

import base64
from typing import Any

import pytest

from functions.checkout.settings import CheckoutSettings
from shared.kernel.errors import ConfigurationError
from tests.builders import (
    Context,
    answer_of,
    body_of,
    checkout_command,
    checkout_payload,
    request,
    stock,
)
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline, no_parameters
from tests.signing import CHECKOUT_KEY, NEXT_CHECKOUT_KEY

ORDER_ID = order_id_for("pay-1")
CART = body_of(checkout_payload())


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock())
    pipeline.sign_checkouts()
    return pipeline


def refused(shop: Pipeline, body: bytes, headers: dict[str, str]) -> None:
    """The one answer of a closed door, and that nothing was looked at or stored."""
    calls = len(shop.memory.calls)
    answer = shop.checkout(body, headers=headers)

    assert answer["statusCode"] == 401
    assert answer_of(answer) == {
        "success": False,
        "error": {"code": "unauthenticated", "message": "unauthenticated"},
    }
    assert not shop.memory.all("checkouts")
    assert not shop.outbox.messages
    assert len(shop.memory.calls) == calls


def test_a_signed_checkout_becomes_an_order_that_says_who_answers_for_it(shop):
    answer = shop.checkout(CART, headers=shop.signed(CART))
    shop.drain()

    assert answer["statusCode"] == 202
    (checkout,) = shop.memory.all("checkouts")
    (order,) = shop.memory.all("orders")
    assert (checkout["trust"], order["trust"]) == ("signed", "signed")


def test_the_same_request_again_is_the_same_checkout(shop):
    headers = shop.signed(CART)

    answers = [shop.checkout(CART, headers=headers) for _ in range(3)]
    shop.drain()

    assert {answer["statusCode"] for answer in answers} == {202}
    assert len(shop.memory.all("orders")) == 1


def forged(shop: Pipeline, **changes: str) -> dict[str, str]:
    return {**shop.signed(CART), **changes}


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_request_without_one_of_its_headers_is_refused(shop, missing):
    headers = shop.signed(CART)
    del headers[missing]

    refused(shop, CART, headers)


def test_an_unsigned_request_is_refused_although_a_shopper_signed_in(shop):
    shop.sign_in()

    answer = shop.checkout(CART, shopper="user-1")

    assert answer["statusCode"] == 401
    assert not shop.memory.all("checkouts")


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v2,AAAA"},
        {"webhook-id": "msg-2"},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "\uff11\uff17\uff17\uff12"},
        {"webhook-signature": "é"},
        {"upstash-signature": "x", "webhook-signature": ""},
    ],
)
def test_a_forged_request_is_refused(shop, change):
    refused(shop, CART, forged(shop, **change))


def test_another_body_under_a_good_signature_is_refused(shop):
    other = body_of(checkout_payload(customerAddress="2 Elsewhere Road"))

    refused(shop, other, shop.signed(CART))
    refused(shop, CART + b" ", shop.signed(CART))


@pytest.mark.parametrize("seconds", [301, 3600, -301])
def test_a_stale_request_or_one_from_the_future_is_refused(shop, seconds):
    headers = shop.signed(CART)
    shop.clock.advance(seconds)

    refused(shop, CART, headers)


def test_a_request_just_within_five_minutes_is_taken(shop):
    headers = shop.signed(CART)
    shop.clock.advance(299)

    assert shop.checkout(CART, headers=headers)["statusCode"] == 202


def test_both_keys_of_a_rotation_are_believed_and_the_old_one_no_longer(shop):
    shop.environ["CHECKOUT_NEXT_SIGNING_KEY"] = NEXT_CHECKOUT_KEY
    for key, number in ((CHECKOUT_KEY, 1), (NEXT_CHECKOUT_KEY, 2)):
        cart = body_of(checkout_payload(paymentId=f"pay-{number}"))
        assert shop.checkout(cart, headers=shop.signed(cart, key=key))["statusCode"] == 202

    shop.environ["CHECKOUT_CURRENT_SIGNING_KEY"] = NEXT_CHECKOUT_KEY
    shop.environ["CHECKOUT_NEXT_SIGNING_KEY"] = ""
    cart = body_of(checkout_payload(paymentId="pay-3"))
    assert shop.checkout(cart, headers=shop.signed(cart, key=CHECKOUT_KEY))["statusCode"] == 401


def test_a_warm_function_follows_a_rotation(shop):
    """The same process, keys changed under it: the unknown signature makes it look again."""
    api = shop._api()
    cart = body_of(checkout_payload())
    shop.environ["CHECKOUT_CURRENT_SIGNING_KEY"] = NEXT_CHECKOUT_KEY
    shop.clock.advance(61)

    call = request(cart, headers=shop.signed(cart, key=NEXT_CHECKOUT_KEY), path="/api/checkout")

    assert api(call, Context())["statusCode"] == 202


def test_what_travels_as_base64_is_verified_as_it_was_sent(shop):
    call = request(b"", headers=shop.signed(CART), path="/api/checkout")
    call |= {"body": base64.b64encode(CART).decode(), "isBase64Encoded": True}

    assert shop._api()(call, Context())["statusCode"] == 202


def test_a_body_is_not_parsed_before_it_is_verified(shop):
    refused(shop, b'{"a": ' + b"[" * 5000, {})
    refused(shop, b"\xff\xfe", {})


def test_a_signed_cart_may_be_any_users_and_their_token_still_guards_the_status(shop):
    shop.sign_in()
    shop.checkout(CART, headers=shop.signed(CART))

    assert shop.status(ORDER_ID, shopper="user-1")["statusCode"] == 200
    assert shop.status(ORDER_ID, shopper="user-2")["statusCode"] == 404
    assert shop.status(ORDER_ID)["statusCode"] == 401


def posted(body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    return request(body, headers=headers, path="/api/checkout")


def test_refusals_are_told_once_a_minute_with_a_count_and_a_cause_and_nothing_that_came_in(shop):
    api = shop._api()
    for number in range(1000):
        body = f"canary-{number}".encode()
        api(posted(body, {"webhook-id": f"canary-{number}"}), Context())
    shop.clock.advance(60)
    api(posted(b"{}", {}), Context())

    told = [line for line in shop.telemetry.lines if line[0] == "Refused checkouts"]
    assert [fields["count"] for _, fields in told] == [1, 1000]
    assert shop.telemetry.counts["SignatureRefused"] == 1001
    assert "canary" not in str(shop.telemetry.lines)


def test_commands_through_qstash_count_as_signed_by_the_shop(shop):
    assert shop.deliver("commands", checkout_command())["statusCode"] == 200

    (order,) = shop.memory.all("orders")
    assert order["trust"] == "signed"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (
            {"CHECKOUT_CURRENT_SIGNING_KEY": ""},
            "CHECKOUT_CURRENT_SIGNING_KEY: Value error, missing",
        ),
        ({"CHECKOUT_CURRENT_SIGNING_KEY": "whsec_changeme"}, "CHECKOUT_CURRENT_SIGNING_KEY"),
        ({"CHECKOUT_CURRENT_SIGNING_KEY": CHECKOUT_KEY + "\n"}, "CHECKOUT_CURRENT_SIGNING_KEY"),
        (
            {"CHECKOUT_CURRENT_SIGNING_KEY": "whsec_" + base64.b64encode(b"a" * 32).decode()},
            "CHECKOUT_CURRENT_SIGNING_KEY",
        ),
        ({"CHECKOUT_NEXT_SIGNING_KEY": "sig_of_another_kind"}, "CHECKOUT_NEXT_SIGNING_KEY"),
        ({"CHECKOUT_TRUST": ""}, "CHECKOUT_TRUST"),
        ({"CHECKOUT_TRUST": "Signed"}, "CHECKOUT_TRUST"),
    ],
)
def test_a_function_without_a_real_key_does_not_start(shop, changes, named):
    with pytest.raises(ConfigurationError, match=named) as raised:
        CheckoutSettings.load({**shop.environ, **changes}, no_parameters)

    assert "whsec" not in str(raised.value).replace("whsec_ and", "")


def keys_of(environ: dict[str, Any]) -> Any:
    return CheckoutSettings.load(environ, no_parameters).request_keys()


def test_without_a_next_key_there_is_one_and_it_is_never_shown(shop):
    keys = keys_of(shop.environ)

    assert keys.current == keys.following == bytes(range(32))
    assert repr(keys) == "SigningKeys(…)"
