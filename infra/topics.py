"""The functions as one table. A contract test holds it against `shared.contracts.topics`."""

from dataclasses import dataclass

from functions.analytics.settings import AnalyticsSettings
from functions.checkout.settings import CheckoutSettings
from functions.commands.settings import CommandsSettings
from functions.inventory.settings import InventorySettings
from functions.notifications.settings import NotificationsSettings
from functions.orders.settings import OrdersSettings
from infra.grants import BATCH_GET, CHECK, GET, PUT, UPDATE, Grant, on, send_mail
from shared import schema
from shared.contracts.topics import Topic
from shared.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSpec:
    """One function: its folder is `functions/<name>`, its topic (if any) is what QStash calls it for."""

    name: str
    settings: type[Settings]
    grants: tuple[Grant, ...]
    topic: Topic | None = None
    memory_mb: int | None = None
    timeout_seconds: int = 30

    @property
    def handler(self) -> str:
        """The dotted name Lambda imports: the same as in tests."""
        return f"functions.{self.name}.handler.lambda_handler"


_LEDGER = on(schema.LEDGER, GET, PUT, UPDATE)

FUNCTIONS: tuple[FunctionSpec, ...] = (
    FunctionSpec(
        name="commands",
        topic=Topic.COMMANDS,
        settings=CommandsSettings,
        grants=(
            on(schema.ORDERS, GET, BATCH_GET, PUT, UPDATE, CHECK),
            on(schema.STOCK, GET, BATCH_GET, UPDATE, CHECK),
            on(schema.CHECKOUTS, GET, BATCH_GET, UPDATE, CHECK),
            _LEDGER,
        ),
    ),
    FunctionSpec(
        name="orders",
        topic=Topic.ORDERS,
        settings=OrdersSettings,
        grants=(
            on(schema.ORDERS, GET, UPDATE),
            on(schema.CHECKOUTS, GET, UPDATE),
            _LEDGER,
        ),
    ),
    FunctionSpec(
        name="notifications",
        topic=Topic.NOTIFICATIONS,
        settings=NotificationsSettings,
        grants=(on(schema.NOTIFICATIONS, GET, PUT, UPDATE), send_mail, _LEDGER),
    ),
    FunctionSpec(
        name="inventory",
        topic=Topic.INVENTORY,
        settings=InventorySettings,
        grants=(on(schema.STOCK, GET, UPDATE), on(schema.MOVEMENTS, PUT), _LEDGER),
    ),
    FunctionSpec(
        name="analytics",
        topic=Topic.ANALYTICS,
        settings=AnalyticsSettings,
        grants=(on(schema.AUDIT, PUT), on(schema.DEAD_LETTERS, GET, PUT, UPDATE), _LEDGER),
    ),
    FunctionSpec(
        name="checkout",
        settings=CheckoutSettings,
        grants=(
            on(schema.STOCK, GET, BATCH_GET),
            # Cart and checkout are read together, in one batch.
            on(schema.CHECKOUTS, GET, BATCH_GET, PUT, UPDATE),
        ),
    ),
)
