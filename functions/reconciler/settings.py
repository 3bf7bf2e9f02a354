"""Settings of the reconciler, read from its environment."""

from typing import Annotated

from pydantic import Field

from shared.kernel.settings import NonEmpty, ReceiverSettings, TableName

MOST_DAYS = 3650
"""The longest time that a stage may state for its copies: ten years."""


class ReconcilerSettings(ReceiverSettings):
    """Settings of the reconciler.

    Args:
        unconfirmed_order_seconds: how old an order may become that nothing confirmed; None for
            ever.
        checkout_days: how long a decided checkout keeps its copy of the request; None for ever.
        dead_letter_days: how long a settled dead letter keeps its copy of the event; None for ever.
    """

    table_orders: Annotated[NonEmpty, TableName("orders")]
    table_ledger: Annotated[NonEmpty, TableName("ledger")]
    table_checkouts: Annotated[NonEmpty, TableName("checkouts")]
    table_reservations: Annotated[NonEmpty, TableName("reservations")]
    table_dead_letters: Annotated[NonEmpty, TableName("dead_letters")]
    unconfirmed_order_seconds: Annotated[int | None, Field(ge=60, le=31_536_000)] = None
    checkout_days: Annotated[int | None, Field(ge=1, le=MOST_DAYS)] = None
    dead_letter_days: Annotated[int | None, Field(ge=1, le=MOST_DAYS)] = None
