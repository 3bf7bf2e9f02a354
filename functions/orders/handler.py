"""Entry point of the orders topic: which event goes to which use case."""

from functools import partial

from functions.orders import service
from functions.orders.settings import OrdersSettings
from functions.orders.store import TimelineTables
from shared.adapters.runtime import consumer_entry
from shared.consumer import Ports, consumer, unsupported
from shared.contracts import orders, topics
from shared.delivery import Consumer
from shared.processing import route


def build(settings: OrdersSettings, ports: Ports) -> Consumer:
    """The orders function over the given ports."""
    timelines = TimelineTables(ports.tables)
    created = partial(service.record_created, timelines=timelines)
    rejected = partial(service.record_rejected, timelines=timelines)
    refund = partial(service.request_refund, timelines=timelines)
    routes = {
        topics.ORDER_CREATED: route(orders.OrderCreated, created),
        topics.ORDER_REJECTED: route(orders.OrderRejected, rejected),
        topics.ORDER_REFUND_REQUESTED: route(orders.RefundRequested, refund),
        topics.ORDER_CONFIRMED: unsupported(orders.OrderConfirmed),
        topics.ORDER_SHIPPED: unsupported(orders.OrderShipped),
        topics.ORDER_DELIVERED: unsupported(orders.OrderDelivered),
        topics.ORDER_CANCELLED: unsupported(orders.OrderCancelled),
    }
    return consumer(topics.Topic.ORDERS, settings, ports, routes)


lambda_handler = consumer_entry(topics.Topic.ORDERS, OrdersSettings, build)
