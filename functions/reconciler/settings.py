"""Settings of the reconciler, read from its environment."""

from typing import Annotated

from pydantic import Field

from shared.kernel.settings import NonEmpty, ReceiverSettings, TableName


class ReconcilerSettings(ReceiverSettings):
    """Settings of the reconciler.

    Args:
        unconfirmed_order_seconds: how old an order may become that nothing confirmed; None for
            ever.
    """

    table_orders: Annotated[NonEmpty, TableName("orders")]
    table_ledger: Annotated[NonEmpty, TableName("ledger")]
    table_checkouts: Annotated[NonEmpty, TableName("checkouts")]
    table_reservations: Annotated[NonEmpty, TableName("reservations")]
    table_dead_letters: Annotated[NonEmpty, TableName("dead_letters")]
    unconfirmed_order_seconds: Annotated[int | None, Field(ge=60, le=31_536_000)] = None
