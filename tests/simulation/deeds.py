"""What people and the weather do to the shop: each deed with its particulars, nothing by chance."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ops.stock.domain import Adjust, Restock, Return
from shared.contracts.topics import ORDER_REFUND_REQUESTED
from shared.messaging.claims import ClaimFormat
from shared.storage.writes import Update
from tests.builders import checkout_payload, envelope, line, request
from tests.pipeline import URLS
from tests.simulation.fleet import PLATFORM
from tests.simulation.invocation import Response
from tests.simulation.journal import Breach
from tests.simulation.records import Cart, Request
from tests.simulation.storage import text
from tests.simulation.world import World


# ------------------------------------------------------------------ shoppers
def cart(
    world: World,
    payment_id: str,
    wanted: Mapping[str, int],
    *,
    who: str = "user-1",
    price: Decimal | None = None,
) -> Cart:
    """A cart at the catalogue's prices, or at a price of the shopper's own."""
    lines = {sku: (units, price or world.price_of(sku)) for sku, units in wanted.items()}
    items = []
    for sku, (units, each) in lines.items():
        product, _, variation = sku.partition("#")
        extra = {"variationId": variation} if variation else {}
        items.append(line(product, quantity=units, price=each, **extra))
    body = checkout_payload(
        items=items, paymentId=payment_id, userId=who, customerEmail=f"{who}@example.com"
    )
    total = sum((each * units for units, each in lines.values()), Decimal(0))
    return Cart(payment_id, lines, total, body, tampered=price is not None)


def check_out(world: World, wanted: Cart, *, patience: int = 8) -> Request:
    """A shopper posts a cart."""
    made = Request(wanted)
    world.records.requests.append(made)
    world.post(made, patience=patience)
    return made


# ------------------------------------------------------------------ the shop's own people
def restock(world: World, sku: str, units: int) -> None:
    """Units arrive."""
    world.note("warehouse", f"adds {units} {sku}", sku)
    _operate(world, Restock(sku, units))


def lose(world: World, sku: str, units: int) -> None:
    """Units are missing when the shelf is counted."""
    world.note("warehouse", f"misses {units} {sku}", sku)
    _operate(world, Adjust(sku, by=-units))


def take_back(world: World, order_id: str, sku: str) -> None:
    """A customer sends a unit back."""
    world.note("warehouse", f"takes back a {sku}", order_id, sku)
    _operate(world, Return(sku, 1, order_id))


def _operate(world: World, wanted: Restock | Adjust | Return) -> None:
    """An operator's command; whoever does not learn how it ended gives it again, under its key."""
    key = world.new_event_id("deed")

    def hear(answer: Response | None) -> None:
        if answer is None:
            world.scheduler.after(20.0, again)

    def again() -> None:
        event = {"stock": wanted, "key": key}
        world.fleet.invoke("operator", event, on_answer=hear, subject=f"operator:{key}")

    again()


def ask_back_again(world: World, payload: dict[str, Any]) -> None:
    """Another system asks for a refund that was asked for before, as an event of its own (I21)."""
    event_id = world.new_event_id("refund")
    order_id = str(payload["orderId"])
    event = envelope(ORDER_REFUND_REQUESTED, payload, eventId=event_id, correlationId=order_id)
    world.publish(event | {"timestamp": world.moment()}, who="another system")


def refunds(world: World) -> list[dict[str, Any]]:
    """What was asked back so far."""
    bodies = [world.records.bodies[event_id] for event_id in world.qstash.accepted]
    return [body["payload"] for body in bodies if body.get("eventType") == ORDER_REFUND_REQUESTED]


def reprice(world: World, sku: str, price: Decimal) -> None:
    """The catalogue changes a price."""
    world.note("shop", f"sells {sku} at {price} from now on", sku)
    world.tables.transact([Update("stock", {"sku": sku}, set={"price": price})])


def reserve(world: World, order_id: str, wanted: Mapping[str, int]) -> None:
    """Another system asks to hold units for an order."""
    _inventory(world, "reserve", order_id, wanted, {})


def release(world: World, order_id: str, wanted: Mapping[str, int], reason: str) -> None:
    """Another system gives held units back, or says that their time is up."""
    _inventory(world, "release", order_id, wanted, {"reason": reason})


def _inventory(
    world: World, what: str, order_id: str, wanted: Mapping[str, int], extra: Mapping[str, str]
) -> None:
    items = [{**_product(sku), "quantity": units} for sku, units in wanted.items()]
    event_id = world.new_event_id(what)
    payload = {"orderId": order_id, "items": items, **extra}
    event = envelope(f"command.inventory.{what}", payload, eventId=event_id, correlationId=order_id)
    world.publish(event | {"timestamp": world.moment()}, who="another system")


