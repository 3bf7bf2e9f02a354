"""Puts the commands topic together: which command goes to which use case."""

from functools import partial

from functions.commands import reservation_service, service
from functions.commands.reservation_store import ReservationTables
from functions.commands.settings import CommandsSettings
from functions.commands.store import OrderBookTables
from shared.contracts import commands, topics
from shared.messaging.compose import Ports, consumer
from shared.messaging.consumer import Consumer
from shared.messaging.processor import route
from shared.runtime.compose import consumer_function


def build(settings: CommandsSettings, ports: Ports) -> Consumer:
    """The commands function over the given ports."""
    orders = OrderBookTables(ports.tables, ports.clock)
    reservations = ReservationTables(
        ports.tables, ports.clock, reservation_seconds=settings.hold_seconds
    )
    check_out = partial(
        service.check_out,
        orders=orders,
        ids=settings.ids_of_orders(),
        telemetry=ports.telemetry,
    )
    reserve = partial(reservation_service.reserve, reservations=reservations)
    release = partial(reservation_service.release, reservations=reservations)
    routes = {
        topics.COMMAND_CHECKOUT: route(commands.CheckoutCommand, check_out),
        topics.COMMAND_INVENTORY_RESERVE: route(commands.ReserveCommand, reserve),
        topics.COMMAND_INVENTORY_RELEASE: route(commands.ReleaseCommand, release),
    }
    return consumer(topics.Topic.COMMANDS, settings, ports, routes)


make = consumer_function(topics.Topic.COMMANDS, CommandsSettings, build)
