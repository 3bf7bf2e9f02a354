"""What the trace command prints. Texts come from tables: they pass ``harmless``."""

from collections.abc import Sequence

from ops.core.terminal import harmless, table
from ops.trace.domain import Hop, NamedTraces, OwedEvent, Trace
from shared.kernel.errors import UnreadableRowError


def as_text(trace: Trace) -> str:
    """What became of the checkout, the order, every event that was handled for it in order, and
    those that were not: on their way, waiting for their time, or given up."""
    lines = [*_facts(trace), "", _hops(trace.hops)]
    if trace.owed:
        lines += ["", "not handled so far:", _owed(trace.owed)]
    if trace.more_owed:
        lines += [f"({trace.more_owed} more)"]
    if trace.more:
        lines += ["", "there are more than could be read: what follows from an event, its id tells"]
    return "\n".join(lines)


def named(correlation_id: str, found: NamedTraces, *, page: int) -> str:
    """The traces that came with a correlation id; each is another one, whatever they share."""
    total = str(found.total) if found.counted else f"at least {found.total}"
    head = f"{total} traces name the correlation id {harmless(correlation_id)}"
    if not found.traces:
        return head
    rows = [
        (trace.began_at[:19], trace.name, trace.event_type, trace.event_id)
        for trace in found.traces
    ]
    lines = [head, "", table(("began", "trace", "event", "event id"), rows)]
    if found.more or not found.counted:
        least = "" if found.counted else "at least "
        lines += ["", f"{least}{found.more} more: --page {page + 1}"]
    return "\n".join(lines)


def _facts(trace: Trace) -> list[str]:
    checkout, order = trace.checkout, trace.order
    is_order = checkout is not None or order is not None
    facts: list[tuple[str, str | None]] = [("order" if is_order else "event", trace.name)]
    if checkout is not None:
        facts += [
            ("payment", checkout.payment_id),
            ("checkout", checkout.status),
            ("reason", checkout.reason),
            ("refund", None if checkout.refund is None else checkout.refund.status),
        ]
    if order is not None:
        facts += [("status", order.status), ("total", f"{order.total:.2f}")]
    return [f"{name:<9} {harmless(value)}" for name, value in facts if value is not None]


def _hops(hops: Sequence[Hop]) -> str:
    rows = [
        (
            hop.committed_at[11:23],
            hop.consumer,
            hop.event_type,
            hop.outcome,
            hop.attempts,
            hop.state,
            hop.began,
        )
        for hop in hops
    ]
    return table(("time", "function", "event", "outcome", "try", "state", "began with"), rows)


def _owed(owed: Sequence[OwedEvent]) -> str:
    rows = [(event.event_type, event.event_id, _place(event)) for event in owed]
    return table(("event", "id", "where it is"), rows)


def _place(event: OwedEvent) -> str:
    row = event.dead_letter
    if isinstance(row, UnreadableRowError):
        return f"dead letter, unreadable: {row}"
    if row is None:
        return "on its way, or waiting for its time"
    return f"dead letter, {row.state.value}: {row.cause}"
