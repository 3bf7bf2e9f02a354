"""``python -m ops retention``: rows from before copies of personal data had a time."""

import argparse
import sys

from commandline.text import harmless
from ops.core import connection as stage
from ops.core.table_reader import StoredTables
from ops.retention.store import date_all
from shared.runtime import botocore_clients


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``retention`` command."""
    parser = commands.add_parser(
        "retention",
        help="give rows from before copies had a time theirs (once, after the deployment)",
        description="Puts decided checkouts and settled dead letters from before retention was "
        "stated into the indexes by which the reconciler finds them. It removes nothing itself. "
        "Exit status: 0 all have their time, 1 a row cannot be read, 2 could not look.",
    )
    stage.add_options(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    connection = stage.connect(options)
    source = StoredTables(
        connection.tables, botocore_clients.plain("dynamodb"), connection.table_names
    )
    done = date_all(source, connection.tables)
    print(f"{done.dated} rows have their time now")
    for odd in done.unreadable:
        print(f"cannot be read: {harmless(odd)}", file=sys.stderr)
    return 1 if done.unreadable else 0
