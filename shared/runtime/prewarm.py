"""Opens connections while Lambda initialises, so that no customer's event waits for handshakes.

The processor is at its fastest then, and at 512 MB a first event spends most of its time on TLS.
A service that is down at that moment costs a moment and a log line: it may be back for the event.
"""

from collections.abc import Callable, Mapping

from shared.kernel.clock import Clock
from shared.kernel.settings import Settings
from shared.storage.ports import Tables
from shared.storage.schema import CHECKOUTS, LEDGER, Table
from shared.telemetry.ports import Telemetry

# After so many seconds no further connection is begun: Lambda gives a start ten in all, and the
# slowest of these takes eight to give up.
MOST_SECONDS = 1.5
# No event, order or payment has this id.
NO_ID = "-"


def open_connections(
    connect: Mapping[str, Callable[[], object]], *, telemetry: Telemetry, clock: Clock
) -> None:
    """Connect to each service in turn. Whatever fails is logged, and tried again by its first use."""
    started = clock.monotonic()
    for service, step in connect.items():
        if clock.monotonic() - started >= MOST_SECONDS:
            telemetry.warning("Left a connection to the first event", cause=service)
            continue
        try:
            step()
        except Exception as error:  # noqa: BLE001 - a start must not fail because a service is down
            telemetry.warning(
                "Could not connect ahead of time", cause=service, error_type=type(error).__name__
            )


def probed_table(settings: type[Settings]) -> Table:
    """The table whose items a function with these settings may read one by one.

    Raises:
        ValueError: there is none: no read can open the connection that the function is allowed to.
    """
    known = settings.tables().values()
    for table in (LEDGER, CHECKOUTS):
        if table.name in known:
            return table
    raise ValueError(f"{settings.__name__} names no table that may be read")


def probe(tables: Tables, settings: type[Settings]) -> None:
    """Read an item that does not exist.

    Raises:
        DependencyError: DynamoDB did not answer.
    """
    table = probed_table(settings)
    key = {table.partition: NO_ID}
    # As the function itself reads it, and as its role allows: the storefront reads in batches.
    if table == LEDGER:
        tables.get(table.name, key)
    else:
        tables.get_many([(table.name, key)])
