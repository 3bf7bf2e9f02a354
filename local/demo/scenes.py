"""What happens in the demo, one scene after the other. A scene ends only with what it has proved."""

import time
from functools import partial
from typing import Any

from local.demo import hops
from local.demo.play import Play, timed
from local.demo.shopper import Cart, sold_out_cart
from local.stack.catalogue import product


def check_out(play: Play) -> None:
    """The public API: it answers at once, before the order exists."""
    play.tell.chapter(
        "A checkout, through the public API", f"POST {play.client.stack.api_url}/api/checkout"
    )
    play.tell.fact("cart", play.cart.text())
    play.posted_ms = time.time() * 1000
    answer, took = timed(lambda: play.client.check_out(play.cart.body()))
    data: dict[str, Any] = answer.json().get("data", {})
    play.tell.fact(
        "answer", f"HTTP {answer.status_code} in {took:.0f} ms, with the function's cold start"
    )
    play.tell.fact("order", str(data.get("orderId")))
    play.tell.proof(answer.status_code == 202, "accepted (202), before the order exists")
    play.tell.proof(
        data.get("orderId") == play.order_id, "the order's id is made from the payment's id"
    )
    play.tell.measure("checkout answered, cold", f"{took:.0f} ms")
    _follow(play)
    _outcome(play)


def _follow(play: Play) -> None:
    client, tell = play.client, play.tell
    tell.chapter("Every hop, as QStash delivered it", "signed webhooks to one Lambda per topic")
    mail = f"Order Confirmation - {play.order_id}"
    tell.wait(lambda: play.mail(mail), "the confirmation is in the mailbox")
    tell.wait(client.is_resting, "nothing is left to deliver for now")
    delivered = [
        entry for entry in client.deliveries() if int(entry["startedAt"]) >= play.posted_ms
    ]
    tell.table(hops.rows(delivered, client.stack, play.posted_ms))
    retries = sum(1 for entry in delivered if entry["status"] != 200)
    tell.proof(hops.all_handled(delivered), f"every message was handled, {retries} after a retry")
    tell.measure("checkout to the last event", hops.span(delivered, play.posted_ms))


def _outcome(play: Play) -> None:
    client, tell, before = play.client, play.tell, play.before
    tell.chapter("The result")
    order = client.item("orders", orderId=play.order_id) or {}
    status = client.checkout_status(play.order_id).json()["data"]["status"]
    tell.proof(
        order.get("status") == "PENDING",
        f"the order exists, {order.get('totalAmount', 0):.2f} in all",
    )
    tell.proof(status == "confirmed", f"GET /api/checkout/{{orderId}} says {status}")
    rows = [["product", "before", "sold", "after"]]
    after = play.stock()
    for item, count in play.cart.lines:
        rows.append([item.name, str(before[item.sku]), str(count), str(after[item.sku])])
    tell.table(rows)
    sold = {item.sku: before[item.sku] - count for item, count in play.cart.lines}
    tell.proof(after == sold, "the stock has exactly the units that were not sold")
    reservation = client.item("reservations", orderId=play.order_id) or {}
    tell.proof(reservation.get("status") == "consumed", "the reserved units are the sold units")
    _mails(play)
    _audit(play)


def _mails(play: Play) -> None:
    mail = play.mail(f"Order Confirmation - {play.order_id}")
    page = play.folder / "mail.html"
    page.write_text(str(mail["BodyHtml"]), encoding="utf-8")
    play.tell.fact("mail", f"{mail['Subject']}  to {', '.join(mail['To'])}")
    play.tell.fact("", f"see it: {page}")
    jug = play.cart.lines[0][0]
    alert = play.mail(f"Low stock - {jug.name}")
    play.tell.proof(alert, f"the shop was warned once: {alert.get('Subject')}")


def _audit(play: Play) -> None:
    entries = play.client.query("audit", "entity", f"order#{play.order_id}")
    play.tell.proof(entries, "the audit trail of the order:")
    for entry in entries:
        play.tell.fact("", f"{entry['at']}  {entry['action']}  by {entry['source']}")
    trace = play.client.query("ledger", "correlationId", play.order_id, index="trace")
    done = [entry for entry in trace if entry.get("state") == "done"]
    play.tell.proof(
        trace and len(done) == len(trace), f"one trace, {len(trace)} events, every one done"
    )


