"""Settings of the commands function, read from its environment."""

from typing import Annotated

from pydantic import Field

from shared.kernel.settings import ConsumerSettings, NonEmpty, OrderIdSettings, TableName


class CommandsSettings(ConsumerSettings, OrderIdSettings):
    """Settings of the commands function."""

    table_orders: Annotated[NonEmpty, TableName("orders")]
    table_stock: Annotated[NonEmpty, TableName("stock")]
    table_checkouts: Annotated[NonEmpty, TableName("checkouts")]
    table_reservations: Annotated[NonEmpty, TableName("reservations")]
    # How long reserved units wait for their checkout.
    hold_seconds: int = Field(default=900, ge=60, le=86_400)
