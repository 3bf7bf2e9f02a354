"""What the stock rows and the reservations of a pipeline say, for tests to look at."""

from typing import Any

from shared.kernel.strict_json import loads
from tests.pipeline import Pipeline


def shelf(shop: Pipeline, sku: str = "mug") -> tuple[int, int]:
    """Units available and units reserved."""
    row: Any = shop.memory.get("stock", {"sku": sku})
    return int(row["available"]), int(row["reserved"])


def reservation(shop: Pipeline, order_id: str = "ord_1") -> Any:
    """The stored reservation of an order."""
    return shop.memory.get("reservations", {"orderId": order_id})


def outcome(shop: Pipeline, event: dict[str, Any], topic: str = "commands") -> Any:
    """What the ledger says became of an event."""
    record = shop.memory.get("ledger", {"id": f"{topic}#{event['eventId']}"})
    return None if record is None else record["outcome"]


def payloads(shop: Pipeline, event_type: str) -> list[Any]:
    """Payloads of everything published of a type."""
    bodies: Any = [loads(m.body.encode(), max_bytes=300_000) for m in shop.outbox.of(event_type)]
    return [body["payload"] for body in bodies]


def actions(shop: Pipeline) -> list[str]:
    """What the audit trail was told."""
    return [payload["action"] for payload in payloads(shop, "analytics.audit")]


def moved(shop: Pipeline, sku: str = "mug") -> int:
    """The sum of a SKU's recorded movements."""
    return sum(int(str(m["delta"])) for m in shop.memory.all("movements") if m["sku"] == sku)
