"""``python -m ops mail``: what needs a decision, the decision, and what mails look like."""

import argparse
import random
from pathlib import Path

from commandline.entry import complain, noting
from ops.core import actor
from ops.core import connection as stage
from ops.core.errors import OperatorError
from ops.core.operator_ledger import OperatorLedger
from ops.core.terminal import harmless
from ops.core.unreadable import parted
from ops.core.view import tell_unreadable
from ops.mail import preview, view
from ops.mail.domain import Resolved
from ops.mail.service import MailService
from ops.mail.suppression import SESList, SuppressionService, checked_address
from shared.kernel.text import one_line
from shared.runtime import botocore_clients

_MAX_WHY = 200


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``mail`` command and its actions."""
    parser = commands.add_parser(
        "mail", help="mail, texts and pushes whose fate is unknown; whom not to mail; previews"
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    listing = actions.add_parser("list", help="mail that needs a decision")
    listing.add_argument("--state", choices=["unknown", "failed"], default="unknown")
    listing.set_defaults(run=_list)

    resolve = actions.add_parser("resolve", help="decide about one mail")
    resolve.add_argument("event_id")
    resolve.add_argument(
        "--as",
        dest="resolution",
        choices=["sent", "resend", "dropped"],
        required=True,
        help="it arrived; send it again; it is not needed any more",
    )
    resolve.add_argument("--reason", required=True, help="why; kept with the mail")
    actor.add_option(resolve, "--by")
    resolve.set_defaults(run=_resolve)

    lift = actions.add_parser(
        "unsuppress", help="mail an address again that bounced or whose owner complained"
    )
    lift.add_argument("address", metavar="ADDRESS")
    lift.add_argument("--reason", required=True, help="why; kept in the audit trail")
    actor.add_option(lift, "--by")
    lift.add_argument("--dry-run", action="store_true", help="only say what would change")
    lift.set_defaults(run=_unsuppress)

    show = actions.add_parser("preview", help="render every template with sample data to look at")
    show.add_argument(
        "--out",
        type=Path,
        default=Path(".local/mails"),
        metavar="DIR",
        help="where to write (default: %(default)s)",
    )
    show.add_argument("--shop-name", default="The Shop")
    show.add_argument("--currency", default="EUR")
    show.set_defaults(run=_preview)

    for action in (listing, resolve, lift):
        stage.add_options(action)


def _service(connection: stage.Connection) -> MailService:
    return MailService(connection.tables, connection.publisher, connection.clock)


def _list(options: argparse.Namespace) -> int:
    mails, unreadable = parted(_service(stage.connect(options)).waiting(options.state))
    if mails:
        print(view.mails(mails))
    else:
        print(f"no mail{' that can be read' if unreadable else ''} is {options.state}")
    return tell_unreadable(unreadable)


def _unsuppress(options: argparse.Namespace) -> int:
    # Looked at before anything is opened: a wrong word needs no network to be told.
    address = checked_address(options.address)
    reason = _line("--reason", options.reason)
    connection = stage.connect(options)
    ledger = OperatorLedger(
        connection.tables, connection.publisher, connection.clock, jitter=random.random
    )
    provider = SESList(lambda: botocore_clients.plain("sesv2"))
    service = SuppressionService(
        connection.tables,
        ledger,
        provider,
        actor=actor.who(options, connection, complain),
        reason=reason,
    )
    with noting(lambda: "whether it is off the list is not known: repeat the command"):
        done = service.lift(address, dry_run=options.dry_run)
    if done.unpublished is not None:
        complain(view.unpublished(done.unpublished))
    print(view.lifted(address, done))
    return 0


def _line(name: str, value: str) -> str:
    if one_line(value, _MAX_WHY) != value:
        raise OperatorError(f"{name}: must be 1 to {_MAX_WHY} characters on one line")
    return value


def _preview(options: argparse.Namespace) -> int:
    written = preview.write(options.out, shop_name=options.shop_name, currency=options.currency)
    print(f"wrote {len(written)} files; open {harmless(written[-1])}")
    return 0


def _resolve(options: argparse.Namespace) -> int:
    connection = stage.connect(options)
    service, who = _service(connection), actor.who(options, connection, complain)
    with noting(lambda: "whether it is decided is not known: `mail list` tells"):
        done = service.resolve(
            options.event_id, options.resolution, actor=who, reason=options.reason
        )
    print(f"{harmless(options.event_id)}  {_verdict(done)}")
    if done.unpublished is not None:
        complain(str(done.unpublished))
    return 0 if done.resolution == options.resolution else 1


def _verdict(done: Resolved) -> str:
    if done.resolution is None:
        return "needs no decision"
    verdict = (
        done.resolution if done.decided else f"was decided before: {harmless(done.resolution)}"
    )
    if done.unpublished is None:
        return verdict
    return f"{verdict}; committed; leaves with the next reconciler run"
