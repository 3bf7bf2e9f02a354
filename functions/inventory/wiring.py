"""Puts the inventory topic together: which event goes to which use case."""

from functools import partial

from functions.inventory import service
from functions.inventory.settings import InventorySettings
from functions.inventory.store import StockTables
from shared.contracts import inventory, topics
from shared.messaging.compose import Ports, consumer
from shared.messaging.consumer import Consumer
from shared.messaging.processor import route
from shared.runtime.compose import consumer_function


def build(settings: InventorySettings, ports: Ports) -> Consumer:
    """The inventory function over the given ports."""
    stock = StockTables(ports.tables)
    updated = partial(service.record_movement, stock=stock)
    reserved = partial(service.record_reservation, stock=stock)
    low = partial(service.alert_the_shop, stock=stock, alert_address=settings.alert_address)
    routes = {
        topics.INVENTORY_STOCK_UPDATED: route(inventory.StockUpdated, updated),
        topics.INVENTORY_STOCK_LOW: route(inventory.StockLow, low),
        topics.INVENTORY_STOCK_RESERVED: route(inventory.StockReserved, reserved),
    }
    return consumer(topics.Topic.INVENTORY, settings, ports, routes)


make = consumer_function(topics.Topic.INVENTORY, InventorySettings, build)
