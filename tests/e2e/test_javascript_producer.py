"""The shop's own producers, unchanged: JavaScript, Upstash's client, the API's webhook addresses."""

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests import node
from tests.e2e.stack_client import cart, line, wait_for

pytestmark = pytest.mark.e2e

PRODUCER = Path(__file__).parent / "producer.mjs"


@dataclass(frozen=True)
class Sold:
    """A cart, the spelling that floats give its total, and what the shopper paid."""

    lines: tuple[tuple[str, int, str], ...]
    spelled: str
    paid: str


CARTS = {
    "three lamps": Sold((("js-lamp", 3, "24.90"),), "74.69999999999999", "74.70"),
    "mug and card": Sold(
        (("js-mug", 1, "2.10"), ("js-card", 1, "4.20")), "6.300000000000001", "6.30"
    ),
    "one lamp": Sold((("js-lamp", 1, "24.90"),), "24.9", "24.90"),
}


@pytest.fixture(scope="module")
def products(client):
    """What the shop sells."""
    for sku, price in (("js-lamp", "24.90"), ("js-mug", "2.10"), ("js-card", "4.20")):
        client.shelf(sku, 1000, price=price)


@pytest.fixture
def bodies():
    """The carts as the storefront hands them to the producer, which adds them up itself."""
    made = {}
    for name, sold in CARTS.items():
        made[name] = cart(*(line(*entry) for entry in sold.lines))
        del made[name]["totalAmount"]
    return made


def publish(stack, way, bodies) -> dict[str, Any]:
    """Let the producer publish the carts; its events by the cart's name."""
    environ = {
        "QSTASH_URL": stack.qstash["url"],
        "QSTASH_TOKEN": stack.qstash["token"],
        "QSTASH_WEBHOOK_BASE_URL": stack.api_url,
    }
    status, said = node.run(PRODUCER, way, given=list(bodies.values()), environ=environ)
    assert status == 0, said
    return dict(zip(bodies, json.loads(said, parse_float=str), strict=True))


@pytest.mark.usefixtures("products")
@pytest.mark.parametrize("way", ["one", "batch"])
def test_what_the_shop_publishes_becomes_orders_of_exact_cents_and_mails(
    client, stack, bodies, way
):
    published = publish(stack, way, bodies)

    totals = {name: event["payload"]["totalAmount"] for name, event in published.items()}
    assert totals == {name: sold.spelled for name, sold in CARTS.items()}
    for name, sold in CARTS.items():
        order = order_of(client, bodies[name]["paymentId"])
        assert order["totalAmount"] == Decimal(sold.paid)
        assert [entry["price"] for entry in order["items"]] == [
            Decimal(price) for _, _, price in sold.lines
        ]
        mail = client.mail(
            bodies[name]["customerEmail"], f"Order Confirmation - {order['orderId']}"
        )
        assert f"Total: {sold.paid} EUR" in mail["BodyText"]
    client.quiet()
    for name, event in published.items():
        attempts = client.deliveries(eventId=event["eventId"])
        assert [attempt["status"] for attempt in attempts] == [200]
        assert attempts[0]["url"] == f"{stack.api_url}/api/webhooks/commands"
        assert client.item("dead_letters", eventId=event["eventId"]) is None
        assert len(client.mails(bodies[name]["customerEmail"])) == 1


@pytest.mark.usefixtures("products")
def test_what_of_the_shop_s_cannot_be_sold_becomes_a_letter_of_the_event_itself(
    client, stack, bodies, ops
):
    """No callback tells of it, and the body was encoded twice."""
    broken = bodies["one lamp"]
    del broken["customerEmail"]
    (event,) = publish(stack, "batch", {"broken": broken}).values()

    client.quiet()
    client.reconcile()
    letter = wait_for(
        lambda: client.item("dead_letters", eventId=event["eventId"]), "a dead letter"
    )

    assert (letter["reportedBy"], letter["topic"]) == ("pull", "commands")
    assert letter["cause"] == "HTTP 489 invalid_field"
    assert "payload.customerEmail" in letter["error"]
    kept = json.loads(letter["originalEvent"], parse_float=str)
    assert kept == event
    status, said = ops("dead-letters", "show", event["eventId"])
    assert (status, broken["paymentId"] in said) == (0, True)


def order_of(client, payment_id):
    """The order of a payment, once there is one."""
    order_id = client.order_id_for(payment_id)
    return wait_for(lambda: client.item("orders", orderId=order_id), f"order {order_id}")
