"""Entry point of the commands topic: which command goes to which use case."""

from functools import partial

from functions.commands import service
from functions.commands.settings import CommandsSettings
from functions.commands.store import OrderBookTables
from shared.adapters.runtime import consumer_entry
from shared.consumer import Ports, consumer, unsupported
from shared.contracts import commands, topics
from shared.delivery import Consumer
from shared.processing import route


def build(settings: CommandsSettings, ports: Ports) -> Consumer:
    """The commands function over the given ports."""
    check_out = partial(
        service.check_out,
        orders=OrderBookTables(ports.tables, ports.clock),
        telemetry=ports.telemetry,
    )
    routes = {
        topics.COMMAND_CHECKOUT: route(commands.CheckoutCommand, check_out),
        topics.COMMAND_INVENTORY_RESERVE: unsupported(commands.ReserveCommand),
        topics.COMMAND_INVENTORY_RELEASE: unsupported(commands.ReleaseCommand),
    }
    return consumer(topics.Topic.COMMANDS, settings, ports, routes)


lambda_handler = consumer_entry(topics.Topic.COMMANDS, CommandsSettings, build)
