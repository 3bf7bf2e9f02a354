"""Events as API Gateway writes them, format 2.0, with and without a JWT authorizer before the route."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.ids import order_id_for
from tests.builders import Context, answer_of, stock
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


@pytest.mark.parametrize("name", ["checkout-signed-in", "status-signed-in", "cancel-signed-in"])
def test_another_shopper_gets_nowhere(members, name):
    sent = members.outbox.ids()

    response = send(members, name, sub="user-2")

    assert response["statusCode"] == (403 if name.startswith("checkout") else 404)
    assert members.outbox.ids() == sent
