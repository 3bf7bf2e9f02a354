"""Our spine around no business at all: a decision that changes nothing, and tables that keep nothing."""

import os
from collections.abc import Sequence
from dataclasses import replace

from functions.commands.settings import CommandsSettings
from shared.contracts.commands import CheckoutCommand
from shared.contracts.topics import COMMAND_CHECKOUT, Topic
from shared.messaging.compose import consumer
from shared.messaging.consumer import Consumer
from shared.messaging.effects import Effects
from shared.messaging.processor import route
from shared.runtime import compose
from shared.storage.ports import Tables
from shared.storage.writes import Item, Key, Write


class Nowhere:
    """The ``Tables`` port over nothing."""

    def get(self, table: str, key: Key) -> Item | None:  # noqa: ARG002 - the port's shape
        """Nothing."""
        return None

    def get_many(self, keys: Sequence[tuple[str, Key]]) -> list[Item | None]:
        """Nothing, for each."""
        return [None] * len(keys)

    def query(
        self,
        table: str,  # noqa: ARG002 - the port's shape
        value: str,  # noqa: ARG002 - the port's shape
        *,
        index: str | None = None,  # noqa: ARG002 - the port's shape
        newest_first: bool = False,  # noqa: ARG002 - the port's shape
        limit: int = 100,  # noqa: ARG002 - the port's shape
    ) -> list[Item]:
        """Nothing."""
        return []

    def transact(self, writes: Sequence[Write]) -> None:
        """Keep nothing."""


def build() -> Consumer:
    """Real verification, Redis and telemetry; what comes in is decided and forgotten."""
    settings = CommandsSettings.load(os.environ, compose.parameter_reader())
    nowhere: Tables = Nowhere()
    ports = replace(compose.ports(settings, "bare", os.environ), tables=nowhere)

    def decide(_event: CheckoutCommand) -> Effects:
        return Effects(outcome="seen")

    return consumer(
        Topic.COMMANDS, settings, ports, {COMMAND_CHECKOUT: route(CheckoutCommand, decide)}
    )
