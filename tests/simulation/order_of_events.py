"""Early events, reused ids, odd diagnostics: what must have become of them (I28, I29, I31)."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from shared.kernel.ids import lapse_event_id_for
from shared.storage.records.dead_letter import DeadLetterState
from shared.storage.writes import Item
from tests.simulation.journal import Breach
from tests.simulation.storage import Commit, text

if TYPE_CHECKING:
    from tests.simulation.qstash import Message
    from tests.simulation.world import World

Breaches = Iterator[Breach]
_NEXT: dict[str, set[str]] = {
    "PENDING": {"CONFIRMED", "CANCELLED"},
    "CONFIRMED": {"PROCESSING", "SHIPPED", "CANCELLED"},
    "PROCESSING": {"SHIPPED", "CANCELLED"},
    "SHIPPED": {"DELIVERED"},
}
_STATES = {*_NEXT, "DELIVERED", "CANCELLED"} - {"PENDING"}
_CONTACT = ("customerName", "customerEmail", "customerAddress")
WAITS = "awaiting_predecessor"


def _reachable(status: str) -> set[str]:
    found = set(_NEXT.get(status, ()))
    for state in tuple(found):
        found |= _reachable(state)
    return found


def _target(event_type: str) -> str:
    return event_type.rpartition(".")[2].upper()


# ------------------------------------------------------------------ at every commit
def i28_nothing_is_dropped_that_can_still_happen(
    _world: "World", commit: Commit
) -> Iterator[Breach]:
    for change in commit:
        if change.table != "orders" or change.before is None or change.after is None:
            continue
        before: Any = change.before.get("timeline") or []
        after: Any = change.after.get("timeline") or []
        status = str(change.before["status"])
        for entry in after[len(before) :]:
            kind, verdict = str(entry["type"]), str(entry["verdict"])
            if entry["eventId"] == lapse_event_id_for(change.key[0]):
                continue  # it may only happen while nothing else did
            if verdict in {"late", "early"} and _target(kind) in _reachable(status):
                told = f"{kind} was acknowledged and dropped while the order was {status}"
                yield Breach("I28", told, frozenset({*change.key, str(entry["eventId"])}))


# ------------------------------------------------------------------ at every answer
def i29_an_id_says_one_thing(world: "World", message: "Message", status: int) -> Iterator[Breach]:
    """Whatever was acknowledged under an id says the same."""
    if not 200 <= status < 300 or message.source is not None:
        return
    said = _said(message.body)
    key = f"{world.records.topic(message.about)}#{message.about}"
    if world.records.said.setdefault(key, said) != said:
        told = f"{message.kind} was acknowledged as one that said something else"
        yield Breach("I29", told, frozenset({message.about}))


def i28_nothing_is_refused_for_good_that_can_still_come(
    world: "World", message: "Message", status: int
) -> Iterator[Breach]:
    """An event about an order whose checkout is not rejected, and that was not handled before."""
    if status != 489 or _target(message.kind) not in _STATES or message.source is not None:
        return
    order_id = str(json.loads(message.body)["payload"]["orderId"])
    rejected = text(world.tables.row("checkouts", order_id), "status") == "rejected"
    if not rejected and world.records.ledger_row(message.about) is None:
        told = f"{message.kind} was refused for good while its order can still come"
        yield Breach("I28", told, frozenset({message.about, order_id}))


def _said(body: bytes) -> list[Any]:
    values = json.loads(body)
    if isinstance(values, str):  # a producer may have encoded it twice
        values = json.loads(values)
    payload = values["payload"]
    if isinstance(payload, dict):  # what the next version of a producer adds
        payload = {n: v for n, v in payload.items() if n not in {"channel", "loyalty"}}
    return [values["eventType"], payload]


# ------------------------------------------------------------------ at rest
def i28_what_came_early_is_applied(world: "World") -> Breaches:
    """Nothing waits for what is there, and nothing was refused for good that was only early."""
    for row in world.tables.all("dead_letters"):
        if row["state"] != DeadLetterState.OPEN or not str(row["eventType"]).startswith("order."):
            continue
        cause, order = str(row["cause"]), _order_of(world, row)
        if cause.endswith("not_found") and order is not None:
            yield Breach("I28", f"{row['eventType']} was refused for good, only early", _all(row))
        if cause.endswith(WAITS) and _is_there(world, row, order):
            told = f"{row['eventType']} waits for what is there"
            yield Breach("I28", told, _all(row))


def _is_there(world: "World", row: Item, order: Item | None) -> bool:
    target = _target(str(row["eventType"]))
    if order is None:
        return text(world.tables.row("checkouts", _order_id(row)), "status") == "rejected"
    status = str(order["status"])
    return target not in _reachable(status) or target in _NEXT.get(status, set())


def _order_of(world: "World", row: Item) -> Item | None:
    return world.tables.row("orders", _order_id(row))


def _order_id(row: Item) -> str:
    return str(json.loads(str(row["originalEvent"]))["payload"].get("orderId"))


def _all(row: Item) -> frozenset[str]:
    return frozenset({str(row["eventId"]), _order_id(row)})


def i29_a_payment_stays_with_its_first_contact(world: "World") -> Breaches:
    """Whoever heard 202 gets the parcel and the mails; nobody else heard it for the same payment."""
    for made in world.records.requests:
        order_id, body = made.cart.order_id, made.cart.body
        order = world.tables.row("orders", order_id)
        if made.accepted and order is not None and any(order[n] != body[n] for n in _CONTACT):
            told = f"{made.cart.payment_id} was accepted for one contact and ordered for another"
            yield Breach("I29", told, frozenset({order_id}))


def i31_nothing_is_refused_for_what_only_diagnoses(world: "World") -> Breaches:
    for made in world.records.requests:
        if made.correlation and 400 in made.answers:
            told = f"{made.cart.payment_id} was turned away for its correlation id"
            yield Breach("I31", told, frozenset({made.cart.order_id}))
    for event_id in sorted(world.records.odd):
        letter = world.tables.row("dead_letters", event_id)
        if letter is not None and str(letter["cause"]).endswith("invalid_field"):
            told = f"a paid cart was refused for good for its diagnostics: {letter['cause']}"
            yield Breach("I31", told, frozenset({event_id}))
