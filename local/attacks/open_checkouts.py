"""Attacks on a stage whose checkouts are open: what strangers can take, and what they cause."""

import json

from local.attacks.attack import Attack, Checkouts, must, needs
from local.attacks.target import Target

# A fifth of the cap of 20 mails: what open checkouts cause in one mailbox within an hour.
_FEW = 4


def _open(name: str, gets: str, answer: str, promise: str) -> tuple[str, str, str, str, Checkouts]:
    return name, gets, answer, promise, Checkouts.OPEN


def empty_the_stock(target: Target) -> None:
    """One order of everything, and then as many orders as one address is allowed."""
    sku, began = target.product(5000), target.hour()

    at_once = target.client.check_out(target.cart(sku, 1000))

    must(at_once.status_code == 400, f"1000 units: answered {at_once.status_code}")
    answers = [
        target.client.check_out(
            target.cart(sku, 100),
            **{"X-Forwarded-For": f"10.0.0.{step}", "Forwarded": "for=1.1.1.1"},
        ).status_code
        for step in range(8)
    ]
    needs(set(answers) <= {202, 429}, f"checkouts are answered {answers}")
    hours = target.hour() - began + 1
    must(answers.count(202) <= 2 * hours, f"{answers.count(202)} orders of 100 units each")
    target.rest()
    must(
        target.available(sku) >= 5000 - 200 * hours,
        f"{5000 - target.available(sku)} units are gone",
    )


def lapse_with_a_victims_payment(target: Target) -> None:
    """An order that names a victim's payment is never paid, and lapses, to have it paid back."""
    answer = target.client.check_out(target.cart(target.product(5)))
    needs(answer.status_code == 202, f"an open checkout is answered {answer.status_code}")
    order = target.order(str(answer.json()["data"]["orderId"]))
    same = ("orderId", "userId", "customerName", "customerEmail", "customerAddress", "items")
    payload = {name: order[name] for name in same} | {"totalAmount": float(order["totalAmount"])}
    lapse = {"reason": "not confirmed", "cancelledBy": "system", "cause": "unconfirmed"}
    event = target.event("order.cancelled", {**payload, "status": "CANCELLED", **lapse})

    done = target.client.deliver("orders", json.dumps(event, default=float).encode())

    needs(done.status_code == 200, f"a lapse is answered {done.status_code}: {done.text}")
    target.rest()
    order_id = str(order["orderId"])
    needs(target.order(order_id)["status"] == "CANCELLED", "the order did not lapse")
    row = target.client.item("checkouts", orderId=order_id) or {}
    must(row.get("refundStatus") is None, "the victim's money is asked back")


def flood_a_mailbox(target: Target) -> None:
    """Twenty carts that are not paid, all with a victim's address; then the victim buys."""
    victim, sku, began = target.address(), target.product(100), target.hour()
    for _ in range(20):
        answer = target.client.check_out(target.cart(sku, customerEmail=victim))
        needs(answer.status_code == 202, f"an open checkout is answered {answer.status_code}")
    target.rest()

    order_id = str(target.vouched_order(customerEmail=victim)["orderId"])

    target.rest()
    mails = target.client.mails(victim)
    confirmed = [mail for mail in mails if order_id in mail["Subject"]]
    few = _FEW * (target.hour() - began + 1)
    must(len(mails) - len(confirmed) <= few, f"{len(mails)} mails in the victim's mailbox")
    must(len(confirmed) == 1, "the confirmation of what the victim bought did not come")


def flood_by_tagged_addresses(target: Target) -> None:
    """The same mailbox, spelled in another way each time."""
    local, _, host = target.address().partition("@")
    spelled = [f"{local}+{step}@{host}" for step in range(4)]
    spelled += [f"{local.upper()}@{host}", f"{local}@{host.upper()}", f"{local}+a+b@{host}"]
    sku, began = target.product(100), target.hour()

    for address in spelled:
        answer = target.client.check_out(target.cart(sku, customerEmail=address))
        needs(answer.status_code == 202, f"an open checkout is answered {answer.status_code}")

    target.rest()
    # Not by the function that counts: a fault of it must not hide itself.
    arrived = [mail for mail in target.client.mails() if mail["To"][0].lower().startswith(local)]
    needs(arrived, "no mail arrived at all")
    few = _FEW * (target.hour() - began + 1)
    must(len(arrived) <= few, f"{len(arrived)} mails in one mailbox")


