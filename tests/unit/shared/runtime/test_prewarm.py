"""Connections ahead of the first event: as many as the time allows, and never at any price."""

import pytest

from functions.analytics.settings import AnalyticsSettings
from functions.checkout.settings import CheckoutSettings
from functions.commands.settings import CommandsSettings
from functions.inventory.settings import InventorySettings
from functions.notifications.settings import NotificationsSettings
from functions.orders.settings import OrdersSettings
from functions.reconciler.settings import ReconcilerSettings
from shared.kernel.settings import PublisherSettings
from shared.runtime.prewarm import MOST_SECONDS, open_connections, probe, probed_table
from tests.fakes.clock import ManualClock
from tests.fakes.tables import InMemoryTables
from tests.fakes.telemetry import RecordingTelemetry


class Services:
    """Steps that remember, fail, or take their time."""

    def __init__(self) -> None:
        self.clock, self.telemetry = ManualClock(), RecordingTelemetry()
        self.reached: list[str] = []

    def answering(self, name: str, *, seconds: float = 0.0):
        def step() -> None:
            self.clock.advance(seconds)
            self.reached.append(name)

        return step

    def open(self, **steps) -> None:
        open_connections(steps, telemetry=self.telemetry, clock=self.clock)


def fails() -> None:
    raise OSError("connection refused by redis://:secret@host")


def test_one_service_that_is_down_keeps_nobody_from_the_others():
    services = Services()

    services.open(first=services.answering("first"), down=fails, last=services.answering("last"))

    assert services.reached == ["first", "last"]


def test_a_failure_is_logged_by_its_kind_and_without_its_text():
    services = Services()

    services.open(Redis=fails)

    assert services.telemetry.lines == [
        ("Could not connect ahead of time", {"cause": "Redis", "error_type": "OSError"})
    ]


def test_when_the_time_is_up_no_further_connection_is_begun():
    services = Services()

    services.open(
        slow=services.answering("slow", seconds=MOST_SECONDS),
        second=services.answering("second"),
        third=services.answering("third"),
    )

    assert services.reached == ["slow"]
    assert [fields["cause"] for _, fields in services.telemetry.lines] == ["second", "third"]


@pytest.mark.parametrize(
    ("settings", "table"),
    [
        (AnalyticsSettings, "ledger"),
        (CheckoutSettings, "checkouts"),
        (CommandsSettings, "ledger"),
        (InventorySettings, "ledger"),
        (NotificationsSettings, "ledger"),
        (OrdersSettings, "ledger"),
        (ReconcilerSettings, "ledger"),
    ],
)
def test_every_function_reads_an_item_that_cannot_exist(settings, table):
    assert probed_table(settings).name == table

    probe(InMemoryTables(), settings)


def test_settings_without_such_a_table_are_a_mistake_that_is_named():
    with pytest.raises(ValueError, match="PublisherSettings names no table"):
        probed_table(PublisherSettings)
