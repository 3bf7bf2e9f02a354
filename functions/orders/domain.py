"""The life of an order: one table of transitions, and what an event does to an order in a state."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from shared.contracts.envelope import Event
from shared.contracts.lines import OrderLine
from shared.contracts.orders import OrderStatus
from shared.contracts.topics import (
    ORDER_CANCELLED,
    ORDER_CONFIRMED,
    ORDER_DELIVERED,
    ORDER_PROCESSING,
    ORDER_SHIPPED,
)
from shared.kernel.clock import iso
from shared.kernel.errors import (
    CheckoutRejectedError,
    NotFoundError,
    PipelineError,
    PredecessorMissingError,
)
from shared.kernel.ids import may_be_order_id
from shared.storage.writes import Item, Value

CheckoutStatus = Literal["accepted", "confirmed", "rejected"]


@dataclass(frozen=True, slots=True)
class Transition:
    """Where an event takes an order, and from where it may."""

    to: OrderStatus
    allowed_from: tuple[OrderStatus, ...]


# The whole life of an order. Whatever is not in here does not happen (I20).
TRANSITIONS: Mapping[str, Transition] = {
    ORDER_CONFIRMED: Transition("CONFIRMED", ("PENDING",)),
    ORDER_PROCESSING: Transition("PROCESSING", ("CONFIRMED",)),
    ORDER_SHIPPED: Transition("SHIPPED", ("CONFIRMED", "PROCESSING")),
    ORDER_DELIVERED: Transition("DELIVERED", ("SHIPPED",)),
    ORDER_CANCELLED: Transition("CANCELLED", ("PENDING", "CONFIRMED", "PROCESSING")),
}

# How far along each state is. A cancelled order is past everything: nothing leads out of it.
_PROGRESS: Mapping[str, int] = {
    "PENDING": 0,
    "CONFIRMED": 1,
    "PROCESSING": 2,
    "SHIPPED": 3,
    "DELIVERED": 4,
    "CANCELLED": 5,
}


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
    transition = TRANSITIONS[event_type]
    if status in transition.allowed_from:
        return Verdict.APPLIED
    if status == transition.to:
        return Verdict.REPEATED
    if _PROGRESS[status] > max(_PROGRESS[state] for state in transition.allowed_from):
        return Verdict.LATE
    needed = " or ".join(transition.allowed_from)
    raise PredecessorMissingError(f"{event_type}: waits until the order is {needed}")


TRACKING = ("carrier", "trackingNumber", "trackingUrl")


def correction_of(order: "Order", told: Mapping[str, str], at: str) -> Mapping[str, str] | None:
    """What is known of a parcel after another announcement of it, None if nothing changes.

    The newest announcement counts, in whatever order they arrive. What it leaves out stays, but for
    the address of the parcel's page: that belongs to its number and its carrier.

    Args:
        told: carrier, number and page, as far as the event has them.
        at: when the event was written (ISO-8601).
    """
    known = order.tracking
    if order.status != "SHIPPED" or at <= order.tracking_at:
        return None
    if all(known.get(name) == value for name, value in told.items()):
        return None
    moved = any(told.get(name, known.get(name)) != known.get(name) for name in TRACKING[:2])
    kept = {name: value for name, value in known.items() if not (moved and name == TRACKING[2])}
    return {**kept, **told}


def await_order(order_id: str, checkout: CheckoutStatus | None) -> PipelineError:
    """Why an event about an order that is not there fails: for now, or for good.

    Args:
        checkout: what became of the order's checkout so far, None if it did not come yet: the
            shop's own programs may send an event before ``command.checkout`` arrives.
    """
    if checkout == "rejected":
        return CheckoutRejectedError("payload.orderId: its checkout was rejected, for good")
    return await_decision(order_id, checkout)


def await_decision(order_id: str, checkout: CheckoutStatus | None) -> PipelineError:
    """Why an event about what was decided fails where nothing is: for now, or for good."""
    if checkout is None and not may_be_order_id(order_id):
        return NotFoundError(f"payload.orderId: no payment of this shop can have {order_id}")
    return PredecessorMissingError(f"payload.orderId: waits for the checkout of {order_id}")


@dataclass(frozen=True, slots=True)
class Order:
    """An order as stored: the truth that events about it are measured by.

    Args:
        row: as it was read.
    """

    order_id: str
    payment_id: str
    user_id: str
    customer_name: str
    customer_email: str
    customer_address: str
    lines: tuple[OrderLine, ...]
    total: Decimal
    status: OrderStatus
    row: Item

    @property
    def tracking(self) -> Mapping[str, str]:
        """What is known of its parcel."""
        found = ((name, self.row.get(name)) for name in TRACKING)
        return {name: str(value) for name, value in found if value is not None}

    @property
    def tracking_at(self) -> str:
        """When that was written (ISO-8601), empty if the row does not say."""
        return str(self.row.get("trackingAt") or "")


@dataclass(frozen=True, slots=True)
class Checkout:
    """What became of the paid cart that an order comes from.

    Args:
        refund: whether its money was asked back before.
    """

    status: CheckoutStatus
    refund: bool


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One event on an order's timeline, and what it did to the order.

    Args:
        facts: what else is worth keeping, such as the carrier or who cancelled.
    """

    at: str
    event_type: str
    event_id: str
    verdict: str
    facts: Mapping[str, str] = field(default_factory=dict)

    def to_item(self) -> dict[str, Value]:
        """As kept with the order."""
        return {
            "at": self.at,
            "type": self.event_type,
            "eventId": self.event_id,
            "verdict": self.verdict,
            **self.facts,
        }


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
