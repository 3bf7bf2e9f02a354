"""Puts the orders topic together: which event goes to which use case."""

from functools import partial

from functions.orders import contact_service, service
from functions.orders.settings import OrdersSettings
from functions.orders.store import OrderTables
from shared.contracts import orders, topics
from shared.messaging.compose import Ports, consumer
from shared.messaging.consumer import Handler
from shared.messaging.processor import route
from shared.runtime.compose import consumer_function


def build(settings: OrdersSettings, ports: Ports) -> Handler:
    """The orders function over the given ports."""
    store = OrderTables(ports.tables, ports.clock)
    advance = partial(service.advance, orders=store)
    correct = partial(contact_service.correct_contact, orders=store)
    routes = {
        topics.ORDER_CREATED: route(
            orders.OrderCreated, partial(service.record_created, orders=store)
        ),
        topics.ORDER_CONFIRMED: route(orders.OrderConfirmed, advance),
        topics.ORDER_PROCESSING: route(orders.OrderProcessing, advance),
        topics.ORDER_SHIPPED: route(orders.OrderShipped, advance),
        topics.ORDER_DELIVERED: route(orders.OrderDelivered, advance),
        topics.ORDER_CANCELLED: route(orders.OrderCancelled, advance),
        topics.ORDER_CORRECTED: route(orders.OrderCorrected, correct),
        topics.ORDER_REJECTED: route(
            orders.OrderRejected, partial(service.record_rejected, orders=store)
        ),
        topics.ORDER_REFUND_REQUESTED: route(
            orders.RefundRequested, partial(service.request_refund, orders=store)
        ),
    }
    return consumer(topics.Topic.ORDERS, settings, ports, routes)


make = consumer_function(topics.Topic.ORDERS, OrdersSettings, build)
