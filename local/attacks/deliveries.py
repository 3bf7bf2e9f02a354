"""Attacks on the functions of the topics: forged deliveries, and events of who holds the QStash token."""

import json
import time
from collections.abc import Mapping
from typing import Any

import jwt

from local.attacks.attack import Attack, Checkouts, must, needs
from local.attacks.target import Target
from local.qstash.signing import sign

_SIGNED = Checkouts.SIGNED


def forge_deliveries(target: Target) -> None:
    """Unsigned, by another key, for another address, expired, of another body: to every topic."""
    event = json.dumps(target.event("command.checkout", target.cart(target.product()))).encode()
    before = target.stored()
    bodies = set()
    for topic in target.client.stack.topics:
        for name, token in _forged(target, topic, event).items():
            headers = {} if token is None else {"Upstash-Signature": token}
            answer = target.client.invoke(topic, event, headers)
            must(answer.status_code == 401, f"{topic}, {name}: answered {answer.status_code}")
            bodies.add(answer.content)
    must(len(bodies) == 1, "the answers differ, and so tell what was wrong")
    must(target.stored() == before, "something was stored")
    needs(target.client.deliver("commands", event).status_code == 200, "a genuine one is refused")


def _forged(target: Target, topic: str, body: bytes) -> Mapping[str, str | None]:
    client = target.client
    url, key = client.url(topic), client.stack.qstash["current_signing_key"]
    other = client.url("orders" if topic == "commands" else "commands")
    hour_ago = int((time.time() - 3600) * 1000)
    genuine = jwt.decode(client.signature(url, body), options={"verify_signature": False})
    return {
        "unsigned": None,
        "empty": "",
        "by another key": client.signature(url, body, key="sig_" + "x" * 28),
        "for another address": client.signature(other, body),
        "for the failure callback": client.signature(f"{url}failures", body),
        "expired": sign(key=key, url=url, body=body, now_ms=hour_ago, token_id=target.new("jwt")),
        "valid for a day": jwt.encode({**genuine, "exp": genuine["exp"] + 86_400}, key, "HS256"),
        "without an algorithm": jwt.encode(genuine, "", "none"),
        "of another body": client.signature(url, body + b" "),
    }


def rewrite_a_payment(target: Target) -> None:
    """Events that name another payment for a checkout that has one."""
    order = target.vouched_order()
    order_id = str(order["orderId"])
    target.rest()
    before = target.client.item("checkouts", orderId=order_id) or {}
    needs(before.get("paymentId") == order["paymentId"], "the checkout has no payment")
    said = {"orderId": order_id, "paymentId": target.new("pay"), "userId": order["userId"]}
    rejected = {
        "customerName": order["customerName"],
        "customerEmail": order["customerEmail"],
        "items": order["items"],
        "totalAmount": order["totalAmount"],
        "reason": "out_of_stock",
    }

    answers = [
        _delivered(target, "order.rejected", said | rejected),
        _delivered(target, "order.refund.requested", said | _refund(order)),
    ]

    must(all(status >= 400 for status in answers), f"answered {answers}")
    after = target.client.item("checkouts", orderId=order_id) or {}
    must(after.get("paymentId") == before["paymentId"], "the checkout has the other payment")
    must(after.get("status") == "confirmed", f"the checkout is {after.get('status')}")
    must(after.get("refundStatus") is None, "money is asked back")


def change_a_refund(target: Target) -> None:
    """A cancelled order's refund, with another amount, to another payment or user."""
    sku = target.product(units=1)
    cart = target.cart(sku, 2)  # more than there is: the command is rejected, and money goes back
    command = target.event("command.checkout", cart)
    needs(target.client.deliver("commands", command).status_code == 200, "a command is refused")
    target.rest()
    order_id = target.client.order_id_for(str(cart["paymentId"]))
    before = target.client.item("checkouts", orderId=order_id) or {}
    needs(before.get("refundStatus") == "requested", "the rejection asks for no refund")
    genuine = {
        "orderId": order_id,
        "paymentId": cart["paymentId"],
        "userId": cart["userId"],
        "amount": cart["totalAmount"],
        "reason": "out_of_stock",
    }
    lies = ({"amount": 2000.0}, {"paymentId": target.new("pay")}, {"userId": target.new("user")})

    answers = [_delivered(target, "order.refund.requested", genuine | lie) for lie in lies]

    must(set(answers) == {489}, f"answered {answers}")
    after = target.client.item("checkouts", orderId=order_id) or {}
    for name in ("refundStatus", "refundAmount", "refundRequestedAt", "paymentId", "userId"):
        must(after.get(name) == before.get(name), f"the stored {name} is another one")


