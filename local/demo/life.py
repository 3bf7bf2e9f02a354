"""The life of an order around its checkout: reserved, packed, shipped, delivered, or cancelled."""

from typing import Any

from local.demo.play import Play
from local.demo.shopper import Cart


def reserve(play: Play) -> None:
    """Before Ada pays, the units that she wants to buy are reserved for her."""
    client, tell = play.client, play.tell
    tell.chapter(
        "Units are reserved while Ada pays",
        "command.inventory.reserve: all lines or none, for 15 minutes",
    )
    play.before = play.stock()
    client.publish(client.url("commands"), _reserve_command(play))
    tell.wait(lambda: _reservation(play), "the units are reserved for her order")
    rows = [["product", "available before", "available now", "reserved"]]
    for item, count in play.cart.lines:
        row = play.stock_row(item.sku)
        now, reserved = int(row["available"]), int(row["reserved"])
        rows.append([item.name, str(play.before[item.sku]), str(now), str(reserved)])
        tell.proof(
            (now, reserved) == (play.before[item.sku] - count, count),
            f"{item.name}: {count} reserved",
        )
    tell.table(rows)


def outlive_the_reservation(play: Play) -> None:
    """The reservation reaches its end, but its units already belong to an order."""
    client, tell = play.client, play.tell
    tell.chapter(
        "The reservation's time is over", "its release is delivered now, not in 15 minutes"
    )
    stock = play.stock()
    client.hurry()
    tell.wait(client.is_idle, "nothing is left to deliver")
    tell.proof(play.stock() == stock, "the order keeps its units: none went back to stock")


def deliver(play: Play) -> None:
    """From the payment to the customer's door, by an operator's commands."""
    tell, order = play.tell, play.order_id
    tell.chapter(
        "From the payment to the door",
        "an operator moves the order, and Ada gets a mail about each step",
    )
    steps = (
        (("confirm", order), "CONFIRMED"),
        (("process", order), "PROCESSING"),
        (
            (
                *("ship", order, "--carrier", "Parcel Co", "--tracking-number", "PC-2026-1"),
                *("--tracking-url", "https://parcels.example/PC-2026-1"),
            ),
            "SHIPPED",
        ),
        (("deliver", order), "DELIVERED"),
    )
    for arguments, state in steps:
        said = play.operate("order", *arguments)
        tell.proof(said.endswith(state), f"the order is {state}")
    tell.wait(play.client.is_idle, "nothing is left to deliver")
    _prove_mails(play, play.cart, 4)
    _timeline(play)


def _prove_mails(play: Play, cart: Cart, count: int) -> None:
    mails = play.client.mails(cart.email)
    folder = play.folder / "mails"
    folder.mkdir(exist_ok=True)
    for number, mail in enumerate(mails, 1):
        name = f"{cart.email.partition('@')[0]}-{number}.html"
        (folder / name).write_text(str(mail["BodyHtml"]), encoding="utf-8")
        play.tell.fact("mail", f"{str(mail['Subject']).partition(' - ')[0]:<26}  {folder / name}")
    play.tell.proof(len(mails) == count, f"{count} mails, each sent once")


def _timeline(play: Play) -> None:
    order = play.client.item("orders", orderId=play.order_id) or {}
    rows = [["time", "event", "verdict"]]
    timeline: list[dict[str, Any]] = order.get("timeline", [])
    rows += [[str(e["at"])[11:23], str(e["type"]), str(e["verdict"])] for e in timeline]
    play.tell.table(rows)
    moved = [entry for entry in timeline if entry["verdict"] == "applied"]
    play.tell.proof(len(moved) == 4, "its timeline shows all four steps")


def cancel(play: Play) -> None:
    """Cancelled before it is shipped: units and money go back, each once."""
    client, tell = play.client, play.tell
    tell.chapter("Grace changes her mind", "stock, money and mail, each exactly once")
    order, before = client.order_id_for(play.graces.payment_id), play.stock()
    said = play.operate("order", "cancel", order, "--reason", "ordered by mistake")
    tell.proof(said.endswith("CANCELLED"), "the order is CANCELLED")
    tell.wait(client.is_idle, "nothing is left to deliver")
    back = {item.sku: before[item.sku] + count for item, count in play.graces.lines}
    tell.proof(play.stock() == back, "all its units are back in stock")
    checkout = client.item("checkouts", orderId=order) or {}
    amount = checkout.get("refundAmount")
    tell.proof(
        checkout.get("refundStatus") == "requested", f"a refund of {amount:.2f} is requested"
    )
    said = play.operate("refunds", "settle", order, "--reference", f"re_{play.run}")
    tell.proof(said.endswith(f"re_{play.run}"), "the payment provider paid them, and that is kept")
    _prove_mails(play, play.graces, 2)


def restock(play: Play) -> None:
    """The SKU that ran low gets new units, and its alert is armed again."""
    client, tell = play.client, play.tell
    jug = play.cart.lines[0][0]
    tell.chapter("A delivery arrives", "counted once, even when the command is repeated")
    before, raised = play.stock()[jug.sku], play.stock_row(jug.sku)["alert"]
    arguments = ("stock", "restock", jug.sku, "20", "--reason", "delivery note 1187")
    for _ in range(2):
        play.operate(*arguments, "--key", f"delivery-{play.run}")
    tell.proof(play.stock()[jug.sku] == before + 20, f"{jug.name}: {before} + 20 units")
    tell.wait(client.is_idle, "nothing is left to deliver")
    armed = play.stock_row(jug.sku)["alert"]
    tell.proof((raised, armed) == ("raised", "armed"), "its low-stock alert is armed again")


def audit(play: Play) -> None:
    """The audit: do all tables agree with each other?"""
    tell = play.tell
    tell.chapter("The audit", "python -m ops audit: checks every promise in every table")
    dead_letters = [str(row["eventId"]) for row in play.client.items("dead_letters")]
    play.operate("dead-letters", "discard", *dead_letters, "--reason", "poisoned by the demo")
    said = play.operate("audit", "--minutes", "0", "--strict")
    tell.fact("", said)
    tell.proof(said, "nothing lost, nothing doubled, nothing owed")


def _reservation(play: Play) -> object:
    return play.client.item("reservations", orderId=play.order_id)


def _reserve_command(play: Play) -> dict[str, Any]:
    items = []
    for item, count in play.cart.lines:
        line: dict[str, Any] = {"productId": item.product_id, "quantity": count}
        items.append(line | ({"variationId": item.variation_id} if item.variation_id else {}))
    return {
        "eventId": f"evt_hold_{play.run}",
        "eventType": "command.inventory.reserve",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": "1.0",
        "source": "api",
        "correlationId": play.order_id,
        "payload": {"orderId": play.order_id, "items": items},
    }
