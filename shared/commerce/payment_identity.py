"""What a payment paid for and for whom: recognises its request again, and names what differs.

A payment belongs to the first request that named it (I4, I29). Stored are digests, field by field:
enough to say which field differs, and nothing of what anybody wrote.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from shared.contracts.commands import CheckoutPayload
from shared.contracts.envelope import plain
from shared.contracts.lines import OrderLine
from shared.kernel import strict_json
from shared.kernel.ids import order_id_for, sku_of
from shared.storage.writes import Item

ATTRIBUTE = "identity"
CONTACT = ("customerName", "customerEmail", "customerAddress")
_TEXTS = ("userId", *CONTACT)
_MOST_BYTES = 400_000


def identity_of(payload: CheckoutPayload, lines: Iterable[OrderLine]) -> Mapping[str, str]:
    """Digests of a request by field, whatever order its lines come in."""
    values = plain(payload.model_copy(update={"items": tuple(lines)}))
    return _digests(values, order_id_for(payload.payment_id))


def stored_identity(row: Item | None) -> Mapping[str, str]:
    """What is known of the request that a checkout or an order came from.

    Rows from before it was kept tell it by their own fields, or by the command stored with them;
    a rejection from then may tell nothing, and then nothing differs from it.
    """
    if row is None:
        return {}
    kept = row.get(ATTRIBUTE)
    if isinstance(kept, Mapping):
        return {str(name): str(digest) for name, digest in kept.items()}
    command = row.get("command")
    if isinstance(command, Mapping):
        body = str(command["body"]).encode()
        return _digests(strict_json.loads(body, max_bytes=_MOST_BYTES)["payload"], _order(row))
    return _digests(row, _order(row)) if _is_whole(row) else {}


def differing(one: Mapping[str, str], other: Mapping[str, str]) -> tuple[str, ...]:
    """The fields, by their names on the wire, that both know and that are not the same."""
    return tuple(name for name in one if other.get(name, one[name]) != one[name])


def _is_whole(row: Item) -> bool:
    return all(name in row for name in (*_TEXTS, "items", "totalAmount"))


def _order(row: Item) -> str:
    return str(row["orderId"])


def _digests(values: Mapping[str, Any], order_id: str) -> dict[str, str]:
    said = {name: str(values[name]) for name in _TEXTS}
    said["items"] = _lines(values["items"])
    said["totalAmount"] = _amount(values["totalAmount"])
    # With the order's id, so that nobody sees which orders are one person's.
    return {
        name: hashlib.sha256(f"{order_id}\n{name}\n{text}".encode()).hexdigest()[:32]
        for name, text in said.items()
    }


def _lines(items: Iterable[Mapping[str, Any]]) -> str:
    units: Counter[tuple[str, str]] = Counter()
    for item in items:
        sku = sku_of(str(item["productId"]), item.get("variationId"))
        units[sku, _amount(item["price"])] += int(str(item["quantity"]))
    return "\n".join(sorted(f"{sku}|{price}|{count}" for (sku, price), count in units.items()))


def _amount(value: object) -> str:
    return f"{Decimal(str(value)):.2f}"
