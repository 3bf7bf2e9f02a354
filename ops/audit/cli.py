"""``python -m ops audit``: whether what is stored keeps the promises."""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from commandline.arguments import number
from ops.audit import report
from ops.audit.model import Moment
from ops.audit.run import Audit
from ops.core import connection as stage
from ops.core.order_ids import order_ids_of
from ops.core.table_reader import StoredTables
from shared.runtime import botocore_clients

# Longer than the slowest retries of an event, so that nothing under way is taken for lost.
_MINUTES = 20.0
# Ten years.
_MOST_MINUTES = 5_256_000
_QUIET_SECONDS = 2.0


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``audit`` command."""
    parser = commands.add_parser(
        "audit",
        help="does what is stored keep the promises? (reads only)",
        description="Reads every table and checks what the pipeline promises. "
        "Exit status: 0 all kept, 1 a promise is broken, 2 could not look.",
    )
    parser.add_argument(
        "--minutes",
        type=number(0, _MOST_MINUTES),
        default=_MINUTES,
        help="what is younger may still be under way (default: %(default)g)",
    )
    parser.add_argument(
        "--strict", action="store_true", help="waiting dead letters and stuck checkouts break it"
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    stage.add_options(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    connection = stage.connect(options)
    source = StoredTables(
        connection.tables, botocore_clients.plain("dynamodb"), connection.table_names
    )
    moment = Moment(
        connection.clock.now(),
        timedelta(minutes=options.minutes),
        order_ids=order_ids_of(connection, partial(print, file=sys.stderr)),
    )
    results = Audit(source, moment, strict=options.strict, progress=_progress()).run()
    show = report.as_json if options.json else report.as_text
    print(show(results, stage=connection.stage, now=moment.now))
    return 1 if any(result.breaches for result in results) else 0


def _progress() -> Callable[[str, int], None]:
    """Says on stderr how far it is, every few seconds."""
    spoken = time.monotonic()

    def tell(table: str, rows: int) -> None:
        nonlocal spoken
        if time.monotonic() - spoken >= _QUIET_SECONDS:
            spoken = time.monotonic()
            print(f"  .. {table}: {rows} rows", file=sys.stderr, flush=True)

    return tell
