"""The life of an order, in one table: each state, the event that leads to it, and what follows.

Whatever is not in this table does not happen (I20). Every function and every operator's command
reads it; ``ops audit`` reads the edges from it too, and states the rest by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.contracts.statuses import OrderStatus
from shared.contracts.topics import (
    ORDER_CANCELLED,
    ORDER_CONFIRMED,
    ORDER_CREATED,
    ORDER_DELIVERED,
    ORDER_PROCESSING,
    ORDER_SHIPPED,
)


@dataclass(frozen=True, slots=True)
class CustomerMail:
    """The mail that tells the customer of a state; the order's id follows the subject."""

    template: str
    subject: str


@dataclass(frozen=True, slots=True)
class OrderState:
    """A state of an order.

    Args:
        status: its name, as stored and on the wire.
        event_type: the event that leads to it; for the first state, the event that announces it.
        follows: the states that the event may find the order in; none for the first state.
        progress: how far along the order is. A cancelled order is past everything.
        is_terminal: whether the order stays in it for ever.
        has_left: whether the parcel has left the house: it cannot be cancelled, but may come back.
        mail: None if the customer gets none.
    """

    status: OrderStatus
    event_type: str
    follows: tuple[OrderStatus, ...]
    progress: int
    is_terminal: bool = False
    has_left: bool = False
    mail: CustomerMail | None = None


# The mail that the shopper waits for, and the one that new tracking repeats.
CONFIRMATION = CustomerMail("order-confirmation", "Order Confirmation")
ON_ITS_WAY = CustomerMail("order-shipped", "Your order is on its way")

PENDING = OrderState("PENDING", ORDER_CREATED, (), 0, mail=CONFIRMATION)
CONFIRMED = OrderState(
    "CONFIRMED",
    ORDER_CONFIRMED,
    ("PENDING",),
    1,
    mail=CustomerMail("order-confirmed", "Your order is confirmed"),
)
PROCESSING = OrderState("PROCESSING", ORDER_PROCESSING, ("CONFIRMED",), 2)
SHIPPED = OrderState(
    "SHIPPED", ORDER_SHIPPED, ("CONFIRMED", "PROCESSING"), 3, has_left=True, mail=ON_ITS_WAY
)
DELIVERED = OrderState(
    "DELIVERED",
    ORDER_DELIVERED,
    ("SHIPPED",),
    4,
    is_terminal=True,
    has_left=True,
    mail=CustomerMail("order-delivered", "Your order has arrived"),
)
CANCELLED = OrderState(
    "CANCELLED",
    ORDER_CANCELLED,
    ("PENDING", "CONFIRMED", "PROCESSING"),
    5,
    is_terminal=True,
    mail=CustomerMail("order-cancelled", "Your order is cancelled"),
)

LIFECYCLE = (PENDING, CONFIRMED, PROCESSING, SHIPPED, DELIVERED, CANCELLED)
BY_STATUS: Mapping[str, OrderState] = {state.status: state for state in LIFECYCLE}
# The events that take an order from one state to another, and the state that each leads to.
STEPS: Mapping[str, OrderState] = {state.event_type: state for state in LIFECYCLE if state.follows}
