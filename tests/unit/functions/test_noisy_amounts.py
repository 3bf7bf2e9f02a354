"""Carts that were added up in binary floats: bought for exactly what the shopper paid."""

import json
from decimal import Decimal
from typing import Any

import pytest

from shared.kernel.strict_json import loads
from tests.builders import answer_of, checkout_payload, envelope, line, stock
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline

ORDER_ID = order_id_for("pay-1")
LAMPS = 3 * 24.9  # as JavaScript, too, has it


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock("lamp", price=Decimal("24.90")))
    return pipeline


def cart(total: object, price: object = 24.9) -> dict[str, Any]:
    return checkout_payload(items=[line("lamp", quantity=3, price=price)], totalAmount=total)


def sent(payload: dict[str, Any]) -> bytes:
    """As a producer writes it, whose numbers are doubles."""
    event = envelope("command.checkout", payload, eventId="evt-shop")
    return json.dumps(event, default=float).encode()


def posted(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, default=float).encode()


def test_the_float_is_a_noisy_one():
    assert repr(LAMPS) == "74.69999999999999"


def test_a_producer_s_noisy_total_becomes_an_order_of_exact_cents(shop):
    assert shop.deliver("commands", sent(cart(LAMPS)))["statusCode"] == 200

    (order,) = shop.memory.all("orders")
    assert str(order["totalAmount"]) == "74.70"
    told = [
        loads(message.body.encode(), max_bytes=100_000)["payload"]
        for message in shop.outbox.of("order.created")
    ]
    assert [(said["totalAmount"], said["items"][0]["price"]) for said in told] == [
        (Decimal("74.7"), Decimal("24.9"))
    ]


def test_the_api_takes_a_noisy_total_and_passes_on_the_exact_one(shop):
    accepted = shop.checkout(posted(cart(LAMPS)))

    assert accepted["statusCode"] == 202
    (command,) = shop.outbox.of("command.checkout")
    assert '"totalAmount":74.7' in command.body
    assert "999" not in command.body


@pytest.mark.parametrize("first", [LAMPS, 74.7, 74.70000000000002])
@pytest.mark.parametrize("again", [LAMPS, 74.7, 74.70000000000002])
def test_noisy_and_exact_are_the_same_cart_at_the_api_and_at_the_webhook(shop, first, again):
    """A repetition may well have been added up in another order."""
    assert shop.checkout(posted(cart(first)))["statusCode"] == 202
    repeated = shop.checkout(posted(cart(again)))
    delivered = shop.deliver("commands", sent(cart(again, price=24.900000000000002)))
    shop.drain()

    assert repeated["statusCode"] == 202
    assert answer_of(repeated)["data"]["orderId"] == ORDER_ID
    assert delivered["statusCode"] == 200
    assert [str(order["totalAmount"]) for order in shop.memory.all("orders")] == ["74.70"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"total": 74.695}, "totalAmount"),
        ({"total": 74.7000011}, "totalAmount"),
        ({"total": "74.70"}, "totalAmount"),
        ({"total": True}, "totalAmount"),
        ({"total": 1e9}, "totalAmount"),
        ({"total": -0.01}, "totalAmount"),
        ({"total": 74.7, "price": 24.905}, "items[0].price"),
    ],
)
def test_what_is_no_whole_cents_is_refused_by_name_at_the_api_and_at_the_webhook(
    shop, changes, field
):
    refused = shop.checkout(posted(cart(**changes)))
    delivered = shop.deliver("commands", sent(cart(**changes)))

    assert refused["statusCode"] == 400
    assert answer_of(refused)["error"]["field"] == field
    assert delivered["statusCode"] == 489
    assert answer_of(delivered)["error"]["field"] == f"payload.{field}"
    assert shop.memory.all("orders") == shop.memory.all("checkouts") == []


def test_a_mail_of_a_producer_shows_what_its_floats_mean(shop):
    data = {
        "orderId": "ord_1",
        "customerName": "Ada Example",
        "items": [{"productId": "lamp", "quantity": 3, "price": 24.900000000000002}],
        "totalAmount": LAMPS,
    }
    payload = {
        "to": "ada@example.com",
        "subject": "Order Confirmation - ord_1",
        "templateId": "order-confirmation",
        "templateData": data,
        "priority": "high",
    }
    wrong = {**payload, "templateData": {**data, "totalAmount": "74.70"}}

    handled = shop.deliver("notifications", posted(envelope("notification.email", payload)))
    refused = shop.deliver(
        "notifications", posted(envelope("notification.email", wrong, eventId="evt-2"))
    )

    assert handled["statusCode"] == 200
    (mail,) = shop.mailer.sent
    assert "74.70 EUR" in mail.text
    assert refused["statusCode"] == 489
    assert answer_of(refused)["error"]["field"] == "payload.templateData.totalAmount"