def move_order(world: World, order_id: str, kind: str) -> None:
    """Warehouse, carrier or customer service tell what becomes of an order, in any order."""
    row: Any = world.tables.row("orders", order_id)
    lines = [
        {name: value for name, value in line.items() if value is not None} for line in row["items"]
    ]
    extra = {
        "delivered": {"deliveredAt": world.moment()},
        "cancelled": {"reason": "changed their mind", "cancelledBy": "user"},
    }.get(kind, {})
    same = ("orderId", "userId", "customerName", "customerEmail", "customerAddress", "status")
    payload = {name: row[name] for name in same} | {"items": lines, **extra}
    payload["totalAmount"] = row["totalAmount"]
    event_id = world.new_event_id(kind)
    event = envelope(f"order.{kind}", payload, eventId=event_id, correlationId=order_id)
    world.publish(event | {"timestamp": world.moment()}, who="warehouse")


def _product(sku: str) -> dict[str, str]:
    product, _, variation = sku.partition("#")
    return {"productId": product} | ({"variationId": variation} if variation else {})


def report_metric(world: World, value: int) -> None:
    """The storefront measures something."""
    event_id = world.new_event_id("metric")
    payload = {"metric": "PageViews", "value": value, "dimensions": {"page": "home"}}
    world.publish(envelope("analytics.metric", payload, eventId=event_id), who="storefront")


