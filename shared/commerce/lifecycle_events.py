"""A step in the life of an order, as whoever asks for it says it: told from the order as stored.

Nobody moves an order but the orders function. An operator's command and a customer's click are
both an event about the order, and this is how either is made.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from shared.contracts.envelope import VERSION, Event, validated
from shared.kernel.clock import iso
from shared.storage.writes import Item

E = TypeVar("E", bound=Event)

# What of a stored order an event repeats.
_REPEATED = (
    "orderId",
    "userId",
    "customerName",
    "customerEmail",
    "customerAddress",
    "items",
    "totalAmount",
)


def step_of(
    model: type[E],
    order: Item,
    facts: Mapping[str, Any],
    *,
    event_id: str,
    source: str,
    at: datetime,
) -> E:
    """The event that asks for a step: the same whenever it is asked for, but for its time.

    Its status is the one that the step leads to.

    Args:
        order: the row as stored.
        facts: what the step adds, by its name on the wire; what is None is left out.
        at: when it was asked for.

    Raises:
        InvalidInputError: a fact breaks a rule; names it.
    """
    told = {name: order[name] for name in _REPEATED if order.get(name) is not None}
    event_type = str(model.model_fields["event_type"].default)
    told["status"] = event_type.rpartition(".")[2].upper()
    values = {
        "eventId": event_id,
        "eventType": event_type,
        "timestamp": iso(at),
        "version": VERSION,
        "source": source,
        "correlationId": order.get("correlationId") or order["orderId"],
        "payload": {**told, **facts},
    }
    return validated(model, _plain(values))


def _plain(value: Any) -> Any:
    """Stored values as JSON ones: what is absent is left out."""
    if isinstance(value, Mapping):
        return {name: _plain(child) for name, child in value.items() if child is not None}
    return [_plain(child) for child in value] if isinstance(value, list | tuple) else value
