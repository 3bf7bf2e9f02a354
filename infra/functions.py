"""The functions as one table. A contract test holds it against `shared.contracts.topics`."""

from dataclasses import dataclass

from functions.analytics.settings import AnalyticsSettings
from functions.checkout.settings import CheckoutSettings
from functions.commands.settings import CommandsSettings
from functions.inventory.settings import InventorySettings
from functions.notifications.settings import NotificationsSettings
from functions.orders.settings import OrdersSettings
from functions.reconciler.settings import ReconcilerSettings
from infra.grants import (
    BATCH_GET,
    CHECK,
    GET,
    PUT,
    UPDATE,
    Grant,
    on,
    query,
    send_by_every_channel,
)
from shared.contracts.topics import Topic
from shared.kernel.settings import Settings
from shared.storage import schema


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSpec:
    """One function: its folder is `functions/<name>`, its topic (if any) is what QStash calls it for.

    A function with `every_minutes` is started by the clock instead.
    """

    name: str
    settings: type[Settings]
    grants: tuple[Grant, ...]
    topic: Topic | None = None
    every_minutes: int | None = None
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
            # Order, checkout, reservation and stock rows are read together, in one batch.
            on(schema.ORDERS, BATCH_GET, PUT),
            on(schema.STOCK, BATCH_GET, UPDATE),
            on(schema.CHECKOUTS, BATCH_GET, UPDATE, CHECK),
            on(schema.RESERVATIONS, GET, BATCH_GET, PUT, UPDATE),
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
            # The units of a cancelled order go back to stock.
            on(schema.STOCK, BATCH_GET, UPDATE),
            _LEDGER,
        ),
    ),
    FunctionSpec(
        name="notifications",
        topic=Topic.NOTIFICATIONS,
        settings=NotificationsSettings,
        grants=(
            on(schema.NOTIFICATIONS, GET, PUT, UPDATE),
            *send_by_every_channel(),
            _LEDGER,
        ),
    ),
    FunctionSpec(
        name="inventory",
        topic=Topic.INVENTORY,
        settings=InventorySettings,
        grants=(
            on(schema.STOCK, GET, BATCH_GET, UPDATE),
            on(schema.MOVEMENTS, PUT),
            _LEDGER,
        ),
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
            # Cart, hold and checkout are read together, in one batch; so are checkout and order.
            on(schema.STOCK, BATCH_GET),
            on(schema.RESERVATIONS, BATCH_GET),
            on(schema.CHECKOUTS, BATCH_GET, PUT, UPDATE, CHECK),
            on(schema.ORDERS, BATCH_GET),
            on(schema.ALLOWANCES, UPDATE),
        ),
    ),
    FunctionSpec(
        name="reconciler",
        settings=ReconcilerSettings,
        every_minutes=1,
        # Less than a minute, so that a run ends before the next one starts.
        timeout_seconds=50,
        grants=(
            query(schema.LEDGER, "pending"),
            query(schema.CHECKOUTS, "pending"),
            query(schema.ORDERS, "unconfirmed"),
            on(schema.ORDERS, BATCH_GET),
            query(schema.CHECKOUTS, "decided"),
            on(schema.CHECKOUTS, GET, UPDATE),
            query(schema.RESERVATIONS, "expiry"),
            query(schema.DEAD_LETTERS, "byState"),
            query(schema.DEAD_LETTERS, "due"),
            query(schema.DEAD_LETTERS, "closed"),
            on(schema.DEAD_LETTERS, GET, PUT, UPDATE),
            _LEDGER,
        ),
    ),
)
