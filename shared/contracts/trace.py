"""Under which key everything that follows from one cause is stored and found.

The key is ours. A caller's correlation id is a fact about a trace and never its key: two strangers
may choose the same one, and one program may write one into each of a million events.
"""

from collections.abc import Mapping

from shared.contracts.analytics import AuditPayload
from shared.contracts.envelope import Event
from shared.contracts.notifications import EmailPayload, PushPayload
from shared.kernel.ids import caused_event_id, is_id, may_be_order_id

_OF_ORDERS = frozenset({"order", "checkout", "reservation"})


def trace_of(event: Event) -> str:
    """The key of an event's trace.

    The order that the event is about; without one, the trace that its cause handed on; without that,
    the event begins a trace of its own. A checkout names a payment and no order: which order is its
    own, its decision says.
    """
    return order_in(event.payload) or event.trace_id or own_trace(event.event_id)


def own_trace(event_id: str) -> str:
    """The key of the trace that an event begins: its id, unless that looks like an order's."""
    return caused_event_id(event_id, "trace", 0) if may_be_order_id(event_id) else event_id


def handed_on(trace: str, payload: object) -> str | None:
    """What an event must say of its cause's trace; None where its payload says as much."""
    return None if order_in(payload) is not None else trace


def order_in(payload: object) -> str | None:
    """The order that a payload is about, None if it names none that could be of this shop."""
    named = _named(payload)
    return named if isinstance(named, str) and may_be_order_id(named) else None


def named_correlation(event: Event, trace: str) -> str | None:
    """The correlation id that the sender of a trace's first event chose, None if there is none.

    Events that follow from another repeat the correlation id of their cause: they choose nothing.
    """
    chosen = event.correlation_id
    is_first = event.causation_id is None and event.trace_id is None
    return chosen if is_first and chosen != trace else None


def _named(payload: object) -> object:
    if isinstance(payload, AuditPayload):
        about = payload.entity_id if payload.entity_type in _OF_ORDERS else None
        return about or _of(payload.metadata)
    if isinstance(payload, EmailPayload):
        return _of(payload.template_data)
    if isinstance(payload, PushPayload):
        return _of(payload.data)
    return getattr(payload, "order_id", None)


def _of(values: Mapping[str, object] | None) -> object:
    return None if values is None else values.get("orderId")


def trace_in(values: Mapping[str, object], event_id: str) -> str:
    """The key of the trace of an event that is kept as JSON values, such as a mail's.

    Args:
        values: the whole event.
        event_id: its id.
    """
    payload = values.get("payload")
    inner = payload if isinstance(payload, Mapping) else {}
    for name in ("templateData", "data"):
        data = inner.get(name)
        order_id = _of(data) if isinstance(data, Mapping) else None
        if isinstance(order_id, str) and may_be_order_id(order_id):
            return order_id
    carried = values.get("traceId")
    return carried if is_id(carried) else own_trace(event_id)
