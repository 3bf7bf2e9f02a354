"""Settings of the checkout function, read from its environment."""

from typing import Annotated, Literal

from shared.kernel.settings import NonEmpty, PublisherSettings, TableName


class CheckoutSettings(PublisherSettings):
    """Settings of the checkout function."""

    table_stock: Annotated[NonEmpty, TableName("stock")]
    table_checkouts: Annotated[NonEmpty, TableName("checkouts")]
    table_reservations: Annotated[NonEmpty, TableName("reservations")]
    table_orders: Annotated[NonEmpty, TableName("orders")]
    # Whether an authorizer checks callers of the storefront's routes. There is no default on
    # purpose: without this setting the function must not start and treat every caller as unknown.
    storefront_auth: Literal["none", "jwt"]
