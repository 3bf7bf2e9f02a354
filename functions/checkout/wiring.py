"""Puts the public API together."""

from collections.abc import Callable

from functions.checkout.api import CheckoutApi, Doors
from functions.checkout.service import CheckoutService
from functions.checkout.settings import CheckoutSettings
from functions.checkout.store import CheckoutTables
from shared.messaging.ports import CorePorts
from shared.messaging.signature import RotatingKeys
from shared.messaging.standard_webhooks import RequestVerifier
from shared.runtime import compose


def build(
    settings: CheckoutSettings, ports: CorePorts, reload: Callable[[], CheckoutSettings]
) -> CheckoutApi:
    """The API over the given ports.

    Args:
        reload: reads the settings again, for keys that were rotated.
    """
    verify = None
    if settings.checkout_trust == "signed":
        keys = RotatingKeys(lambda: reload().request_keys(), ports.clock)
        verify = RequestVerifier(keys, ports.clock)
    store = CheckoutTables(ports.tables, ports.clock)
    service = CheckoutService(store, ports, settings.ids_of_orders(), settings.allowance())
    doors = Doors(auth=settings.storefront_auth, verify=verify, clock=ports.clock)
    return CheckoutApi(service, ports.telemetry, doors)


make = compose.reloading_function("checkout", CheckoutSettings, build)
