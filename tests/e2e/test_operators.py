"""What operators do, through their own command line, on the deployed stack."""

import pytest

from tests.e2e.stack_client import cart, line, wait_for

pytestmark = pytest.mark.e2e


def _ordered(client, sku, quantity=1):
    body = cart(line(sku, quantity))
    order_id = client.check_out(body).json()["data"]["orderId"]
    assert client.settled(order_id)["status"] == "confirmed"
    client.quiet()
    return order_id, body["customerEmail"]


def test_an_order_is_driven_through_its_whole_life_and_tells_it(client, ops):
    order_id, address = _ordered(client, client.shelf("e2e-life", 5))

    steps = [
        ops("order", "confirm", order_id),
        ops("order", "process", order_id),
        ops(
            *("order", "ship", order_id, "--carrier", "Parcel Co"),
            *("--tracking-number", "PC-1", "--tracking-url", "https://parcels.example/PC-1"),
        ),
        ops("order", "deliver", order_id),
    ]
    too_late, said = ops("order", "cancel", order_id, "--reason", "too late")

    assert [status for status, _ in steps] == [0, 0, 0, 0], steps
    assert (too_late, "late: the order is DELIVERED" in said) == (1, True)
    client.quiet()
    subjects = [mail["Subject"].partition(" - ")[0] for mail in client.mails(address)]
    assert subjects == [
        "Order Confirmation",
        "Your order is confirmed",
        "Your order is on its way",
        "Your order has arrived",
    ]
    timeline = client.item("orders", orderId=order_id)["timeline"]
    assert [(entry["type"], entry["verdict"]) for entry in timeline] == [
        ("command.checkout", "placed"),
        ("order.created", "recorded"),
        ("order.confirmed", "applied"),
        ("order.processing", "applied"),
        ("order.shipped", "applied"),
        ("order.delivered", "applied"),
        ("order.cancelled", "late"),
    ]
    status, story = ops("trace", order_id)
    assert status == 0
    assert "order.shipped" in story
    assert client.item("stock", sku="e2e-life")["available"] == 4


def test_a_cancelled_order_gives_back_stock_and_money_once(client, ops):
    sku = client.shelf("e2e-cancel", 5)
    order_id, address = _ordered(client, sku, 2)

    first = ops("order", "cancel", order_id, "--reason", "changed my mind")
    again = ops("order", "cancel", order_id, "--reason", "once more")

    assert (first[0], again[0]) == (0, 1)
    client.quiet()
    assert client.item("stock", sku=sku)["available"] == 5
    checkout = wait_for(
        lambda: client.item("checkouts", orderId=order_id).get("refundStatus"), "a refund request"
    )
    assert checkout == "requested"
    told = [m["Subject"].partition(" - ")[0] for m in client.mails(address)]
    assert told == ["Order Confirmation", "Your order is cancelled"]
