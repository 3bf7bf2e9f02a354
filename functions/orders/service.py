"""Use cases of the orders topic."""

from functions.orders.domain import recorded
from functions.orders.ports import Timelines
from shared.contracts.orders import OrderCreated, OrderRejected
from shared.effects import Effects
from shared.errors import NotFoundError


def record_created(event: OrderCreated, *, timelines: Timelines) -> Effects:
    """Note on the order's timeline that its creation was announced.

    Raises:
        NotFoundError: no such order; this pipeline did not create it.
        DependencyError: the store did not answer.
    """
    order_id = event.payload.order_id
    if not timelines.order_exists(order_id):
        raise NotFoundError(f"payload.orderId: there is no order {order_id}")
    return Effects(
        outcome="recorded",
        writes=[timelines.on_order(order_id, recorded(event))],
        facts={"order_id": order_id},
    )


def record_rejected(event: OrderRejected, *, timelines: Timelines) -> Effects:
    """Note on the checkout's timeline that its rejection was announced."""
    order_id = event.payload.order_id
    return Effects(
        outcome="recorded",
        writes=[timelines.on_checkout(order_id, recorded(event))],
        facts={"order_id": order_id, "reason": event.payload.reason},
    )
