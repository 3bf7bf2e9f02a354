"""All events as one union, for tools and tests; a function imports its own topics' modules only."""

from typing import Annotated, Any, get_args

from pydantic import Field, TypeAdapter

from shared.contracts import analytics, commands, inventory, notifications, orders
from shared.contracts.envelope import Event

AnyEvent = Annotated[
    commands.CommandEvent
    | orders.OrderEvent
    | notifications.NotificationEvent
    | inventory.InventoryEvent
    | analytics.AnalyticsEvent,
    Field(discriminator="event_type"),
]


def adapter() -> TypeAdapter[AnyEvent]:
    """A validator for any event of the contract, told apart by ``eventType``."""
    return TypeAdapter(AnyEvent)


def models() -> dict[str, type[Event]]:
    """Every event class by its type."""
    union: Any = get_args(AnyEvent)[0]
    return {model.model_fields["event_type"].default: model for model in get_args(union)}
