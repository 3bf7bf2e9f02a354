"""From a storefront's checkout to the customer's mail, on the deployed stack."""

from decimal import Decimal

import pytest

from tests.e2e.stack_client import cart, line, wait_for

pytestmark = pytest.mark.e2e


def test_a_checkout_becomes_one_order_one_mail_and_an_audit_trail(client):
    sku = client.shelf("e2e-lamp", 10, price="24.90")
    body = cart(line(sku, 3, "24.90"))

    answer = client.check_out(body)

    assert answer.status_code == 202
    data = answer.json()["data"]
    assert answer.json()["success"] is True
    assert data["paymentId"] == body["paymentId"]
    follow = answer.url.join(answer.headers["location"])
    assert str(follow).endswith(data["statusUrl"])
    assert client.http.get(follow).json()["data"]["orderId"] == data["orderId"]
    assert data["statusUrl"].endswith(f"/api/checkout/{data['orderId']}")
    assert int(answer.headers["retry-after"]) >= 1
    assert client.settled(data["orderId"]) == {
        "orderId": data["orderId"],
        "status": "confirmed",
        "orderStatus": "PENDING",
    }
    client.quiet()
    order = client.item("orders", orderId=data["orderId"])
    assert order["totalAmount"] == Decimal("74.70")
    assert order["items"][0]["productName"] == "Product e2e-lamp"
    assert [o for o in client.items("orders") if o["paymentId"] == body["paymentId"]] == [order]
    assert client.item("stock", sku=sku)["available"] == 7
    mails = client.mails(body["customerEmail"])
    assert [mail["Subject"] for mail in mails] == [f"Order Confirmation - {data['orderId']}"]
    audited = client.query("audit", "entity", f"order#{data['orderId']}")
    assert [entry["action"] for entry in audited] == ["order.created"]
    trace = client.query("ledger", "correlationId", data["orderId"], index="trace")
    assert {entry["eventType"] for entry in trace} == {
        "command.checkout",
        "order.created",
        "notification.email",
        "inventory.stock.updated",
        "analytics.audit",
    }
    assert {entry["state"] for entry in trace} == {"done"}
    mail_event = next(entry for entry in trace if entry["eventType"] == "notification.email")
    mailed = client.query("audit", "entity", f"email#{mail_event['eventId']}")
    assert [entry["action"] for entry in mailed] == ["email.sent"]
    recorded = [
        entry["type"] for entry in client.item("orders", orderId=data["orderId"])["timeline"]
    ]
    assert recorded == ["command.checkout", "order.created"]


def test_repeating_the_request_gives_the_same_order_and_changes_nothing(client):
    sku = client.shelf("e2e-repeat", 5)
    body = cart(line(sku))
    first = client.check_out(body).json()["data"]
    client.settled(first["orderId"])
    client.quiet()

    again = client.check_out(body)

    assert again.status_code == 202
    assert again.json()["data"]["orderId"] == first["orderId"]
    assert again.json()["data"]["status"] == "confirmed"
    client.quiet()
    assert client.item("stock", sku=sku)["available"] == 4
    assert len(client.mails(body["customerEmail"])) == 1


def test_the_same_payment_with_another_cart_is_refused_and_the_first_order_stays(client):
    sku = client.shelf("e2e-tamper", 5)
    body = cart(line(sku))
    order_id = client.check_out(body).json()["data"]["orderId"]
    client.settled(order_id)

    other = client.check_out({**cart(line(sku, 2)), "paymentId": body["paymentId"]})

    assert other.status_code == 409
    assert other.json()["error"]["code"] == "payment_reused"
    assert client.item("orders", orderId=order_id)["items"][0]["quantity"] == 1
    client.quiet()
    assert client.item("stock", sku=sku)["available"] == 4


def test_the_last_units_raise_one_alert_by_mail_to_the_shop(client):
    sku = client.shelf("e2e-alert", 4, threshold=2)

    for _ in range(3):
        order_id = client.check_out(cart(line(sku))).json()["data"]["orderId"]
        client.settled(order_id)
        client.quiet()

    alerts = [mail for mail in client.mails() if "Product e2e-alert" in mail["Subject"]]
    assert [mail["Subject"] for mail in alerts] == ["Low stock - Product e2e-alert"]
    assert client.item("stock", sku=sku)["alert"] == "raised"


def test_a_sold_out_product_is_refused_by_name(client):
    sku = client.shelf("e2e-gone", 0)

    answer = client.check_out(cart(line(sku)))

    assert answer.status_code == 409
    error = answer.json()["error"]
    assert (error["code"], error["field"]) == ("out_of_stock", "items[0].quantity")


def test_the_status_of_what_does_not_exist_is_one_uniform_answer(client):
    answers = [
        client.checkout_status(order_id)
        for order_id in ("ord_00000000000000000000000000000000", "nonsense", "ord_1")
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_a_poisoned_message_ends_in_one_dead_letter_that_names_the_cause(client):
    event = {
        "eventId": "evt-e2e-poison",
        "eventType": "command.checkout",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": "1.0",
        "source": "checkout-api",
        "payload": {"userId": "u"},
    }

    client.publish(client.url("commands"), event)

    letter = wait_for(
        lambda: client.item("dead_letters", eventId="evt-e2e-poison"), "a dead letter", limit=60
    )
    assert letter["state"] == "open"
    assert letter["topic"] == "commands"
    assert letter["cause"] == "HTTP 489 invalid_field"
    assert "payload.customerName" in letter["error"]
    client.quiet()
    deliveries = client.deliveries(eventId="evt-e2e-poison")
    assert [delivery["status"] for delivery in deliveries] == [489]


def test_a_type_that_nobody_knows_is_refused_loudly(client):
    event = {
        "eventId": "evt-e2e-unknown",
        "eventType": "inventory.stock.juggled",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": "1.0",
        "source": "orders-service",
        "payload": {},
    }

    answer = client.deliver("inventory", event)

    assert answer.status_code == 489
    assert answer.headers["upstash-nonretryable-error"] == "true"
    assert answer.json()["error"]["code"] == "unknown_event_type"
