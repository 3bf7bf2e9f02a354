"""What people do who are early, change their minds, or write odd things: deeds about I28, I29, I31."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.builders import envelope
from tests.simulation.records import Cart, Request
from tests.simulation.world import World

ODD = ("", "a b", "cart,cart", "x" * 5000, "a\r\nUpstash-Forward-Evil: 1", "☕")
CORRECTIONS: tuple[Mapping[str, str], ...] = (
    {"customerEmail": "elsewhere@example.com"},
    {"customerName": "Somebody Else"},
    {"customerAddress": "9 Other Street, Testville"},
)
_FACTS: Mapping[str, Mapping[str, str]] = {
    "shipped": {"carrier": "Parcel Co", "trackingNumber": "PC-1"},
    "delivered": {"deliveredAt": "2026-03-03T10:00:00Z"},
    "cancelled": {"reason": "changed their mind", "cancelledBy": "user"},
}


def tell_early(world: World, wanted: Cart, kind: str) -> None:
    """Somebody tells of an order that nobody has decided about yet (I28)."""
    known = {n: v for n, v in wanted.body.items() if n != "paymentId"}
    payload = {**known, "orderId": wanted.order_id, "status": kind.upper(), **_FACTS.get(kind, {})}
    event_id = world.new_event_id(f"early-{kind}")
    event = envelope(f"order.{kind}", payload, eventId=event_id, correlationId=wanted.order_id)
    world.note("warehouse", f"tells of {kind} before there is an order", wanted.order_id)
    world.publish(event | {"timestamp": world.moment()}, who="warehouse")


def corrected(wanted: Cart, change: Mapping[str, str]) -> Cart:
    """The same cart and payment for somebody else (I29)."""
    return replace(wanted, body={**wanted.body, **change})


def check_out_oddly(world: World, wanted: Cart, correlation: str) -> None:
    """A shopper's program sends a header that is no identifier (I31)."""
    made = Request(wanted, correlation=correlation)
    world.records.requests.append(made)
    world.post(made)


def command_oddly(world: World, wanted: Cart, field: str, value: str) -> None:
    """Another system's command says something odd beside the cart (I31)."""
    event_id = world.new_event_id("odd")
    world.records.odd.add(event_id)
    world.command(wanted, event_id, **{field: value})


def reuse_id(world: World, event_id: str) -> None:
    """Somebody gives the id of an event that was handled to one that says something else (I29)."""
    body = world.records.bodies[event_id]
    event: dict[str, Any] = {**body, "payload": _otherwise(body["payload"])}
    world.note("another system", f"says something else under {event_id}", event_id)
    world.publish_text(
        event_id,
        str(body["eventType"]),
        json.dumps(event, default=float),
        who="another system",
        dedup=world.new_event_id("reuse"),
    )


def reusable(world: World) -> list[str]:
    """Ids that are taken for good, of events whose payload anybody may spell otherwise."""
    records = world.records
    return [
        event_id
        for event_id, body in records.bodies.items()
        if records.ledger_row(event_id) is not None
        and isinstance(body.get("payload"), dict)
        and _otherwise(body["payload"]) != body["payload"]
    ]


def _otherwise(payload: Mapping[str, Any]) -> dict[str, Any]:
    for name in ("customerAddress", "trackingNumber", "subject", "action"):
        if isinstance(payload.get(name), str):
            return {**payload, name: f"other-{payload[name]}"[:90]}
    if isinstance(payload.get("value"), int):
        return {**payload, "value": payload["value"] + 1}
    return dict(payload)
