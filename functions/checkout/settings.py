"""Settings of the checkout function, read from its environment."""

import hashlib
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from functions.checkout.allowance import Allowance
from shared.contracts.statuses import Trust
from shared.kernel.settings import (
    NonEmpty,
    OrderIdSettings,
    Parameter,
    PublisherSettings,
    TableName,
)
from shared.messaging.signature import SigningKeys
from shared.messaging.standard_webhooks import decoded_key

_NONE = SecretStr("")


class CheckoutSettings(PublisherSettings, OrderIdSettings):
    """Settings of the checkout function."""

    table_stock: Annotated[NonEmpty, TableName("stock")]
    table_checkouts: Annotated[NonEmpty, TableName("checkouts")]
    table_reservations: Annotated[NonEmpty, TableName("reservations")]
    table_orders: Annotated[NonEmpty, TableName("orders")]
    table_allowances: Annotated[NonEmpty, TableName("allowances")]
    # Whether an authorizer checks callers of the storefront's routes. There is no default on
    # purpose: without this setting the function must not start and treat every caller as unknown.
    storefront_auth: Literal["none", "jwt"]
    # Who answers for the payment of a checkout: the shop's server, which signs its requests, or
    # nothing but the request itself. No default, for the same reason.
    checkout_trust: Trust
    checkout_current_signing_key: Annotated[
        SecretStr, Parameter("secrets/CHECKOUT_CURRENT_SIGNING_KEY", secret=True)
    ] = Field(default=_NONE, validate_default=True)
    # During a rotation the other key that is believed; none at other times.
    checkout_next_signing_key: Annotated[
        SecretStr, Parameter("secrets/CHECKOUT_NEXT_SIGNING_KEY", secret=True)
    ] = _NONE
    # Where nothing vouches for a payment: what one order, and one address within an hour, may take.
    max_units_per_order: int = Field(default=100, ge=1, le=1_000_000)
    units_per_address_hour: int = Field(default=200, ge=1, le=100_000_000)

    @field_validator("checkout_current_signing_key", "checkout_next_signing_key")
    @classmethod
    def _keys_are_real(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if info.data.get("checkout_trust") == "open":
            return value
        text = value.get_secret_value()
        if not text and info.field_name == "checkout_current_signing_key":
            raise ValueError(
                "missing: requests must be signed (checkout_trust), and nothing can be"
            )
        if text:
            decoded_key(text)
        return value

    def allowance(self) -> Allowance | None:
        """What one caller may order, None where the shop's server signs every request."""
        if self.checkout_trust == "signed":
            return None
        token = self.qstash_token.get_secret_value()
        return Allowance(
            per_order=self.max_units_per_order,
            per_hour=self.units_per_address_hour,
            secret=hashlib.sha256(f"allowances\n{token}".encode()).digest(),
        )

    def request_keys(self) -> SigningKeys:
        """What the shop's server signs with."""
        current = decoded_key(self.checkout_current_signing_key.get_secret_value())
        following = self.checkout_next_signing_key.get_secret_value()
        return SigningKeys(current, decoded_key(following) if following else current)
