"""Builders: everything has a sensible default but what a test is about."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from shared.kernel.strict_json import dumps

MOMENT = "2026-03-01T12:00:00.000Z"


def line(product: str = "mug", **changes: Any) -> dict[str, Any]:
    """A cart line."""
    return {"productId": product, "quantity": 1, "price": Decimal("12.50"), **changes}


def checkout_payload(**changes: Any) -> dict[str, Any]:
    """A cart that adds up, unless a change breaks it."""
    items = changes.pop("items", None) or [line()]
    total = sum(Decimal(str(i["price"])) * i["quantity"] for i in items)
    return {
        "userId": "user-1",
        "customerName": "Ada Example",
        "customerEmail": "ada@example.com",
        "customerAddress": "1 Test Street, Testville",
        "items": items,
        "totalAmount": total,
        "paymentId": "pay-1",
        **changes,
    }


def envelope(event_type: str, payload: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An event."""
    return {
        "eventId": "evt-1",
        "eventType": event_type,
        "timestamp": MOMENT,
        "version": "1.0",
        "source": "checkout-api",
        "correlationId": "corr-1",
        "payload": payload,
        **changes,
    }


def checkout_command(**changes: Any) -> dict[str, Any]:
    """A ``command.checkout`` with changes to its payload; ``event_id`` changes the envelope."""
    event_id = changes.pop("event_id", "evt-1")
    return envelope("command.checkout", checkout_payload(**changes), eventId=event_id)


def stock(product: str = "mug", **changes: Any) -> dict[str, Any]:
    """A stock row."""
    return {
        "sku": product,
        "productId": product,
        "name": product.title(),
        "price": Decimal("12.50"),
        "available": 10,
        "reserved": 0,
        "threshold": 2,
        "alert": "armed",
        "updatedAt": MOMENT,
        **changes,
    }


def order_row(**changes: Any) -> dict[str, Any]:
    """A stored order of two mugs."""
    return {
        "orderId": "ord_1",
        "paymentId": "pay-1",
        "userId": "user-1",
        "customerName": "Ada Example",
        "customerEmail": "ada@example.com",
        "customerAddress": "1 Test Street, Testville",
        "items": [line(quantity=2, productName="Mug")],
        "totalAmount": Decimal("25.00"),
        "status": "PENDING",
        "cartDigest": "digest",
        "correlationId": "corr-1",
        "createdAt": MOMENT,
        "updatedAt": MOMENT,
        "timeline": [],
        **changes,
    }


def checkout_row(**changes: Any) -> dict[str, Any]:
    """A stored checkout that became an order, without a cart: none is asked for."""
    return {"orderId": "ord_1", "paymentId": "pay-1", "status": "confirmed", **changes}


def dead_letter_row(event_id: str = "evt-1", **changes: Any) -> dict[str, Any]:
    """A stored open dead letter of a checkout command."""
    return {
        "eventId": event_id,
        "state": "open",
        "topic": "commands",
        "eventType": "command.checkout",
        "cause": "HTTP 503 dependency_unavailable",
        "error": "HTTP 503",
        "fingerprint": "abc",
        "attempts": 4,
        "replays": 0,
        "firstFailedAt": "2026-03-01T11:00:00.000Z",
        "lastFailedAt": MOMENT,
        "reportedBy": "callback",
        "originalEvent": "{}",
        "history": [],
        **changes,
    }


def reserve_command(order_id: str = "ord_1", **changes: Any) -> dict[str, Any]:
    """A ``command.inventory.reserve`` of one mug; ``event_id`` changes the envelope."""
    event_id = changes.pop("event_id", f"evt-reserve-{order_id}")
    payload = {"orderId": order_id, "items": [units()], **changes}
    return envelope("command.inventory.reserve", payload, eventId=event_id)


def release_command(order_id: str = "ord_1", **changes: Any) -> dict[str, Any]:
    """A ``command.inventory.release`` because somebody cancelled."""
    event_id = changes.pop("event_id", f"evt-release-{order_id}")
    payload = {"orderId": order_id, "items": [units()], "reason": "cancelled", **changes}
    return envelope("command.inventory.release", payload, eventId=event_id)


def units(product: str = "mug", quantity: int = 1, **changes: Any) -> dict[str, Any]:
    """A line of a hold."""
    return {"productId": product, "quantity": quantity, **changes}


def body_of(event: dict[str, Any]) -> bytes:
    """An event as bytes."""
    return dumps(event).encode()


@dataclass
class Context:
    """Lambda's context with a fixed time left."""

    milliseconds: int = 30_000

    def get_remaining_time_in_millis(self) -> int:
        """Time left."""
        return self.milliseconds


def request(
    body: bytes, *, headers: dict[str, str] | None = None, path: str = "/", method: str = "POST"
) -> dict[str, Any]:
    """A function URL event with a text body."""
    return {
        "version": "2.0",
        "rawPath": path,
        "headers": {"content-type": "application/json", **(headers or {})},
        "requestContext": {"http": {"method": method, "path": path}},
        "body": body.decode("utf-8", "surrogateescape"),
        "isBase64Encoded": False,
    }


def vouched(call: dict[str, Any], shopper: str | None) -> dict[str, Any]:
    """The event once the authorizer has looked at its token."""
    if shopper is not None:
        claims = {"sub": shopper, "iss": "https://login.shop.test", "aud": "web"}
        call["requestContext"]["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
    return call


def answer_of(response: dict[str, Any]) -> dict[str, Any]:
    """The JSON body of a Lambda answer."""
    parsed: dict[str, Any] = json.loads(response["body"])
    return parsed


def at(moment: datetime) -> float:
    """Seconds since 1970."""
    return moment.timestamp()
