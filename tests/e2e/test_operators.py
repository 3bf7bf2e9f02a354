"""What operators do, through their own command line, on the deployed stack."""

import json

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


def test_contact_data_is_corrected_once_until_it_is_shipped_and_audited(client, ops):
    order_id, address = _ordered(client, client.shelf("e2e-correct", 5))
    new = address.replace("@customer.example", "@corrected.example")
    command = ("order", "correct", order_id, "--email", new, "--reason", "mistyped")

    dry, first, again = ops(*command, "--dry-run"), ops(*command), ops(*command)

    assert [status for status, _ in (dry, first, again)] == [0, 0, 0], (dry, first, again)
    assert f"email: {address} -> {new}" in dry[1]
    assert "corrected: the order is PENDING" in first[1]
    assert "says so already" in again[1]
    assert ops("order", "confirm", order_id)[0] == 0
    assert ops("order", "ship", order_id)[0] == 0
    late, said = ops("order", "correct", order_id, "--name", "Eva", "--reason", "too late")
    assert (late != 0, "until an order is shipped" in said) == (True, True)
    client.quiet()
    assert [m["Subject"].partition(" - ")[0] for m in client.mails(address)] == [
        "Order Confirmation",
        "The contact data of your order was changed",
    ]
    assert [m["Subject"].partition(" - ")[0] for m in client.mails(new)] == [
        "Your order has new contact data",
        "Your order is confirmed",
        "Your order is on its way",
    ]
    status, story = ops("history", "order", order_id)
    assert (status, "order.corrected" in story, new in story) == (0, True, False)
    assert ops("audit")[0] == 0


def test_a_customer_is_told_what_is_kept_and_erased_once_nothing_is_on_its_way(
    client, ops, tmp_path
):
    order_id, address = _ordered(client, client.shelf("e2e-privacy", 5))
    other_id, other = _ordered(client, "e2e-privacy")
    file, asked = tmp_path / "person.json", ("--email", address, "--reason", "asked by letter")

    early, why = ops("privacy", "erase", *asked)
    for step in ("confirm", "ship", "deliver"):
        assert ops("order", step, order_id)[0] == 0
        client.quiet()
    exported = ops("privacy", "export", *asked, "--out", str(file))
    dry, first, again = (
        ops("privacy", "erase", *asked, *more) for more in (("--dry-run",), (), ())
    )
    client.quiet()

    assert (early, f"{order_id}: is PENDING" in why) == (1, True), why
    assert exported[0] == 0, exported
    told = json.loads(file.read_text(encoding="utf-8"))
    assert [row["orderId"] for row in told["orders"]] == [order_id]
    assert (told["orders"][0]["customerEmail"], other in json.dumps(told)) == (address, False)
    assert len(told["messages"]) == 4
    assert [status for status, _ in (dry, first, again)] == [0, 0, 0], (dry, first, again)
    assert "nothing was changed" in dry[1]
    assert "nothing is kept of this person" in again[1]
    row = client.item("orders", orderId=order_id)
    assert (row["customerName"], row["status"]) == ("erased", "DELIVERED")
    assert client.item("orders", orderId=other_id)["customerEmail"] == other
    for story in (ops("trace", order_id), ops("history", "order", order_id)):
        assert (story[0], "order.delivered" in story[1], address in story[1]) == (0, True, False)
    assert ops("audit")[0] == 0


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
