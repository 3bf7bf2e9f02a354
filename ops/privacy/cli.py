"""``python -m ops privacy``: what is kept of a person, and its end."""

import argparse
import os
import random
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from commandline.entry import complain, noting
from commandline.files import FileError
from commandline.text import as_json
from ops.core import actor
from ops.core import connection as stage
from ops.core.connection import Connection
from ops.core.errors import OperatorError
from ops.core.operator_ledger import OperatorLedger
from ops.core.order_ids import order_ids_of
from ops.core.table_reader import StoredTables
from ops.core.terminal import harmless
from ops.core.view import tell_unreadable
from ops.privacy import view
from ops.privacy.export import document
from ops.privacy.person import Person
from ops.privacy.service import Dependencies, PrivacyService
from ops.privacy.store import Found
from shared.kernel.clock import iso
from shared.kernel.text import one_line
from shared.runtime import botocore_clients

_LONGEST = 200
_QUIET_SECONDS = 2.0
_STDOUT = Path("-")


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``privacy`` command and its actions."""
    parser = commands.add_parser("privacy", help="what is kept of a person: tell it, erase it")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    export = actions.add_parser("export", help="everything that is kept of a person, as JSON")
    export.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="a new file that you alone may read; - for standard output",
    )
    export.set_defaults(run=_export)

    erase = actions.add_parser(
        "erase",
        help="erase a person; what sums and promises need stays, without the person",
        description="Exit status: 0 erased, or nothing is kept; 1 something is still on its way, "
        "and nothing was erased; 2 not done, or not all of it: repeat the command.",
    )
    erase.set_defaults(run=_erase)
    for action in (export, erase):
        action.add_argument("--user", metavar="USER", help="the user's id")
        action.add_argument(
            "--email",
            action="append",
            default=[],
            metavar="ADDRESS",
            help="a mail address of the person; may be repeated",
        )
        action.add_argument(
            "--phone",
            action="append",
            default=[],
            metavar="NUMBER",
            help="a phone number of the person, such as +4915112345678; may be repeated",
        )
        action.add_argument("--reason", required=True, help="why; kept in the audit trail")
        action.add_argument("--dry-run", action="store_true", help="only say what would happen")
        actor.add_option(action)
        stage.add_options(action)


def _export(options: argparse.Namespace) -> int:
    # Looked at before anything is opened: a wrong word needs no network to be told.
    person = _named(options)
    if options.out != _STDOUT and os.path.lexists(options.out) and not options.dry_run:
        raise FileError(f"--out: {harmless(options.out)} is there already: nothing was written")
    connection = stage.connect(options)
    return export(
        options, connection.stage, PrivacyService(_dependencies(options, connection)), person
    )


def export(
    options: argparse.Namespace, stage_name: str, service: PrivacyService, person: Person
) -> int:
    """Hand out what is kept; the exit status: 1 if a row could not be read.

    Raises:
        FileError: the file is there already, or cannot be written.
        PipelineError: it could not be read, or not be noted.
    """
    found = service.find(person)
    complain(f"{view.counts(found.counts())} found")
    if options.dry_run:
        complain("a dry run: nothing was written")
        return tell_unreadable(found.unreadable)
    if (unpublished := service.note_export(found)) is not None:
        complain(f"its audit entry leaves later: {harmless(unpublished)}")
    text = as_json(document(found, stage=stage_name, now=iso(service.now())), indent=2)
    if options.out == _STDOUT:
        print(text)
    else:
        _write(options.out, f"{text}\n")
        complain(f"wrote {harmless(options.out)}")
    return tell_unreadable(found.unreadable)


def _erase(options: argparse.Namespace) -> int:
    person = _named(options)
    connection = stage.connect(options)
    return erase(options, PrivacyService(_dependencies(options, connection)), person)


def erase(options: argparse.Namespace, service: PrivacyService, person: Person) -> int:
    """Erase what is kept; the exit status: 1 if something is on its way, or could not be read.

    Raises:
        PipelineError: it was not done, or not all of it.
    """
    found: Found = service.find(person)
    with noting(lambda: "a part may be erased: the same command again does the rest"):
        done = service.erase(found, dry_run=options.dry_run)
    if done.in_the_way:
        print(view.in_the_way(done))
        return 1
    if done.unpublished is not None:
        complain(f"its audit entry leaves later: {harmless(done.unpublished)}")
    print(view.erased(done, dry_run=options.dry_run))
    return tell_unreadable(found.unreadable)


def _named(options: argparse.Namespace) -> Person:
    if one_line(options.reason, _LONGEST) != options.reason or not options.reason:
        raise OperatorError(f"--reason: must be 1 to {_LONGEST} characters on one line")
    return Person.named(options.user, options.email, options.phone)


def _dependencies(options: argparse.Namespace, connection: Connection) -> Dependencies:
    who = actor.who(options, connection, complain)
    order_ids = order_ids_of(connection, complain)
    if order_ids is None:
        raise OperatorError("the pseudonym of a person needs the key of order ids")
    return Dependencies(
        source=StoredTables(
            connection.tables, botocore_clients.plain("dynamodb"), connection.table_names
        ),
        tables=connection.tables,
        ledger=OperatorLedger(
            connection.tables,
            connection.publisher,
            connection.clock,
            jitter=random.SystemRandom().random,
        ),
        clock=connection.clock,
        order_ids=order_ids,
        operator=who,
        reason=options.reason,
        new_id=lambda: f"evt_{uuid.uuid4().hex}",
        progress=_progress(),
    )


def _write(path: Path, text: str) -> None:
    try:
        # Never over a file, never through a link, and for its owner alone whatever the umask.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise FileError(f"--out: cannot write {harmless(path)}: {error.strerror}") from error


def _progress() -> Callable[[str, int], None]:
    """Says on stderr how far it is, every few seconds."""
    spoken = time.monotonic()

    def tell(table: str, rows: int) -> None:
        nonlocal spoken
        if time.monotonic() - spoken >= _QUIET_SECONDS:
            spoken = time.monotonic()
            complain(f"  .. {table}: {rows} rows")

    return tell
