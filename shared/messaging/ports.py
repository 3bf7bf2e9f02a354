"""What messaging needs from outside, and what every function gets of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.kernel.clock import Clock
from shared.messaging.outbox import Outbound
from shared.storage.ports import Tables
from shared.telemetry.ports import Telemetry


class Publisher(Protocol):
    """Hands messages to QStash."""

    def publish(self, messages: Sequence[Outbound]) -> None:
        """One request for all; returns when each was accepted (or known already).

        Raises:
            PublishError: at least one was not accepted; repeating all is harmless.
        """
        ...


@dataclass(frozen=True, slots=True)
class CorePorts:
    """What every function needs that is not a topic's consumer."""

    tables: Tables
    publisher: Publisher
    clock: Clock
    telemetry: Telemetry
