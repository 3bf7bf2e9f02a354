"""What is delivered: a cart of five lines, signed as QStash signs."""

import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

from shared.client.checkout import sign_checkout
from shared.contracts.topics import Topic
from tests.signing import CHECKOUT_KEY, sign

API_URL = "https://api.example.com"
URLS = {topic.value: f"https://{topic.value}.example.com/" for topic in Topic}
CATALOGUE = {
    "mug-classic": "12.50",
    "shirt-plain": "29.99",
    "poster-large": "18.00",
    "notebook": "7.25",
    "sticker-set": "3.40",
}


class Invocation:
    """Lambda's context with plenty of time left."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds."""
        return 30_000


def checkout_body(event_id: str, **more: str) -> bytes:
    """A ``command.checkout`` of every product in the catalogue.

    Args:
        more: fields that no reader knows.
    """
    items = [
        {"productId": sku, "quantity": 1, "price": float(price), "productName": sku.title()}
        for sku, price in CATALOGUE.items()
    ]
    event = {
        "eventId": event_id,
        "eventType": "command.checkout",
        "timestamp": "2026-03-01T12:00:00.000Z",
        "version": "1.0",
        "source": "checkout-api",
        "correlationId": f"corr-{event_id}",
        "payload": {
            "userId": "user_2f9c",
            "customerName": "Ada Example",
            "customerEmail": "ada@example.com",
            "customerAddress": "1 Test Street, 12345 Testville",
            "items": items,
            "totalAmount": 71.14,
            "paymentId": f"pay-{event_id}",
        },
        **more,
    }
    return json.dumps(event, separators=(",", ":")).encode()


def checkout_body_of_size(size: int) -> bytes:
    """The same, of so many bytes.

    Raises:
        ValueError: it is larger as it is.
    """
    missing = size - len(checkout_body("evt-1", padding=""))
    if missing < 0:
        raise ValueError(f"a checkout of five lines has {-missing} bytes more than {size}")
    return checkout_body("evt-1", padding="x" * missing)


def audit_body(event_id: str) -> bytes:
    """An ``analytics.audit``: an event that causes no others."""
    return json.dumps(
        {
            "eventId": event_id,
            "eventType": "analytics.audit",
            "timestamp": "2026-03-01T12:00:00.000Z",
            "version": "1.0",
            "source": "orders-service",
            "correlationId": f"corr-{event_id}",
            "payload": {
                "action": "order.created",
                "entityType": "order",
                "entityId": f"ord-{event_id}",
                "newState": {"status": "PENDING", "totalAmount": 71.14},
            },
        },
        separators=(",", ":"),
    ).encode()


def delivery(topic: str, body: bytes) -> dict[str, Any]:
    """A body as Lambda presents it when QStash delivers it."""
    return {
        "version": "2.0",
        "rawPath": "/",
        "headers": {
            "content-type": "application/json",
            "upstash-signature": sign(URLS[topic], body, time.time()),
            "upstash-message-id": "msg_1",
            "upstash-retried": "0",
        },
        "requestContext": {"stage": "$default", "http": {"method": "POST", "path": "/"}},
        "body": body.decode(),
        "isBase64Encoded": False,
    }


def checkout_request(body: bytes) -> dict[str, Any]:
    """A checkout as the shop's API gets it: the payload alone, unsigned."""
    return {
        "version": "2.0",
        "rawPath": "/api/checkout",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": "/api/checkout"}},
        "body": json.dumps(json.loads(body)["payload"]),
        "isBase64Encoded": False,
    }


def signed_checkout_request(body: bytes) -> dict[str, Any]:
    """The same, signed as the shop's server signs."""
    call = checkout_request(body)
    signature = sign_checkout(str(call["body"]).encode(), key=CHECKOUT_KEY)
    return {**call, "headers": {**call["headers"], **signature}}


def fresh_ids(prefix: str) -> Iterator[str]:
    """Ids that no other process of this run uses."""
    return (f"{prefix}-{time.time_ns():x}-{number}" for number in itertools.count())