def bounce(world: World, address: str) -> None:
    """Mail to an address bounced for good; SNS repeats the report until it is taken."""
    message = {
        "eventType": "Bounce",
        "bounce": {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": address}]},
    }
    event = {"Records": [{"Sns": {"Message": json.dumps(message)}}]}

    def hear(answer: Response | None) -> None:
        if answer is None:
            world.scheduler.after(5.0, send)

    def send() -> None:
        world.fleet.invoke("notifications", event, on_answer=hear)

    world.note("SES", f"reports that {address} does not exist")
    send()


def replay(world: World, event_ids: Sequence[str], *, even_if_done: bool = False) -> None:
    """An operator replays dead letters with the command line; it may die in the middle."""
    world.tally.add("replays", len(event_ids))
    world.note("operator", f"replays {len(event_ids)} dead letters", *event_ids)
    event = {"letters": list(event_ids), "evenIfDone": even_if_done}
    world.fleet.invoke("operator", event)


def send_again(world: World, event_id: str) -> None:
    """Somebody retries it in QStash's own console: the same body as a new message, with a new
    message id."""
    row = world.tables.row("dead_letters", event_id)
    never_there = "#" in event_id or event_id.startswith("message:")
    never_there = never_there or event_id in world.records.hearsay
    if row is None or never_there:
        return
    world.tally.add("replays")
    world.note("operator", f"retries {row['eventType']} in QStash's console", event_id)
    world.publish_text(
        event_id,
        str(row["eventType"]),
        str(row["originalEvent"]),
        who="QStash's console",
        dedup=world.new_event_id(f"{event_id}:again"),
    )


def resolve_mail(world: World, event_id: str, resolution: str) -> None:
    """An operator decides about a mail whose fate is unknown."""
    world.note("operator", f"decides about a mail: {resolution}", event_id)
    world.fleet.invoke("operator", {"mail": event_id, "resolution": resolution}, subject=event_id)


def doubtful_mail(world: World) -> list[str]:
    """Mails that wait for a decision."""
    rows = world.tables.all("notifications")
    return [str(row["id"]) for row in rows if row.get("attention") == "unknown"]


# ------------------------------------------------------------------ strangers
def publish_alien(world: World, kind: str) -> str:
    """A producer sends what this version cannot take: it must end as a dead letter (I25)."""
    event_id = world.new_event_id("alien")
    payload = {"metric": "PageViews", "value": 1, "dimensions": {}}
    if kind == "garbage":
        world.publish_text(event_id, "analytics.metric", "no JSON at all", who="a stranger")
        return event_id
    changes = {"version": "2.0"} if kind == "major" else {}
    event_type = "order.teleported" if kind == "type" else "analytics.metric"
    event = envelope(event_type, payload, eventId=event_id, **changes)
    world.records.strangers.append(event_id)
    world.publish(event, who="a stranger")
    return event_id


def hearsay(world: World, topic: str, kind: str = "analytics.metric") -> None:
    """Somebody reports a failure that never was: on a topic that is none of ours, or of an event
    that belongs to another topic than the report says (I18)."""
    told_of, event_id = world.new_event_id("hearsay"), world.new_event_id("report")
    world.records.hearsay.append(told_of)
    original = {"eventId": told_of, "eventType": kind, "version": "1.0"}
    payload = {
        "originalTopic": topic,
        "originalEventType": "analytics.metric",
        "originalEvent": original,
        "error": "HTTP 489: said somebody",
        "failedAt": world.moment(),
        "retryCount": 0,
    }
    world.publish(envelope("analytics.dlq", payload, eventId=event_id), who="a stranger")


def forge(world: World, function: str, kind: str) -> None:
    """Somebody without the key calls a function's URL (I26)."""
    event = envelope(
        "analytics.metric", {"metric": "Forged", "value": 1, "dimensions": {}}, eventId="forged"
    )
    body = json.dumps(event).encode()
    other = URLS["orders" if function != "orders" else "commands"]
    tokens = {
        "unsigned": "",
        "key": world.qstash.sign(URLS[function], body, key="sig_" + "f" * 28),
        "url": world.qstash.sign(other, body),
        "body": world.qstash.sign(URLS[function], body + b" "),
    }
    headers = {"upstash-message-id": "msg_0"}
    if tokens[kind]:
        headers["upstash-signature"] = tokens[kind]
    world.tally.add("forgeries")

    def hear(answer: Response | None) -> None:
        if answer is None or PLATFORM in answer["headers"]:
            return
        if answer["statusCode"] != 401:
            told = f"{function} answered {answer['statusCode']} to a forged delivery ({kind})"
            world.records.breach([Breach("I26", told)])

    world.fleet.invoke(function, request(body, headers=headers), on_answer=hear)


def poison(world: World, event_id: str, value: str) -> None:
    """Somebody writes into Redis who should not."""
    world.note("a stranger", f"writes {value!r} into Redis for {event_id}", event_id)
    world.redis.put(f"webhook:dedup:{event_id}", value, 3_600_000)


def lies(event_id: str) -> tuple[str, ...]:
    """Values that look as if the event were done."""
    return (
        "done",
        "1",
        "d:" + "0" * 32,
        ClaimFormat("simulation/somewhere", b"secret").done(event_id),
        "l:stranger:9999999999999",
        "",
    )


# ------------------------------------------------------------------ the weather
def outage(world: World, what: str, seconds: float) -> None:
    """A function, Redis or QStash is gone for a while."""
    world.note("weather", f"{what} is down for {seconds:.0f} s")
    world.tally.add("outages")
    if what == "redis":
        world.redis.down = True
        world.scheduler.after(seconds, lambda: setattr(world.redis, "down", False))
    elif what == "qstash":
        world.qstash.down = True
        world.scheduler.after(seconds, lambda: setattr(world.qstash, "down", False))
    else:
        world.fleet.outages[what] = world.now + seconds


def stop_writes(world: World, seconds: float) -> None:
    """The store takes no transaction for a while; it can still be read."""
    world.note("weather", f"the store takes no writes for {seconds:.0f} s")
    world.tally.add("outages")
    world.no_writes_until = world.now + seconds


def block(world: World, function: str, status: int, seconds: float) -> None:
    """The platform refuses deliveries to a function for a while: it throttles (429), cannot start it
    (502), does not find it (404), or runs a bad release of it (500) (I27)."""
    world.note("weather", f"{function} answers {status} for {seconds:.0f} s, whatever comes")
    world.tally.add("outages")
    world.fleet.blockages[function] = (world.now + seconds, status)


def flood(world: World, order_id: str, count: int) -> None:
    """Another system tells the same of one order over and over, as events of their own (I30)."""
    world.note("another system", f"tells {count} times that an order is confirmed", order_id)
    for _ in range(count):
        move_order(world, order_id, "confirmed")


def flush(world: World) -> None:
    """Redis loses everything."""
    world.note("weather", "Redis loses everything")
    world.tally.add("flushes")
    world.redis.flush()


def letters(world: World) -> list[str]:
    """Event ids of all dead letters, oldest first."""
    rows = sorted(world.tables.all("dead_letters"), key=lambda row: str(row["firstFailedAt"]))
    return [str(row["eventId"]) for row in rows]


def letters_in(world: World, state: str) -> list[str]:
    """Those in a state."""
    rows = {event_id: world.tables.row("dead_letters", event_id) for event_id in letters(world)}
    return [event_id for event_id, row in rows.items() if text(row, "state") == state]
