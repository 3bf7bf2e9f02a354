"""Attacks on a stage whose checkouts the shop's server signs: strangers, and shoppers who sign in."""

import base64
import json
import time
from collections.abc import Mapping
from itertools import pairwise

import httpx

from local.attacks.attack import Attack, Checkouts, must, needs
from local.attacks.target import Target
from shared.kernel.ids import OrderIds

_UNKNOWN = "ord_" + "0" * 32


def _signed(
    name: str, gets: str, answer: str, promise: str
) -> tuple[str, str, str, str, Checkouts]:
    return name, gets, answer, promise, Checkouts.SIGNED


def _refused(answers: Mapping[str, httpx.Response]) -> None:
    """All of them with 401, and with the same bytes."""
    for name, answer in answers.items():
        must(answer.status_code == 401, f"{name}: answered {answer.status_code}")
    bodies = {answer.content for answer in answers.values()}
    must(len(bodies) == 1, "the answers differ, and so tell what was wrong")


def empty_the_stock(target: Target) -> None:
    """A POST without a signature, for all that there is."""
    sku, before = target.product(40), target.stored()
    cart = target.cart(sku, 40)

    answer = target.client.check_out(cart)

    must(answer.status_code == 401, f"answered {answer.status_code}")
    must(target.stored() == before, "something was stored")
    must(target.available(sku) == 40, f"{target.available(sku)} of 40 units are left")
    needs(target.pay(cart).status_code == 202, "a genuine checkout of the same cart is refused")


def name_a_payment_first(target: Target) -> None:
    """Payment ids are invented before their payers come, who then pay with them."""
    sku = target.product()
    carts = [target.cart(sku) for _ in range(3)]
    for cart in carts:
        stranger = target.cart(sku, paymentId=cart["paymentId"])
        must(target.client.check_out(stranger).status_code == 401, "a stranger's was taken")

    answers = [target.pay(cart) for cart in carts]

    for answer in answers:
        must(answer.status_code == 202, f"the payer is answered {answer.status_code}")


def redirect_a_parcel(target: Target) -> None:
    """The victim's own request with another address comes before the victim's."""
    cart = target.cart(target.product())
    stolen = {**cart, "customerAddress": "1 Stranger Street", "customerEmail": target.address()}
    signature = target.client.signed(json.dumps(cart).encode())

    answers = [
        target.client.check_out(stolen),
        target.client.check_out(json.dumps(stolen).encode(), **signature),
    ]

    must({answer.status_code for answer in answers} == {401}, "a stranger's address was taken")
    order = target.ordered(cart)
    must(order["customerAddress"] == cart["customerAddress"], "it goes to the stranger's address")
    must(order["customerEmail"] == cart["customerEmail"], "the stranger gets the victim's mail")


def check_out_for_a_victim(target: Target) -> None:
    """A stranger who signed in checks out with a victim's payment, to have it paid back."""
    sku = target.product()
    stranger = target.new("user")
    token = target.issuer.authorization(stranger)
    victim = target.cart(sku)
    cart = target.cart(sku, userId=stranger, paymentId=victim["paymentId"])

    answer = target.client.check_out(cart, **token)

    must(answer.status_code == 401, f"answered {answer.status_code}")
    order = target.ordered(victim)
    must(order["userId"] == victim["userId"], "the order is the stranger's")
    again = target.client.check_out(cart, **token)
    must(again.status_code == 401, f"afterwards it is answered {again.status_code}")
    row = target.client.item("checkouts", orderId=str(order["orderId"])) or {}
    must(row.get("refundStatus") is None, "money is asked back")


def cancel_for_a_victim(target: Target) -> None:
    """A stranger who signed in, and knows the order's id, cancels it, to have it paid back."""
    order = target.ordered(target.cart(target.product()))
    order_id = str(order["orderId"])
    token = target.issuer.authorization(target.new("user"))

    answers = [
        target.client.cancel(order_id, "mine now", **token),
        target.client.checkout_status(order_id, **token),
    ]
    unknown = target.client.checkout_status(_UNKNOWN, **token)
    anonymous = target.client.cancel(order_id)

    for answer in answers:
        must(answer.status_code == 404, f"answered {answer.status_code}")
        must(answer.content == unknown.content, "the answer tells that there is such an order")
    must(anonymous.status_code == 401, f"without signing in: answered {anonymous.status_code}")
    target.rest()
    must(target.order(order_id)["status"] == "PENDING", "the order is cancelled")
    row = target.client.item("checkouts", orderId=order_id) or {}
    must(row.get("refundStatus") is None, "money is asked back")


def guess_order_ids(target: Target) -> None:
    """Ids near a known one, malformed ones, and ids that look like another row's key."""
    order_id = str(target.ordered(target.cart(target.product()))["orderId"])
    token = target.issuer.authorization(target.new("user"))
    number = int(order_id.removeprefix("ord_"), 16)
    near = [f"ord_{(number + step) % 16**32:032x}" for step in (-2, -1, 1, 2)]
    odd = [order_id.upper(), f"{order_id}0", order_id[:-1], "ord_", "*", f"order%23{order_id}"]

    bodies = {
        target.client.checkout_status(guess, **token).content for guess in (*near, *odd, _UNKNOWN)
    }

    must(len(bodies) == 1, f"{len(bodies)} different answers to guesses")


