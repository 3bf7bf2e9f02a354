"""The recounts at rest: shelves, prices, alerts and measures, each counted again from what is stored."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from functions.inventory.domain import rearm_level
from shared.kernel.clock import iso
from shared.storage.records.dead_letter import DeadLetterState
from tests.simulation.always import lines_of, units_of
from tests.simulation.journal import Breach
from tests.simulation.outside import START

if TYPE_CHECKING:
    from tests.simulation.world import World

Breaches = Iterator[Breach]


def about(*subjects: object) -> frozenset[str]:
    """What a breach is about."""
    return frozenset(str(subject) for subject in subjects if subject)


def i8_shelves_are_the_sum_of_their_movements(world: "World") -> Breaches:
    """Every unit that came or went is told of by one movement, unless its event is a dead letter."""
    waiting = [
        str(row["originalEvent"])
        for row in world.tables.all("dead_letters")
        if row["state"] == DeadLetterState.OPEN and row["eventType"] == "inventory.stock.updated"
    ]
    for row in world.tables.all("stock"):
        sku, moves = str(row["sku"]), world.tables.all("movements")
        moved = sum(int(str(m["delta"])) for m in moves if m["sku"] == sku)
        changed = units_of(row) - world.records.initial[sku]
        if moved != changed and not any(sku.partition("#")[0] in text for text in waiting):
            told = f"{changed} units of {sku} came or went, movements tell of {moved}"
            yield Breach("I8", told, about(sku))


def i2_no_hold_outlives_its_time(world: "World") -> Breaches:
    """Held units come back by themselves: nobody's forgotten cart keeps them for ever."""
    now = iso(START + timedelta(seconds=world.now - 300))
    for row in world.tables.all("reservations"):
        if row["status"] == "held" and str(row["expiresAt"]) < now:
            told = f"units are held for an order since {row['heldAt']}, and time is long up"
            yield Breach("I2", told, about(row["orderId"]))


def i19_orders_cost_what_the_catalogue_says(world: "World") -> Breaches:
    for order in world.tables.all("orders"):
        lines = lines_of(order)
        total = sum((units * each for units, each in lines.values()), Decimal(0))
        if total != Decimal(str(order["totalAmount"])):
            told = f"{order['paymentId']} pays {order['totalAmount']} for lines worth {total}"
            yield Breach("I19", told, about(order["orderId"]))
        for sku, (_, each) in lines.items():
            if each not in world.records.prices[sku]:
                told = f"{order['paymentId']} pays {each} for {sku}, which never cost that"
                yield Breach("I19", told, about(order["orderId"]))


def i22_alerts_match_the_falls_of_a_shelf(world: "World") -> Breaches:
    """At most one per fall to the threshold from clearly above it; a shelf that is low at rest has
    raised its alert, one that is clearly above has armed it."""
    alerts: Counter[str] = Counter()
    for event_id in world.qstash.accepted:
        body = world.records.bodies[event_id]
        if body.get("eventType") == "inventory.stock.low":
            payload = body["payload"]
            extra = f"#{payload['variationId']}" if payload.get("variationId") else ""
            alerts[payload["productId"] + extra] += 1
    for row in world.tables.all("stock"):
        available, threshold = int(str(row["available"])), int(str(row["threshold"]))
        sku, low = str(row["sku"]), available <= threshold
        falls = world.records.falls.get(sku, 0)
        if alerts[sku] > falls:
            yield Breach("I22", f"{alerts[sku]} alerts for {falls} falls of {sku}", about(sku))
        if low and not alerts[sku]:
            yield Breach("I22", f"{sku} is low and nobody was told", about(sku))
        between = threshold < available < rearm_level(threshold)
        if (row["alert"] == "raised") != low and not between:
            told = f"{sku} is {'low' if low else 'full'}, its alert is {row['alert']}"
            yield Breach("I22", told, about(sku))


def i23_measures_are_those_of_the_decisions(world: "World") -> Breaches:
    """Once per decided event. The window: a run that never heard of its own commit measures
    nothing; one that heard of it measures in the same breath."""
    measured = Counter(
        (f"{function}#{e}", m.name) for function, e, m in world.records.measures if e
    )
    for (key, name), count in measured.items():
        if count > 1:
            told = f"{name} was measured {count} times for one event"
            yield Breach("I23", told, about(key.partition("#")[2]))
    for function, event_id, measure in world.records.measures:
        if measure.name in _ONE_EACH and measure.value != 1:
            told = f"{function} measured {measure.name} as {measure.value} for one event"
            yield Breach("I23", told, about(event_id))
    learned = set(world.records.learned)
    for row in world.tables.all("ledger"):
        expected = _MEASURES.get((str(row["eventType"]), str(row["outcome"])))
        if expected is None or row.get("reported"):
            continue
        found, key = measured[(str(row["id"]), expected)], str(row["id"])
        if found != (1 if key in learned else 0):
            told = f"{expected} was measured {found} times for {key}"
            yield Breach("I23", told, about(row["eventId"]))


_ONE_EACH = {"OrdersCreated", "OrdersRejected", "OrdersMoved", "RefundsRequested", "HoldsPlaced"}
_MEASURES = {
    ("command.checkout", "created"): "OrdersCreated",
    ("command.checkout", "rejected"): "OrdersRejected",
    ("order.refund.requested", "requested"): "RefundsRequested",
    ("notification.email", "sent"): "MailSent",
    ("inventory.stock.updated", "low"): "LowStockAlerts",
    ("analytics.metric", "measured"): "PageViews",
    ("order.cancelled", "applied"): "OrdersMoved",
    ("order.shipped", "applied"): "OrdersMoved",
    ("command.inventory.reserve", "held"): "HoldsPlaced",
    ("command.inventory.release", "released"): "HoldsReleased",
}


def i23_revenue_is_what_the_orders_cost(world: "World") -> Breaches:
    learned = set(world.records.learned)
    costs = {str(o["orderId"]): Decimal(str(o["totalAmount"])) for o in world.tables.all("orders")}
    known = sum(
        costs.get(world.journal.family(str(row["eventId"])), Decimal(0))
        for row in world.tables.all("ledger")
        if row["outcome"] == "created" and row["id"] in learned
    )
    measured = sum(
        (Decimal(m.value) for _, _, m in world.records.measures if m.name == "Revenue"), Decimal(0)
    )
    if measured != known:
        yield Breach("I23", f"revenue was measured as {measured}, the orders cost {known}")
