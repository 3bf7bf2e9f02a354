"""All events as one union, for tools and tests; a function imports its own topics' modules only."""

from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter

from shared.contracts import analytics, commands, inventory, notifications, orders
from shared.contracts.envelope import Event

AnyEvent = Annotated[
    commands.CheckoutCommand
    | commands.ReserveCommand
    | commands.ReleaseCommand
    | orders.OrderCreated
    | orders.OrderConfirmed
    | orders.OrderProcessing
    | orders.OrderShipped
    | orders.OrderDelivered
    | orders.OrderCancelled
    | orders.OrderRejected
    | orders.RefundRequested
    | notifications.EmailRequested
    | notifications.PushRequested
    | notifications.SmsRequested
    | inventory.StockUpdated
    | inventory.StockLow
    | inventory.StockReserved
    | analytics.MetricRecorded
    | analytics.AuditRecorded
    | analytics.DeadLetterReported,
    Field(discriminator="event_type"),
]


def adapter() -> TypeAdapter[AnyEvent]:
    """A validator for any event of the contract, told apart by ``eventType``."""
    return TypeAdapter(AnyEvent)


def models() -> dict[str, type[Event]]:
    """Every event class by its type."""
    union: Any = get_args(AnyEvent)[0]
    return {model.model_fields["event_type"].default: model for model in get_args(union)}
