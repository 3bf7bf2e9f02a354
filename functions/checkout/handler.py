"""Entry point of the public API."""

from functions.checkout.api import CheckoutApi
from functions.checkout.settings import CheckoutSettings
from functions.checkout.store import CheckoutTables
from shared.messaging.ports import CorePorts
from shared.runtime import compose


def build(settings: CheckoutSettings, ports: CorePorts) -> CheckoutApi:
    """The API over the given ports."""
    store = CheckoutTables(ports.tables, ports.clock)
    return CheckoutApi(store, ports, auth=settings.storefront_auth)


lambda_handler = compose.plain_entry("checkout", CheckoutSettings, build)
