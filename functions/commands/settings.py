"""What the commands function is told from outside."""

from typing import Annotated

from shared.settings import ConsumerSettings, NonEmpty, TableName


class CommandsSettings(ConsumerSettings):
    """Settings of the commands function."""

    table_orders: Annotated[NonEmpty, TableName("orders")]
    table_stock: Annotated[NonEmpty, TableName("stock")]
    table_checkouts: Annotated[NonEmpty, TableName("checkouts")]
