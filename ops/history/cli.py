"""``python -m ops history``: who changed what, from which state to which."""

import argparse
import re
import sys
from datetime import UTC, datetime, timedelta
from functools import partial

from commandline.arguments import whole
from ops.core import connection as stage
from ops.core.errors import OperatorError
from ops.core.order_ids import order_ids_of
from ops.core.terminal import harmless
from ops.core.view import tell_unreadable
from ops.history.domain import KINDS
from ops.history.service import DEFAULT_LIMIT, MOST, HistoryService
from ops.history.view import as_json, as_text
from shared.kernel.clock import Clock, iso
from shared.kernel.ids import OrderIds
from shared.storage.ports import Tables

_AGO = re.compile(r"([0-9]{1,6})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_SINCE_RULE = "--since: must be a time such as 2026-01-31T12:00:00Z, or 90m, 24h, 7d ago"


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``history`` command and what it may be asked about."""
    parser = commands.add_parser("history", help="the audit trail of an order, a shelf, a user")
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    for kind, meaning in KINDS.items():
        about = kinds.add_parser(kind, help=meaning)
        about.add_argument("name", metavar="ID", help=meaning)
        about.add_argument("--since", default="", help="2026-01-31, a time, or 90m, 24h, 7d ago")
        about.add_argument(
            "--limit",
            type=whole(1, MOST),
            default=DEFAULT_LIMIT,
            help=f"the newest so many entries, at most {MOST} (default: %(default)s)",
        )
        about.add_argument("--json", action="store_true", help="as one JSON object, values whole")
        about.set_defaults(run=_run)
        stage.add_options(about)


def _run(options: argparse.Namespace) -> int:
    connection = stage.connect(options)
    # Only an order can be named by its payment.
    order_ids = (
        order_ids_of(connection, partial(print, file=sys.stderr))
        if options.kind == "order"
        else None
    )
    return tell(options, connection.tables, connection.clock, order_ids)


def tell(
    options: argparse.Namespace, tables: Tables, clock: Clock, order_ids: OrderIds | None
) -> int:
    """Print what the options ask for; the exit status: 1 if nothing is recorded, or an
    entry could not be read.

    Raises:
        OperatorError: an option that makes no sense; names it.
        DependencyError: the store did not answer.
    """
    since = moment(options.since, clock.now())
    service = HistoryService(tables, order_ids, since=since, limit=options.limit)
    timeline = service.of(options.kind, options.name)
    if options.json:
        print(as_json(timeline, kind=options.kind, name=options.name))
    elif timeline.entries:
        print(as_text(timeline))
    else:
        print(f"nothing is recorded of {options.kind} {harmless(options.name)}")
    unread = tell_unreadable(timeline.unreadable)
    return 0 if timeline.entries and not unread else 1


def moment(text: str, now: datetime) -> str:
    """The moment that ``--since`` means, as the trail writes times; empty for no bound.

    Raises:
        OperatorError: it means none.
    """
    if not text:
        return ""
    if ago := _AGO.fullmatch(text):
        try:
            return iso(now - timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
        except OverflowError:
            raise OperatorError(_SINCE_RULE) from None
    if not text.isascii():
        raise OperatorError(_SINCE_RULE)
    try:
        found = datetime.fromisoformat(text)
        return iso(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise OperatorError(_SINCE_RULE) from None
