"""What an event does to an order in a state, by the table of ``shared.commerce.order_status``."""

from collections.abc import Mapping
from enum import StrEnum

from shared.commerce.order_status import BY_STATUS, SHIPPED, STEPS
from shared.contracts.envelope import Event
from shared.kernel.clock import iso
from shared.kernel.errors import (
    CheckoutRejectedError,
    NotFoundError,
    PipelineError,
    PredecessorMissingError,
)
from shared.kernel.ids import may_be_order_id
from shared.storage.records.checkout import CheckoutState
from shared.storage.records.order import TRACKING, OrderRow
from shared.storage.records.timeline import TimelineEntry


class Verdict(StrEnum):
    """What an event did to an order. Every verdict is kept on the timeline."""

    APPLIED = "applied"
    CORRECTED = "corrected"
    REPEATED = "repeated"
    LATE = "late"
    RECORDED = "recorded"


def verdict_on(event_type: str, status: str) -> Verdict:
    """What an event does to an order in this state: only ``applied`` changes anything.

    Raises:
        PredecessorMissingError: nothing yet; the order is not that far, and may still get there.
    """
    step = STEPS[event_type]
    if status in step.follows:
        return Verdict.APPLIED
    if status == step.status:
        return Verdict.REPEATED
    if BY_STATUS[status].progress > max(BY_STATUS[state].progress for state in step.follows):
        return Verdict.LATE
    needed = " or ".join(step.follows)
    raise PredecessorMissingError(f"{event_type}: waits until the order is {needed}")


def correction_of(order: OrderRow, told: Mapping[str, str], at: str) -> Mapping[str, str] | None:
    """What is known of a parcel after another announcement of it, None if nothing changes.

    The newest announcement counts, in whatever order they arrive. What it leaves out stays, but for
    the address of the parcel's page: that belongs to its number and its carrier.

    Args:
        told: carrier, number and page, as far as the event has them.
        at: when the event was written (ISO-8601).
    """
    known = order.tracking
    if order.status != SHIPPED.status or at <= order.tracking_at:
        return None
    if all(known.get(name) == value for name, value in told.items()):
        return None
    moved = any(told.get(name, known.get(name)) != known.get(name) for name in TRACKING[:2])
    kept = {name: value for name, value in known.items() if not (moved and name == TRACKING[2])}
    return {**kept, **told}


def await_order(order_id: str, checkout: CheckoutState | None) -> PipelineError:
    """Why an event about an order that is not there fails: for now, or for good.

    Args:
        checkout: what became of the order's checkout so far, None if it did not come yet: the
            shop's own programs may send an event before ``command.checkout`` arrives.
    """
    if checkout == "rejected":
        return CheckoutRejectedError("payload.orderId: its checkout was rejected, for good")
    return await_decision(order_id, checkout)


def await_decision(order_id: str, checkout: CheckoutState | None) -> PipelineError:
    """Why an event about what was decided fails where nothing is: for now, or for good."""
    if checkout is None and not may_be_order_id(order_id):
        return NotFoundError(f"payload.orderId: no payment of this shop can have {order_id}")
    return PredecessorMissingError(f"payload.orderId: waits for the checkout of {order_id}")


def entry_of(
    event: Event, verdict: Verdict, facts: Mapping[str, str] | None = None
) -> TimelineEntry:
    """The timeline entry of an event."""
    return TimelineEntry(
        at=iso(event.timestamp),
        event_type=event.event_type,
        event_id=event.event_id,
        verdict=verdict.value,
        facts=facts or {},
    )


def recorded(event: Event) -> TimelineEntry:
    """An event that tells what already holds: it is kept, and changes nothing."""
    return entry_of(event, Verdict.RECORDED)
