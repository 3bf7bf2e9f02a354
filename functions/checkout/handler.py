"""Entry point of the public API."""

import os

from functions.checkout.api import ApiPorts, CheckoutApi
from functions.checkout.settings import CheckoutSettings
from functions.checkout.store import CheckoutTables
from shared.adapters import runtime
from shared.clock import SystemClock
from shared.observability import PowertoolsTelemetry


def build(ports: ApiPorts) -> CheckoutApi:
    """The API over the given ports."""
    return CheckoutApi(ports)


def _deployed() -> CheckoutApi:
    settings = CheckoutSettings.load(os.environ, runtime.parameter_reader())
    clock = SystemClock()
    telemetry = PowertoolsTelemetry(
        service="checkout", stage=settings.stage, level=settings.log_level
    )
    return build(
        ApiPorts(
            checkouts=CheckoutTables(runtime.tables(settings, telemetry), clock),
            publisher=runtime.publisher(settings, clock, telemetry),
            clock=clock,
            telemetry=telemetry,
        )
    )


lambda_handler = runtime.on_first_use(_deployed)