def count_order_ids(target: Target) -> None:
    """Payment ids are numbered, and an order id is computed from each."""
    sku, start = target.product(), time.time_ns()
    carts = [target.cart(sku, paymentId=f"pay_{start + step}") for step in range(3)]
    orders = [str(target.ordered(cart)["orderId"]) for cart in carts]
    guesses = [OrderIds.plain(str(cart["paymentId"])) for cart in carts]
    guesses += [OrderIds(key).of(str(carts[0]["paymentId"])) for key in (b"", b"key", b"0" * 64)]

    must(not set(guesses) & set(orders), "an id follows from its payment's")
    numbers = [int(order.removeprefix("ord_"), 16) for order in orders]
    steps = {after - before for before, after in pairwise(numbers)}
    must(len(steps) == 2, "the ids are numbered, too")


def forge_signatures(target: Target) -> None:
    """Unsigned, forged, by another key, of another body, with its headers exchanged."""
    cart = target.cart(target.product())
    body, before = json.dumps(cart).encode(), target.stored()
    client, stranger = target.client, base64.b64encode(bytes(range(100, 132))).decode()
    genuine = client.signed(body)
    other_moment = str(int(genuine["webhook-timestamp"]) + 1)
    bad = {
        "unsigned": {},
        "no signature in it": {**genuine, "webhook-signature": ""},
        "forged": {**genuine, "webhook-signature": "v1,AAAA"},
        "another version": {**genuine, "webhook-signature": "v1a,AAAA"},
        "re-keyed": client.signed(body, key=f"whsec_{stranger}"),
        "of another body": client.signed(body + b" "),
        "under another name": {**genuine, "webhook-id": target.new("msg")},
        "under another time": {**genuine, "webhook-timestamp": other_moment},
        "of qstash": {"Upstash-Signature": client.signature(client.url("commands"), body)},
    }

    _refused({name: client.check_out(body, **headers) for name, headers in bad.items()})

    must(target.stored() == before, "something was stored")
    needs(client.check_out(body, **genuine).status_code == 202, "the genuine one is refused, too")


def sign_at_another_time(target: Target) -> None:
    """Genuine signatures that were kept for too long, or made for later."""
    body, now = json.dumps(target.cart(target.product())).encode(), time.time()
    before, sign = target.stored(), target.client.signed
    bad = {
        "stale": sign(body, now=lambda: now - 330),
        "of yesterday": sign(body, now=lambda: now - 86_400),
        "from the future": sign(body, now=lambda: now + 330),
        "of next year": sign(body, now=lambda: now + 31_536_000),
    }

    _refused({name: target.client.check_out(body, **headers) for name, headers in bad.items()})

    must(target.stored() == before, "something was stored")


def replay_a_checkout(target: Target) -> None:
    """A genuine request is recorded and sent again, as it is and under new signatures."""
    sku = target.product(40)
    body = json.dumps(target.cart(sku, 2)).encode()
    genuine = target.client.signed(body)

    answers = [target.client.check_out(body, **genuine) for _ in range(5)]
    answers += [target.client.check_out(body, **target.client.signed(body)) for _ in range(2)]

    needs({answer.status_code for answer in answers} == {202}, "the genuine one is refused")
    orders = {answer.json()["data"]["orderId"] for answer in answers}
    must(len(orders) == 1, f"{len(orders)} orders of one payment")
    target.order(orders.pop())
    target.rest()
    must(target.available(sku) == 38, f"{40 - target.available(sku)} units sold instead of 2")


def flood_with_bad_signatures(target: Target) -> None:
    """Many of them, so that the log costs money and hides everything else."""
    body = json.dumps(target.cart(target.product())).encode()
    said = sum("Refused checkouts" in entry.message for entry in target.written())

    answers = {target.client.check_out(body).status_code for _ in range(40)}

    needs(answers == {401}, f"unsigned requests are answered {answers}")
    lines = sum("Refused checkouts" in entry.message for entry in target.written()) - said
    # Each worker process of the function adds up its own; one after the other they meet few of them.
    must(lines <= 4, f"{lines} log lines for 40 requests")


ATTACKS = (
    Attack(
        *_signed(
            "an anonymous POST orders all units", "the stock", "401, nothing is stored", "S36"
        ),
        empty_the_stock,
    ),
    Attack(
        *_signed(
            "payment ids are invented before their payers come",
            "payers get 409",
            "401, and the payer 202",
            "S36",
        ),
        name_a_payment_first,
    ),
    Attack(
        *_signed(
            "a stranger posts a victim's cart first, with another address",
            "goods",
            "401, and the parcel goes to the victim",
            "S36",
        ),
        redirect_a_parcel,
    ),
    Attack(
        *_signed(
            "a signed-in stranger checks out with a victim's payment",
            "a refund",
            "401, before and after the victim",
            "S36",
        ),
        check_out_for_a_victim,
    ),
    Attack(
        *_signed(
            "a signed-in stranger cancels a victim's order",
            "a refund",
            "404, as for an id that there is not",
            "S20",
        ),
        cancel_for_a_victim,
    ),
    Attack(
        *_signed("order ids are guessed", "others' orders", "404, always the same", "S20"),
        guess_order_ids,
    ),
    Attack(
        *_signed(
            "order ids are counted from payment ids",
            "others' orders",
            "ids that follow from nothing known",
            "S38",
        ),
        count_order_ids,
    ),
    Attack(
        *_signed(
            "checkouts unsigned, forged, re-keyed, of another body",
            "goods",
            "401, nothing is stored",
            "S36",
        ),
        forge_signatures,
    ),
    Attack(
        *_signed(
            "checkouts signed too early or too late", "goods", "401, nothing is stored", "S36"
        ),
        sign_at_another_time,
    ),
    Attack(
        *_signed(
            "a recorded checkout is sent again",
            "a second order",
            "202 with the same order, sold once",
            "S36",
        ),
        replay_a_checkout,
    ),
    Attack(
        *_signed(
            "many bad signatures", "a log line for each", "401, and a log line a minute", "S23"
        ),
        flood_with_bad_signatures,
        is_slow=True,
    ),
)
