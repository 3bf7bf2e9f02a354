"""What the checkout function is told from outside."""

from typing import Annotated

from shared.settings import NonEmpty, PublisherSettings, TableName


class CheckoutSettings(PublisherSettings):
    """Settings of the checkout function."""

    table_stock: Annotated[NonEmpty, TableName("stock")]
    table_checkouts: Annotated[NonEmpty, TableName("checkouts")]
    table_reservations: Annotated[NonEmpty, TableName("reservations")]
    allowed_origins: str = ""
