"""What the checkout function is told from outside."""

from typing import Annotated, Literal

from shared.kernel.settings import NonEmpty, PublisherSettings, TableName


class CheckoutSettings(PublisherSettings):
    """Settings of the checkout function."""

    table_stock: Annotated[NonEmpty, TableName("stock")]
    table_checkouts: Annotated[NonEmpty, TableName("checkouts")]
    table_reservations: Annotated[NonEmpty, TableName("reservations")]
    table_orders: Annotated[NonEmpty, TableName("orders")]
    # Whether an authorizer stands before the storefront's routes. Without a default on purpose: a
    # function that was not told must not start, rather than take everybody for a stranger.
    storefront_auth: Literal["none", "jwt"]
