"""The event that asks for a step in the life of an order, told from the order as stored.

Only the orders function moves an order. An operator's command and a customer's click are both an
event about the order, and this is how either is made.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from shared.commerce.order_status import STEPS
from shared.contracts.envelope import VERSION, Event, validated
from shared.kernel.clock import iso
from shared.storage.records.order import OrderRow

E = TypeVar("E", bound=Event)


def step_of(
    model: type[E],
    order: OrderRow,
    facts: Mapping[str, Any],
    *,
    event_id: str,
    source: str,
    at: datetime,
) -> E:
    """The event that asks for a step: the same whenever it is asked for, but for its time.

    Its status is the one that the step leads to.

    Args:
        facts: what the step adds, by its name on the wire; what is None is left out.
        at: when it was asked for.

    Raises:
        InvalidInputError: a fact breaks a rule; names it.
    """
    event_type = str(model.model_fields["event_type"].default)
    told = {name: value for name, value in facts.items() if value is not None}
    values = {
        "eventId": event_id,
        "eventType": event_type,
        "timestamp": iso(at),
        "version": VERSION,
        "source": source,
        "correlationId": order.correlation_id or order.order_id,
        "payload": {**order.for_events(), "status": STEPS[event_type].status, **told},
    }
    return validated(model, values)