def refund_a_live_order(target: Target) -> None:
    """A refund for an order that is neither rejected nor cancelled."""
    order = target.vouched_order()
    target.rest()
    said = {"orderId": order["orderId"], "paymentId": order["paymentId"], "userId": order["userId"]}

    status = _delivered(target, "order.refund.requested", said | _refund(order))

    must(status >= 400, f"answered {status}")
    row = target.client.item("checkouts", orderId=str(order["orderId"])) or {}
    must(row.get("refundStatus") is None, "money is asked back, and the goods are shipped")


def send_numbers_that_grow(target: Target) -> None:
    """A mail whose data has 38,000 numbers, each longer where it is stored than where it came."""
    to = target.address()
    payload = {
        "to": to,
        "subject": "Order Confirmation",
        "templateId": "order-confirmation",
        "templateData": {
            "orderId": "ord_1",
            "customerName": "Ada",
            "items": [{"productId": "mug", "quantity": 1, "price": 1.0, "productName": "Mug"}],
            "totalAmount": 1.0,
            "more": "HERE",
        },
        "priority": "high",
    }
    body = json.dumps(target.event("notification.email", payload)).encode()
    numbers = b"[" + b",".join([b"1e23"] * 38_000) + b"]"

    answer = target.client.deliver("notifications", body.replace(b'"HERE"', numbers))

    must(answer.status_code == 489, f"answered {answer.status_code}")
    must(not target.client.mails(to), "a mail was sent for what cannot be stored")
    genuine = target.client.deliver("notifications", body)
    needs(genuine.status_code == 200, f"without the numbers it is answered {genuine.status_code}")


def lease_an_event_for_ever(target: Target) -> None:
    """A lease in Redis for a victim's event, which ends in a thousand years."""
    event = target.event("command.checkout", target.cart(target.product()))
    target.remember(f"webhook:dedup:{event['eventId']}", "l:attacker:99999999999999")

    answer = target.client.deliver("commands", event)

    must(answer.status_code == 200, f"the event is answered {answer.status_code}")
    _must_be_ordered(target, event)


def mark_an_event_as_done(target: Target) -> None:
    """A mark in Redis that says that a victim's event is done."""
    marks = ("done", "1", "d:" + "0" * 32)
    for mark in marks:
        event = target.event("command.checkout", target.cart(target.product()))
        target.remember(f"webhook:dedup:{event['eventId']}", mark)
        answer = target.client.deliver("commands", event)
        must(answer.status_code == 200, f"{mark}: the event is answered {answer.status_code}")
        _must_be_ordered(target, event)


def _must_be_ordered(target: Target, event: Mapping[str, Any]) -> None:
    """The order was committed before the delivery was answered."""
    order_id = target.client.order_id_for(str(event["payload"]["paymentId"]))
    must(
        target.client.item("orders", orderId=order_id), "the event is taken, and there is no order"
    )


def _delivered(target: Target, event_type: str, payload: Mapping[str, Any]) -> int:
    body = json.dumps(target.event(event_type, payload), default=float).encode()
    status: int = target.client.deliver("orders", body).status_code
    return status


def _refund(order: Mapping[str, Any]) -> dict[str, Any]:
    return {"amount": order["totalAmount"], "reason": "cancelled"}


ATTACKS = (
    Attack(
        "deliveries unsigned, forged, expired, for another address",
        "any event at all",
        "401, nothing is stored",
        "S1",
        _SIGNED,
        forge_deliveries,
    ),
    Attack(
        "an event names another payment for a checkout",
        "a refund to a stranger",
        "a refusal, the row stays as it was",
        "S31",
        _SIGNED,
        rewrite_a_payment,
    ),
    Attack(
        "an event asks for a refund of another amount, payment or user",
        "money",
        "489, the row stays as it was",
        "S31",
        _SIGNED,
        change_a_refund,
    ),
    Attack(
        "an event asks for a refund of an order that is not cancelled",
        "money and goods",
        "a refusal, and no money",
        "S31",
        _SIGNED,
        refund_a_live_order,
    ),
    Attack(
        "`notification.email` with 38,000 times 1e23",
        "a mail that is sent for ever",
        "489, no mail",
        "S32",
        _SIGNED,
        send_numbers_that_grow,
    ),
    Attack(
        "a lease in Redis that ends in a thousand years",
        "an order that is never made",
        "its order, as if there were no lease",
        "S27",
        _SIGNED,
        lease_an_event_for_ever,
    ),
    Attack(
        "a mark in Redis that an event is done",
        "an order that is lost",
        "its order, as if there were no mark",
        "S27",
        _SIGNED,
        mark_an_event_as_done,
    ),
)
