"""Who answers for a payment: on this stage the request alone, on a shop's own stage its server."""

import json
from collections.abc import Mapping

from local.demo.play import Play, timed
from local.demo.shopper import signing_cart
from local.stack.other_settings import SIGNED, other_settings


def sign(play: Play) -> None:
    """The same function, as a deployment with ``checkout_trust=signed`` sets it."""
    client, tell = play.client, play.tell
    tell.chapter(
        "Only the shop's server checks out",
        "so far checkouts were open, as on every local stage, so that one curl checks out",
        "now the function gets the setting of a shop's stage: checkout_trust=signed",
    )
    before = client.item("orders", orderId=play.order_id) or {}
    tell.proof(before.get("trust") == "open", "Ada's order says: nothing vouched for its payment")
    with other_settings(client.stack, "checkout", SIGNED):
        _refusals(play)
        _signed(play)


def _refusals(play: Play) -> None:
    client, tell = play.client, play.tell
    body = json.dumps(signing_cart(play.run).body()).encode()
    genuine = client.signed(body)
    bad: Mapping[str, Mapping[str, str]] = {
        "unsigned": {},
        "forged": {**genuine, "webhook-signature": "v1,AAAA"},
        "of another body": client.signed(body + b" "),
    }
    before = len(client.items("checkouts"))
    answers = {name: client.check_out(body, **headers) for name, headers in bad.items()}
    tell.table(
        [
            ["signature", "answer"],
            *([n, f"HTTP {a.status_code}: {a.text}"] for n, a in answers.items()),
        ]
    )
    statuses = {answer.status_code for answer in answers.values()}
    told = {answer.content for answer in answers.values()}
    tell.proof(statuses == {401} and len(told) == 1, "each refused with 401, in the same words")
    tell.proof(len(client.items("checkouts")) == before, "and nothing was stored")


def _signed(play: Play) -> None:
    client, tell, cart = play.client, play.tell, signing_cart(play.run)
    body = json.dumps(cart.body()).encode()
    answer, took = timed(lambda: client.check_out(body, **client.signed(body)))
    tell.proof(answer.status_code == 202, f"signed by the shop's server: accepted in {took:.0f} ms")
    order_id = client.order_id_for(cart.payment_id)
    tell.wait(lambda: client.item("orders", orderId=order_id), "its order is placed")
    order = client.item("orders", orderId=order_id) or {}
    tell.proof(order.get("trust") == "signed", "the order says: the shop vouched for its payment")
    tell.wait(client.is_idle, "nothing is left to deliver")
