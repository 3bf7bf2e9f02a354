"""``python -m ops mail``: what needs a decision, the decision, and what mails look like."""

import argparse
from pathlib import Path

from commandline.entry import noting
from ops import actor, connect
from ops.mail import preview
from ops.mail.resolve import MailDesk
from ops.terminal import harmless, shortened, table


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``mail`` command and its actions."""
    parser = commands.add_parser(
        "mail", help="mail, texts and pushes whose fate is unknown; previews"
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
        help="it arrived; send it again; nobody needs it any more",
    )
    resolve.add_argument("--reason", required=True, help="why; kept with the mail")
    actor.add_option(resolve, "--by")
    resolve.set_defaults(run=_resolve)

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

    for action in (listing, resolve):
        connect.add_options(action)


def _desk(options: argparse.Namespace) -> MailDesk:
    connection = connect.connect(options)
    return MailDesk(connection.tables, connection.publisher, connection.clock)


def _list(options: argparse.Namespace) -> int:
    mails = _desk(options).waiting(options.state)
    if not mails:
        print(f"no mail is {options.state}")
        return 0
    rows = [
        (
            mail.event_id,
            mail.updated_at[:19],
            mail.template_id,
            mail.to,
            shortened(mail.subject, 60),
        )
        for mail in mails
    ]
    print(table(("event id", "since", "template or channel", "to", "subject"), rows))
    return 0


def _preview(options: argparse.Namespace) -> int:
    written = preview.write(options.out, shop_name=options.shop_name, currency=options.currency)
    print(f"wrote {len(written)} files; open {harmless(written[-1])}")
    return 0


def _resolve(options: argparse.Namespace) -> int:
    desk = _desk(options)
    with noting(lambda: "whether it is decided is not known: `mail list` tells"):
        done = desk.resolve(
            options.event_id, options.resolution, actor=options.operator, reason=options.reason
        )
    verdict = options.resolution if done else "was decided by somebody else, or needs no decision"
    print(f"{harmless(options.event_id)}  {verdict}")
    return 0 if done else 1
