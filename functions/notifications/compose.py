"""What every channel works with: the settings, the stores and the rule of sending once."""

from dataclasses import dataclass

from functions.notifications.send_ledger import SendLedgerTables
from functions.notifications.send_once import SendOnce
from functions.notifications.settings import NotificationsSettings
from shared.messaging.compose import Ports


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What a channel's own composition starts from."""

    settings: NotificationsSettings
    ports: Ports
    ledger: SendLedgerTables
    send_once: SendOnce

    @classmethod
    def of(cls, settings: NotificationsSettings, ports: Ports) -> "Dependencies":
        """Over the given ports, with the caps of the settings."""
        ledger = SendLedgerTables(ports.tables, ports.clock, caps=settings.caps())
        return cls(settings, ports, ledger, SendOnce(ledger, ports.clock, ports.telemetry))