def repeat(play: Play) -> None:
    """A network sometimes delivers the same request twice."""
    client, tell = play.client, play.tell
    tell.chapter("The same again", "a second POST, and a second delivery of the same command")
    before = (play.stock(), len(client.items("orders")), len(client.mails()))
    again, took = timed(lambda: client.check_out(play.cart.body()))
    same = again.json().get("data", {}).get("orderId") == play.order_id
    tell.fact("POST", f"HTTP {again.status_code} in {took:.0f} ms, warm")
    tell.proof(again.status_code == 202 and same, "the same payment gives the same order")
    command = _command(play)
    delivered, took = timed(lambda: client.deliver("commands", command))
    tell.fact("delivery", f"HTTP {delivered.status_code} in {took:.0f} ms: {delivered.text}")
    tell.proof(
        delivered.json().get("duplicate") is True, "recognised as a duplicate, and acknowledged"
    )
    tell.wait(client.is_idle, "nothing is left to deliver")
    after = (play.stock(), len(client.items("orders")), len(client.mails()))
    tell.proof(after == before, "no stock moved, no second order, no second mail")


def _command(play: Play) -> bytes:
    """The command that made the order, byte for byte as it was published."""
    checkout = play.client.item("checkouts", orderId=play.order_id) or {}
    body: str = checkout["command"]["body"]
    return body.encode()


def trip(play: Play) -> None:
    """What a shopper waits for when every function is warm."""
    client, tell = play.client, play.tell
    cart = play.graces
    tell.chapter("Another shopper, now that everything is warm")
    started = time.perf_counter()
    answer, took = timed(lambda: client.check_out(cart.body()))
    tell.proof(answer.status_code == 202, f"accepted in {took:.0f} ms")
    tell.wait(lambda: client.mails(cart.email), "her confirmation is in the mailbox")
    elapsed = f"{time.perf_counter() - started:.2f} s"
    tell.fact("", f"{elapsed} after her POST")
    tell.measure("checkout answered, warm", f"{took:.0f} ms")
    tell.measure("checkout to mail, warm", elapsed)
    tell.wait(client.is_idle, "nothing is left to deliver")
    low = [mail for mail in client.mails() if mail["Subject"].startswith("Low stock")]
    tell.proof(len(low) == 1, "still one low-stock warning: it is not repeated at every sale")


def sell_out(play: Play) -> None:
    """A cart with a product that is sold out."""
    cart = sold_out_cart(f"pay_sold_out_{play.run}")
    play.tell.chapter("Sold out", "the API says so at once, and stores nothing")
    orders = len(play.client.items("orders"))
    answer = play.client.check_out(cart.body())
    play.tell.fact("cart", cart.text())
    play.tell.fact("answer", f"HTTP {answer.status_code}: {answer.text}")
    play.tell.proof(answer.status_code == 409, "refused with 409, naming the line")
    play.tell.proof(
        len(play.client.items("orders")) == orders,
        f"no order, and still {_available(cart)} units available",
    )


def _available(cart: Cart) -> int:
    return product(cart.lines[0][0].sku).available


def poison(play: Play) -> None:
    """Messages that can never be handled: they are kept, and not retried for ever."""
    client, tell = play.client, play.tell
    tell.chapter(
        "Two poisoned messages", "our code refuses one for good, the other fails at every attempt"
    )
    refused = _broken(f"evt_refused_{play.run}", "command.make.coffee")
    client.publish(client.url("commands"), refused)
    failing = _broken(f"evt_failing_{play.run}", "command.checkout")
    # Signed for an address that is not the function's own, so each attempt is refused with 401.
    client.publish(
        f"{client.url('commands')}elsewhere",
        failing,
        **{"Upstash-Retries": "2", "Upstash-Retry-Delay": "500"},
    )
    for event in (refused, failing):
        claim = f"{event['eventType']} is among the dead letters"
        tell.wait(partial(client.item, "dead_letters", eventId=str(event["eventId"])), claim)
    tell.wait(client.is_idle, "nothing is left to deliver")
    _dead_letters(play, refused, failing)


def _dead_letters(play: Play, refused: dict[str, Any], failing: dict[str, Any]) -> None:
    rows = [["event", "topic", "deliveries", "answers", "kept because"]]
    attempts = []
    for event in (refused, failing):
        tries = [
            entry
            for entry in play.client.deliveries(eventId=event["eventId"])
            if not entry["callback"]
        ]
        attempts.append(len(tries))
        dead_letter = play.client.item("dead_letters", eventId=event["eventId"]) or {}
        answers = ", ".join(str(entry["status"]) for entry in tries)
        reason = str(dead_letter.get("error"))
        shown = reason if len(reason) <= 60 else f"{reason[:57]}..."
        topic = str(dead_letter.get("topic"))
        rows.append([event["eventType"], topic, str(len(tries)), answers, shown])
    play.tell.table(rows)
    play.tell.proof(
        attempts == [1, 3], "the refused one: 1 delivery; the failing one: 3; both are kept"
    )


def _broken(event_id: str, event_type: str) -> dict[str, Any]:
    return {
        "eventId": event_id,
        "eventType": event_type,
        "timestamp": "2026-01-01T00:00:00Z",
        "version": "1.0",
        "source": "api",
        "payload": {},
    }
