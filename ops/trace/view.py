"""What the trace command prints. Texts come from tables: they pass ``harmless``."""

from collections.abc import Sequence

from ops.core.terminal import harmless, table
from ops.trace.domain import Hop, OwedEvent, Trace


def as_text(trace: Trace) -> str:
    """What became of the checkout, the order, every event that was handled for it in order, and
    those that were not: on their way, waiting for their time, or given up."""
    lines = [*_facts(trace), "", _hops(trace.hops)]
    if trace.owed:
        lines += ["", "not handled so far:", _owed(trace.owed)]
    return "\n".join(lines)


def _facts(trace: Trace) -> list[str]:
    checkout, order = trace.checkout, trace.order
    facts: list[tuple[str, str | None]] = [("order", trace.order_id)]
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
        )
        for hop in hops
    ]
    return table(("time", "function", "event", "outcome", "try", "state"), rows)


def _owed(owed: Sequence[OwedEvent]) -> str:
    rows = [(event.event_type, event.event_id, _place(event)) for event in owed]
    return table(("event", "id", "where it is"), rows)


def _place(event: OwedEvent) -> str:
    row = event.dead_letter
    if row is None:
        return "on its way, or waiting for its time"
    return f"dead letter, {row.state.value}: {row.cause}"
