"""Entry point of the public API."""

from functions.checkout.api import CheckoutApi
from functions.checkout.settings import CheckoutSettings
from functions.checkout.store import CheckoutTables
from shared.adapters import runtime
from shared.ports import CorePorts


def build(_settings: CheckoutSettings, ports: CorePorts) -> CheckoutApi:
    """The API over the given ports."""
    return CheckoutApi(CheckoutTables(ports.tables, ports.clock), ports)


lambda_handler = runtime.plain_entry("checkout", CheckoutSettings, build)
