"""Settings of the reconciler, read from its environment."""

from typing import Annotated

from shared.kernel.settings import NonEmpty, ReceiverSettings, TableName


class ReconcilerSettings(ReceiverSettings):
    """Settings of the reconciler."""

    table_ledger: Annotated[NonEmpty, TableName("ledger")]
    table_checkouts: Annotated[NonEmpty, TableName("checkouts")]
    table_reservations: Annotated[NonEmpty, TableName("reservations")]
    table_dead_letters: Annotated[NonEmpty, TableName("dead_letters")]
