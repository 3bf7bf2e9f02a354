"""The shop's seventeen events as ordinary pydantic models, in one module that every handler imports."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """camelCase outside, snake_case inside."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Line(Model):
    """A line of a cart or an order."""

    product_id: str
    variation_id: str | None = None
    quantity: int
    price: Decimal
    product_name: str | None = None


class Units(Model):
    """A line of a reservation."""

    product_id: str
    variation_id: str | None = None
    quantity: int
    reserved: bool | None = None


class Checkout(Model):
    """A paid cart."""

    user_id: str
    customer_name: str
    customer_email: str
    customer_address: str
    items: list[Line]
    total_amount: Decimal
    payment_id: str


class Reserve(Model):
    """Units to reserve."""

    order_id: str
    items: list[Units]


class Release(Reserve):
    """Units to give back."""

    reason: Literal["cancelled", "failed", "timeout"]


class Order(Model):
    """An order."""

    order_id: str
    user_id: str
    customer_name: str
    customer_email: str
    customer_address: str
    items: list[Line]
    total_amount: Decimal
    status: Literal["PENDING", "CONFIRMED", "PROCESSING", "SHIPPED", "DELIVERED", "CANCELLED"]


class Shipment(Order):
    """An order on its way."""

    tracking_number: str | None = None
    carrier: str | None = None


class Delivery(Order):
    """An order that arrived."""

    delivered_at: datetime


class Cancellation(Order):
    """An order that was called off."""

    reason: str
    cancelled_by: Literal["user", "system", "admin"]


class Email(Model):
    """A mail to send."""

    to: str
    subject: str
    template_id: str
    template_data: dict[str, Any]
    priority: Literal["high", "normal", "low"]


class Push(Model):
    """A message to a person's devices."""

    user_id: str
    title: str
    body: str
    data: dict[str, Any] | None = None


class Sms(Model):
    """A text."""

    phone_number: str
    message: str


class StockUpdate(Model):
    """Units that moved."""

    product_id: str
    variation_id: str | None = None
    previous_stock: int
    new_stock: int
    reason: Literal["sale", "restock", "adjustment", "return"]
    order_id: str | None = None


class StockLow(Model):
    """A SKU whose stock runs low."""

    product_id: str
    variation_id: str | None = None
    current_stock: int
    threshold: int
    product_name: str


class Metric(Model):
    """A number to keep."""

    metric: str
    value: Decimal
    dimensions: dict[str, str]


class Audit(Model):
    """Who did what."""

    action: str
    entity_type: str
    entity_id: str
    user_id: str | None = None
    previous_state: dict[str, Any] | None = None
    new_state: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


class DeadLetter(Model):
    """An event that could not be handled."""

    original_topic: str
    original_event_type: str
    original_event: dict[str, Any]
    error: str
    failed_at: datetime
    retry_count: int


class Envelope(Model):
    """What every event has."""

    event_id: str
    timestamp: datetime
    version: str
    source: str
    correlation_id: str | None = None


class CheckoutCommand(Envelope):
    """``command.checkout``."""

    event_type: Literal["command.checkout"]
    payload: Checkout


class ReserveCommand(Envelope):
    """``command.inventory.reserve``."""

    event_type: Literal["command.inventory.reserve"]
    payload: Reserve


class ReleaseCommand(Envelope):
    """``command.inventory.release``."""

    event_type: Literal["command.inventory.release"]
    payload: Release


class OrderPlaced(Envelope):
    """``order.created`` and ``order.confirmed``."""

    event_type: Literal["order.created", "order.confirmed"]
    payload: Order


class OrderShipped(Envelope):
    """``order.shipped``."""

    event_type: Literal["order.shipped"]
    payload: Shipment


class OrderDelivered(Envelope):
    """``order.delivered``."""

    event_type: Literal["order.delivered"]
    payload: Delivery


class OrderCancelled(Envelope):
    """``order.cancelled``."""

    event_type: Literal["order.cancelled"]
    payload: Cancellation


class EmailRequested(Envelope):
    """``notification.email``."""

    event_type: Literal["notification.email"]
    payload: Email


class PushRequested(Envelope):
    """``notification.push``."""

    event_type: Literal["notification.push"]
    payload: Push


class SmsRequested(Envelope):
    """``notification.sms``."""

    event_type: Literal["notification.sms"]
    payload: Sms


class StockUpdated(Envelope):
    """``inventory.stock.updated``."""

    event_type: Literal["inventory.stock.updated"]
    payload: StockUpdate


class StockRanLow(Envelope):
    """``inventory.stock.low``."""

    event_type: Literal["inventory.stock.low"]
    payload: StockLow


class StockReserved(Envelope):
    """``inventory.stock.reserved``."""

    event_type: Literal["inventory.stock.reserved"]
    payload: Reserve


class MetricRecorded(Envelope):
    """``analytics.metric``."""

    event_type: Literal["analytics.metric"]
    payload: Metric


class AuditRecorded(Envelope):
    """``analytics.audit``."""

    event_type: Literal["analytics.audit"]
    payload: Audit


class DeadLetterReported(Envelope):
    """``analytics.dlq``."""

    event_type: Literal["analytics.dlq"]
    payload: DeadLetter
