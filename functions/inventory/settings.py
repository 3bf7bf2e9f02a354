"""Settings of the inventory function, read from its environment."""

from typing import Annotated

from shared.kernel.settings import ConsumerSettings, NonEmpty, TableName


class InventorySettings(ConsumerSettings):
    """Settings of the inventory function."""

    table_stock: Annotated[NonEmpty, TableName("stock")]
    table_movements: Annotated[NonEmpty, TableName("movements")]
    alert_address: NonEmpty
