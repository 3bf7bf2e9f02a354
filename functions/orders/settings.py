"""Settings of the orders function, read from its environment."""

from typing import Annotated

from shared.kernel.settings import ConsumerSettings, NonEmpty, TableName


class OrdersSettings(ConsumerSettings):
    """Settings of the orders function."""

    table_orders: Annotated[NonEmpty, TableName("orders")]
    table_stock: Annotated[NonEmpty, TableName("stock")]
    table_checkouts: Annotated[NonEmpty, TableName("checkouts")]
