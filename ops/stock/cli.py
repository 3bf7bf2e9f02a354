"""``python -m ops stock``: list, show, restock, adjust, return, import."""

import argparse
import random
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from commandline import files
from commandline.arguments import whole
from commandline.entry import STOPS, complain, noting
from ops.core import actor
from ops.core import connection as stage
from ops.core.connection import Connection
from ops.core.errors import OperatorError
from ops.core.operator_ledger import OperatorLedger
from ops.core.table_reader import Source, StoredTables
from ops.core.terminal import harmless
from ops.core.unreadable import parted
from ops.core.view import tell_unreadable
from ops.stock import view
from ops.stock.catalogue_diff import Change, summary_of
from ops.stock.catalogue_file import Entry, parse
from ops.stock.catalogue_import import Importer, key_of
from ops.stock.catalogue_problems import CatalogueError
from ops.stock.catalogue_text import MAX_BYTES
from ops.stock.domain import (
    MAX_UNITS,
    Adjust,
    Request,
    Restock,
    Return,
    checked,
    checked_key,
    parts_of,
)
from ops.stock.service import StockService
from ops.stock.store import StockTables, every_row
from shared.kernel.errors import PipelineError
from shared.kernel.text import one_line
from shared.runtime import botocore_clients

_MAX_WHY = 200
_QUIET_SECONDS = 2.0


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``stock`` command and its actions."""
    parser = commands.add_parser("stock", help="what is in stock, and what comes and goes")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    listing = actions.add_parser("list", help="every SKU")
    listing.add_argument("--low", action="store_true", help="only at the threshold or below")
    listing.set_defaults(run=_list)

    showing_one = actions.add_parser("show", help="one SKU and its last movements")
    showing_one.add_argument("sku", metavar="SKU")
    showing_one.add_argument(
        "--last", type=whole(0, 1000), default=10, help="how many (default: %(default)s)"
    )
    showing_one.set_defaults(run=_show)

    restock = actions.add_parser("restock", help="units arrived")
    restock.add_argument("sku", metavar="SKU")
    restock.add_argument("units", type=whole(1, MAX_UNITS), metavar="UNITS")
    restock.set_defaults(request=lambda o: Restock(o.sku, o.units))

    adjust = actions.add_parser("adjust", help="the units were counted; some were found or lost")
    adjust.add_argument("sku", metavar="SKU")
    change = adjust.add_mutually_exclusive_group(required=True)
    change.add_argument("--to", type=whole(0, MAX_UNITS), metavar="N", help="units available now")
    change.add_argument(
        "--by",
        type=whole(-MAX_UNITS, MAX_UNITS, signed=True),
        metavar="±N",
        help="units more or less",
    )
    adjust.add_argument(
        "--expected",
        type=whole(0, MAX_UNITS),
        metavar="M",
        help="refuse if there are not M available before",
    )
    adjust.set_defaults(request=lambda o: Adjust(o.sku, o.to, o.by or 0, o.expected))

    back = actions.add_parser("return", help="a customer sent units back")
    back.add_argument("sku", metavar="SKU")
    back.add_argument("units", type=whole(1, MAX_UNITS), metavar="UNITS")
    back.add_argument("--order", required=True, metavar="ORDER_ID", help="that had them")
    back.set_defaults(request=lambda o: Return(o.sku, o.units, o.order))

    for action in (restock, adjust, back):
        action.add_argument("--reason", required=True, help="why; kept in the audit trail")
        action.add_argument("--key", default="", help="the same key moves nothing twice")
        action.set_defaults(run=_move)

    importing = actions.add_parser("import", help="bring the catalogue to what a CSV file says")
    importing.add_argument("file", type=Path, metavar="FILE.csv")
    importing.add_argument("--dry-run", action="store_true", help="only say what would change")
    importing.add_argument("--reason", default="", help="why (default: the name of the file)")
    importing.add_argument(
        "--key", default="", help="names the count (default: made from the file's content)"
    )
    importing.set_defaults(run=_import)

    for action in (restock, adjust, back, importing):
        actor.add_option(action)
    for action in (listing, showing_one, restock, adjust, back, importing):
        stage.add_options(action)


def _list(options: argparse.Namespace) -> int:
    connection = stage.connect(options)
    source = StoredTables(
        connection.tables, botocore_clients.plain("dynamodb"), connection.table_names
    )
    return tell(source, only_low=options.low)


def tell(source: Source, *, only_low: bool) -> int:
    """Print the stock rows; the exit status: 1 if one could not be read.

    Raises:
        DependencyError: the store did not answer.
    """
    readable, unreadable = parted(every_row(source))
    wanted = [row for row in readable if row.is_low or not only_low]
    print(view.stock_rows(wanted) if wanted else "no stock")
    return tell_unreadable(unreadable)


def _show(options: argparse.Namespace) -> int:
    parts_of(options.sku)
    connection = stage.connect(options)
    stock = StockTables(connection.tables)
    row = stock.find(options.sku)
    if row is None:
        raise OperatorError(f"sku: there is no {options.sku} in the catalogue")
    print(view.stock_rows([row]))
    if not options.last:
        return 0
    movements, unreadable = parted(stock.movements(options.sku, options.last))
    print(f"\n{view.movements(movements)}")
    return tell_unreadable(unreadable)


def _move(options: argparse.Namespace) -> int:
    # Looked at before anything is opened: a wrong word needs no network to be told.
    request: Request = checked(options.request(options))
    why = _line("--reason", options.reason)
    key = checked_key(options.key or uuid.uuid4().hex)
    connection = stage.connect(options)
    who = actor.who(options, connection, complain)
    # Said before it is needed: an operator who loses the connection can repeat the same command.
    print(f"key {key}", flush=True)
    service = StockService(connection.tables, _ledger(connection), connection.clock, operator=who)
    with noting(lambda: f"whether it was stored is not known: --key {key} does it once"):
        result = service.carry_out(request, why=why, key=key)
    with noting(lambda: f"it is stored ({view.done(result)})"):
        print(view.done(result), flush=True)
    _tell_unpublished(result.unpublished)
    return 0


def _import(options: argparse.Namespace) -> int:
    try:
        return _imported(options)
    except CatalogueError as error:
        complain(view.problems(error))
        raise


def _imported(options: argparse.Namespace) -> int:
    data = files.read(options.file, most=MAX_BYTES)
    entries = parse(data)
    name = harmless(options.file.name)
    why = _line("--reason", options.reason or one_line(f"import of {name}", _MAX_WHY))
    key = checked_key(options.key or key_of(data))
    connection = stage.connect(options)
    importer = Importer(
        connection.tables,
        _ledger(connection),
        connection.clock,
        operator=actor.who(options, connection, complain),
        why=why,
        key=key,
        new_id=lambda: uuid.uuid4().hex,
        progress=_progress(len(entries)),
    )
    importer.refuse_twins(entries)
    return _carried_out(importer, entries, dry_run=options.dry_run)


def _carried_out(importer: Importer, entries: tuple[Entry, ...], *, dry_run: bool) -> int:
    done: list[Change] = []

    def how_far() -> str:
        if dry_run:
            return "nothing was written"
        if len(done) + len(importer.unreadable) == len(entries):
            return f"all {len(done)} products are done"
        told = f"stopped after {len(done)} of {len(entries)} products"
        return f"{told}: the same command carries on there"

    with noting(how_far, on=(PipelineError, *STOPS)):
        for change in importer.look(entries) if dry_run else importer.run(entries):
            done.append(change)  # noqa: PERF402 - what was done must outlive what stops it
        if told := view.changes(done):
            print(f"{told}\n")
        end = "; nothing was written" if dry_run else ""
        print(f"{view.summary(summary_of(done))}{end}", flush=True)
    _tell_unpublished(importer.unpublished)
    return tell_unreadable(importer.unreadable)


def _ledger(connection: Connection) -> OperatorLedger:
    return OperatorLedger(
        connection.tables, connection.publisher, connection.clock, jitter=random.random
    )


def _line(name: str, value: str) -> str:
    if one_line(value, _MAX_WHY) != value:
        raise OperatorError(f"{name}: must be 1 to {_MAX_WHY} characters on one line")
    return value


def _tell_unpublished(error: PipelineError | None) -> None:
    if error is not None:
        told = "it is stored; QStash did not take its events yet, the reconciler publishes them"
        print(f"{told} ({harmless(error)})", file=sys.stderr)


def _progress(total: int) -> Callable[[int], None]:
    """Says on stderr how far it is, every few seconds."""
    spoken = time.monotonic()

    def tell(done: int) -> None:
        nonlocal spoken
        if time.monotonic() - spoken >= _QUIET_SECONDS:
            spoken = time.monotonic()
            print(f"  .. {done} of {total} products", file=sys.stderr, flush=True)

    return tell
