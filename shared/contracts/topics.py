"""Every topic and event type, in one place; the topic is the first segment of the type."""

from enum import StrEnum

from shared.contracts import channels


class Topic(StrEnum):
    """Where a message goes. Each topic has one function."""

    COMMANDS = "commands"
    ORDERS = "orders"
    NOTIFICATIONS = "notifications"
    INVENTORY = "inventory"
    ANALYTICS = "analytics"


_TOPIC_OF_SEGMENT = {
    "command": Topic.COMMANDS,
    "order": Topic.ORDERS,
    "notification": Topic.NOTIFICATIONS,
    "inventory": Topic.INVENTORY,
}


def topic_of(event_type: str) -> Topic:
    """The topic an event type belongs to; whatever has no topic of its own goes to analytics."""
    return _TOPIC_OF_SEGMENT.get(event_type.partition(".")[0], Topic.ANALYTICS)


COMMAND_CHECKOUT = "command.checkout"
COMMAND_INVENTORY_RESERVE = "command.inventory.reserve"
COMMAND_INVENTORY_RELEASE = "command.inventory.release"
ORDER_CREATED = "order.created"
ORDER_CONFIRMED = "order.confirmed"
ORDER_SHIPPED = "order.shipped"
ORDER_DELIVERED = "order.delivered"
ORDER_CANCELLED = "order.cancelled"
NOTIFICATION_EMAIL = channels.EMAIL.event_type
NOTIFICATION_PUSH = channels.PUSH.event_type
NOTIFICATION_SMS = channels.SMS.event_type
INVENTORY_STOCK_UPDATED = "inventory.stock.updated"
INVENTORY_STOCK_LOW = "inventory.stock.low"
INVENTORY_STOCK_RESERVED = "inventory.stock.reserved"
ANALYTICS_METRIC = "analytics.metric"
ANALYTICS_AUDIT = "analytics.audit"
ANALYTICS_DLQ = "analytics.dlq"

# Ours, in the same grammar (docs/events.md says why they exist).
ORDER_REJECTED = "order.rejected"
ORDER_PROCESSING = "order.processing"
ORDER_CORRECTED = "order.corrected"
ORDER_REFUND_REQUESTED = "order.refund.requested"

CONTRACT_TYPES = (
    COMMAND_CHECKOUT,
    COMMAND_INVENTORY_RESERVE,
    COMMAND_INVENTORY_RELEASE,
    ORDER_CREATED,
    ORDER_CONFIRMED,
    ORDER_SHIPPED,
    ORDER_DELIVERED,
    ORDER_CANCELLED,
    NOTIFICATION_EMAIL,
    NOTIFICATION_PUSH,
    NOTIFICATION_SMS,
    INVENTORY_STOCK_UPDATED,
    INVENTORY_STOCK_LOW,
    INVENTORY_STOCK_RESERVED,
    ANALYTICS_METRIC,
    ANALYTICS_AUDIT,
    ANALYTICS_DLQ,
)
OWN_TYPES = (
    ORDER_REJECTED,
    ORDER_REFUND_REQUESTED,
    ORDER_PROCESSING,
    ORDER_CORRECTED,
    *(
        channel.event_type
        for channel in channels.CHANNELS
        if channel.event_type not in CONTRACT_TYPES
    ),
)
EVENT_TYPES = CONTRACT_TYPES + OWN_TYPES
