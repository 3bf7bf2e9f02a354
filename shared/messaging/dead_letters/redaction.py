"""What stays of a discarded event when its time is over: what it was about, and nothing of a person."""

from collections.abc import Mapping
from typing import Any

from shared.contracts.topics import INVENTORY_STOCK_UPDATED
from shared.kernel import strict_json
from shared.kernel.ids import is_id
from shared.messaging.dead_letters.resend import parsed

# Ids of ours. Whatever else a payload has may be about a person, whichever program wrote it.
_ORDER = ("orderId",)
_LINE = ("productId", "variationId")
_MOVEMENT_REASONS = frozenset({"sale", "return"})
MOST_LINES = 100


def nameless(original: str, event_type: str) -> str:
    """The facts of an event that explain what is missing without it, as JSON: the order, the
    products, and of a sale or a return its units.

    It has no event id, so it can never be sent as an event again.
    """
    values = parsed(original) or {}
    payload = values.get("payload")
    if not isinstance(payload, Mapping):
        return "{}"
    kept = _ids(payload, (*_ORDER, *_LINE))
    if event_type == INVENTORY_STOCK_UPDATED and payload.get("reason") in _MOVEMENT_REASONS:
        kept["reason"] = payload["reason"]
        if _is_count(payload.get("delta")):
            kept["delta"] = payload["delta"]
    if isinstance(lines := payload.get("items"), list):
        found = [_ids(line, _LINE) for line in lines[:MOST_LINES] if isinstance(line, Mapping)]
        kept["items"] = [line for line in found if line]
    return strict_json.dumps({"payload": kept})


def _ids(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values[name] for name in names if is_id(values.get(name))}


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
