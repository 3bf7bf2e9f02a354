"""Events as API Gateway writes them, format 2.0, with and without a JWT authorizer before the route."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from tests.builders import Context, answer_of, stock
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline

EVENTS = Path(__file__).resolve().parents[3] / "events" / "api-gateway"
ORDER_ID = order_id_for("pay-1")


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock())
    return pipeline


@pytest.fixture
def members(shop: Pipeline) -> Pipeline:
    """A shop whose shoppers sign in; user-1 has ordered."""
    shop.sign_in()
    assert send(shop, "checkout-signed-in")["statusCode"] == 202
    shop.drain()
    return shop


def event(name: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return values


def send(shop: Pipeline, name: str, *, sub: str | None = None) -> dict[str, Any]:
    """An event, its token perhaps another user's."""
    call = event(name)
    if sub is not None:
        call["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = sub
    return shop._api()(call, Context())


def test_stranger_checks_out_where_nobody_signs_in(shop):
    response = send(shop, "checkout")

    assert response["statusCode"] == 202
    assert answer_of(response)["data"]["orderId"] == ORDER_ID


def test_stranger_is_refused_where_shoppers_sign_in(shop):
    shop.sign_in()

    response = send(shop, "checkout")

    assert response["statusCode"] == 401
    assert shop.memory.calls == []


def test_token_of_a_machine_names_no_shopper_whatever_its_client_is_called(shop):
    """A token by client credentials is valid, and has no ``sub`` at some issuers."""
    shop.sign_in()

    response = send(shop, "checkout-of-a-machine")

    assert answer_of(response)["error"]["code"] == "sign_in_required"
    assert shop.memory.calls == []


def test_shopper_follows_and_cancels_their_order(members):
    before = answer_of(send(members, "status-signed-in"))["data"]
    cancelled = send(members, "cancel-signed-in")
    members.drain()
    after = answer_of(send(members, "status-signed-in"))["data"]

    assert (before["orderStatus"], cancelled["statusCode"]) == ("PENDING", 202)
    assert after["orderStatus"] == "CANCELLED"
    timeline = members.memory.all("orders")[0]["timeline"]
    assert timeline[-1]["reason"] == "ordered the wrong size"


def test_a_path_before_the_api_s_own_makes_no_difference(members):
    """A custom domain may map the API below a path of its own, which the event then shows."""
    assert send(members, "cancel-at-a-custom-domain")["statusCode"] == 202


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("checkout", "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/api/checkout"),
        ("checkout-at-a-custom-domain", "https://api.shop.example/shop/api/checkout"),
        (
            "checkout-at-a-named-stage",
            "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod/api/checkout",
        ),
        # A proxy or an emulator may take a part of the path away before anybody sees it.
        ("checkout", "https://www.shop.example/backend/api/checkout"),
        ("checkout", "http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4/api/checkout"),
    ],
)
def test_who_follows_location_arrives_whatever_comes_before_the_path(shop, name, asked):
    answer = send(shop, name)

    assert urljoin(asked, answer["headers"]["location"]) == f"{asked}/{ORDER_ID}"
    assert answer_of(answer)["data"]["statusUrl"] == f"/api/checkout/{ORDER_ID}"


@pytest.mark.parametrize("name", ["cancel-signed-in", "cancel-at-a-custom-domain"])
def test_who_follows_location_after_a_cancellation_arrives_too(members, name):
    asked = f"https://api.shop.example{event(name)['rawPath']}"

    location = send(members, name)["headers"]["location"]

    assert f"{urljoin(asked, location)}/cancel" == asked


def test_a_slash_at_the_end_leads_no_further_astray(shop):
    call = event("checkout")
    call["rawPath"] += "/"

    location = shop._api()(call, Context())["headers"]["location"]

    assert urljoin("https://x.example/api/checkout/", location) == (
        f"https://x.example/api/checkout/{ORDER_ID}"
    )


def test_the_host_that_a_request_names_is_nowhere_in_the_answer(shop):
    call = event("checkout")
    call["headers"] |= {"host": "evil.example", "x-forwarded-host": "evil.example"}
    call["requestContext"]["domainName"] = "evil.example"

    assert "evil" not in str(shop._api()(call, Context()))


@pytest.mark.parametrize("name", ["checkout-signed-in", "status-signed-in", "cancel-signed-in"])
def test_another_shopper_gets_nowhere(members, name):
    sent = members.outbox.ids()

    response = send(members, name, sub="user-2")

    assert response["statusCode"] == (403 if name.startswith("checkout") else 404)
    assert members.outbox.ids() == sent