def share_a_correlation_id(target: Target) -> None:
    """A checkout whose correlation id is a victim's order id."""
    order_id = str(target.vouched_order()["orderId"])
    target.rest()
    before = target.client.query("ledger", "correlationId", order_id, index="trace")
    needs(before, "the victim's order has no trace")

    answer = target.client.check_out(
        target.cart(target.product()), **{"X-Correlation-ID": order_id}
    )

    needs(answer.status_code == 202, f"an open checkout is answered {answer.status_code}")
    target.order(str(answer.json()["data"]["orderId"]))
    target.rest()
    after = target.client.query("ledger", "correlationId", order_id, index="trace")
    must(len(after) == len(before), f"{len(after) - len(before)} events of a stranger in the trace")


def spell_a_field_otherwise(target: Target) -> None:
    """``payment_id``, which a filter in front of the pipeline does not look for."""
    sku, hidden = target.product(), target.new("pay")
    cart = target.cart(sku, payment_id=hidden)

    answer = target.client.check_out(cart)
    alone = target.client.check_out(
        {name: value for name, value in cart.items() if name != "paymentId"}
    )

    needs(answer.status_code == 202, f"an open checkout is answered {answer.status_code}")
    told = answer.json()["data"]["paymentId"]
    must(told == cart["paymentId"], "the other spelling counts")
    must(alone.status_code == 400, f"the other spelling alone is answered {alone.status_code}")
    must(
        target.client.item("checkouts", orderId=target.client.order_id_for(hidden)) is None,
        "the payment of the other spelling has a checkout",
    )


def post_plain_text(target: Target) -> None:
    """What a page's form can send to the API, by a browser that says nothing of the page."""
    cart, before = target.cart(target.product()), target.stored()
    kinds = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data")

    answers = {kind: target.client.check_out(cart, **{"Content-Type": kind}) for kind in kinds}

    for kind, answer in answers.items():
        must(answer.status_code == 415, f"{kind}: answered {answer.status_code}")
    must(target.stored() == before, "something was stored")
    needs(target.client.check_out(cart).status_code == 202, "the same cart as JSON is refused, too")


ATTACKS = (
    Attack(
        *_open(
            "a payment of a victim's is named, and its order lapses",
            "a refund",
            "the stock is back, and no money is asked for",
            "S39",
        ),
        lapse_with_a_victims_payment,
    ),
    Attack(
        *_open(
            "twenty unpaid carts with a victim's address",
            "a full mailbox",
            "four mails an hour, and the real one",
            "S42",
        ),
        flood_a_mailbox,
    ),
    Attack(
        *_open(
            "carts with a victim's address in many spellings",
            "a full mailbox",
            "four mails an hour in all",
            "S42",
        ),
        flood_by_tagged_addresses,
    ),
    Attack(
        *_open(
            "a correlation id that is a victim's order id",
            "a place in its trace",
            "a trace of its own",
            "S43",
        ),
        share_a_correlation_id,
    ),
    Attack(
        *_open(
            "`payment_id` instead of `paymentId`",
            "a way past filters",
            "400; beside the real one it says nothing",
            "S35",
        ),
        spell_a_field_otherwise,
    ),
    Attack(
        *_open("a form to the API", "a checkout", "415, nothing is stored", "S30"), post_plain_text
    ),
    # The last one: it uses up what this machine's address may order.
    Attack(
        *_open(
            "anonymous POSTs order all units", "the stock", "429 after 200 units in an hour", "S37"
        ),
        empty_the_stock,
    ),
)
