"""Puts the public API together."""

from functions.checkout.api import CheckoutApi
from functions.checkout.service import CheckoutService
from functions.checkout.settings import CheckoutSettings
from functions.checkout.store import CheckoutTables
from shared.messaging.ports import CorePorts
from shared.runtime import compose


def build(settings: CheckoutSettings, ports: CorePorts) -> CheckoutApi:
    """The API over the given ports."""
    store = CheckoutTables(ports.tables, ports.clock)
    return CheckoutApi(
        CheckoutService(store, ports), ports.telemetry, auth=settings.storefront_auth
    )


make = compose.plain_function("checkout", CheckoutSettings, build)
