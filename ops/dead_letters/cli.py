"""``python -m ops dead-letters``: list, show, replay, discard."""

import argparse

from commandline.arguments import number, whole
from commandline.entry import complain, noting
from ops.core import actor
from ops.core import connection as stage
from ops.core.errors import OperatorError
from ops.core.terminal import harmless
from ops.core.unreadable import parted
from ops.core.view import tell_unreadable
from ops.dead_letters import view
from ops.dead_letters.domain import FAILURES, Filter, ReplayOptions, Result
from ops.dead_letters.service import Outcome, Replayer
from ops.dead_letters.store import DeadLetterStore
from shared.contracts.topics import Topic
from shared.kernel.errors import UnreadableRowError
from shared.storage.records.dead_letter import DeadLetterKind, DeadLetterState


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``dead-letters`` command and its four actions."""
    parser = commands.add_parser("dead-letters", help="events that were given up on")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    listing = actions.add_parser("list", help="what there is, or how it groups")
    listing.add_argument("--state", choices=[s.value for s in DeadLetterState], default="open")
    listing.add_argument("--groups", action="store_true", help="one line per group of failures")
    _add_filter(listing)
    listing.set_defaults(run=_list)

    showing = actions.add_parser("show", help="one dead letter: its history and its event")
    showing.add_argument("event_id")
    showing.set_defaults(run=_show)

    replay = actions.add_parser("replay", help="send dead letters to their topic again")
    replay.add_argument("event_ids", nargs="*", metavar="EVENT_ID")
    replay.add_argument(
        "--all", action="store_true", help="every open dead letter the filter admits"
    )
    _add_filter(replay)
    _add_person(replay)
    replay.add_argument(
        "--limit", type=whole(1, 1_000_000), default=100, help="most dead letters (default: 100)"
    )
    replay.add_argument(
        "--rate", type=number(0, 1000), default=0.0, help="most dead letters per second"
    )
    replay.add_argument(
        "--wait", type=number(0, 86_400), default=60.0, help="seconds to wait for each wave"
    )
    replay.add_argument("--dry-run", action="store_true", help="only say what would happen")
    replay.add_argument("--force", action="store_true", help="also what was replayed too often")
    replay.add_argument("--even-if-done", action="store_true", help="also what is handled already")
    replay.set_defaults(run=_replay)

    discard = actions.add_parser("discard", help="let a dead letter go, for good")
    discard.add_argument("event_ids", nargs="+", metavar="EVENT_ID")
    _add_person(discard)
    discard.set_defaults(run=_discard)

    for action in (listing, showing, replay, discard):
        stage.add_options(action)


def _add_filter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--topic", choices=[topic.value for topic in Topic], default="")
    parser.add_argument("--type", default="", help="event type, such as command.checkout")
    parser.add_argument("--fingerprint", default="", help="one group of failures")
    parser.add_argument(
        "--kind",
        choices=[kind.value for kind in DeadLetterKind],
        default="",
        help="refused by our code for good, or blocked on the way and delivered again by itself",
    )


def _add_person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", required=True, help="why; kept in the dead letter's history")
    actor.add_option(parser, "--by")


def _filter(options: argparse.Namespace, event_ids: tuple[str, ...] = ()) -> Filter:
    return Filter(event_ids, options.topic, options.type, options.fingerprint, options.kind)


def _list(options: argparse.Namespace) -> int:
    connection = stage.connect(options)
    store = DeadLetterStore(connection.tables, connection.clock)
    wanted, state = _filter(options), DeadLetterState(options.state)
    readable, unreadable = parted(store.by_state(state))
    found = [row for row in readable if wanted.admits(row)]
    if found:
        print(view.groups(found) if options.groups else view.rows(found))
    else:
        print(f"no {options.state} dead letters{' that can be read' if unreadable else ''}")
    return tell_unreadable(unreadable)


def _show(options: argparse.Namespace) -> int:
    connection = stage.connect(options)
    print(view.whole(DeadLetterStore(connection.tables, connection.clock).get(options.event_id)))
    return 0


def _replay(options: argparse.Namespace) -> int:
    if bool(options.event_ids) == bool(options.all):
        raise OperatorError("event ids: name some, or say --all with a filter")
    connection = stage.connect(options)
    replayer = Replayer(
        DeadLetterStore(connection.tables, connection.clock),
        tables=connection.tables,
        publisher=connection.publisher,
        clock=connection.clock,
        progress=_print_outcome,
    )
    dead_letters = replayer.select(_filter(options, tuple(options.event_ids)), limit=options.limit)
    odd = {error.key for error in replayer.unreadable}
    missing = sorted(set(options.event_ids) - {row.key for row in dead_letters} - odd)
    for event_id in missing:
        print(f"{harmless(event_id)}  is not among the open dead letters")
    print(f"{len(dead_letters)} selected")
    how = ReplayOptions(
        actor=actor.who(options, connection, complain),
        reason=options.reason,
        dry_run=options.dry_run,
        force=options.force,
        even_if_done=options.even_if_done,
        per_second=options.rate,
        settle_seconds=options.wait,
    )
    under_way = (
        "dead letters not named above may be under way: `dead-letters list --state replaying`"
    )
    with noting(lambda: "nothing was sent" if options.dry_run else under_way):
        outcomes = replayer.run(dead_letters, how)
    print(view.counts(outcomes))
    unread = tell_unreadable(replayer.unreadable)
    bad = FAILURES | {Result.NOT_REACHED, Result.UNREADABLE, Result.TOO_OFTEN}
    failed = any(outcome.result in bad for outcome in outcomes)
    return 1 if missing or unread or failed else 0


def _print_outcome(outcome: Outcome) -> None:
    print(view.outcome(outcome), flush=True)


def _discard(options: argparse.Namespace) -> int:
    connection = stage.connect(options)
    store = DeadLetterStore(connection.tables, connection.clock)
    replayer = Replayer(
        store,
        tables=connection.tables,
        publisher=connection.publisher,
        clock=connection.clock,
    )
    who = actor.who(options, connection, complain)
    status = 0
    for event_id in options.event_ids:
        with noting(
            lambda: "the dead letter after those named above may be discarded: `show` tells"
        ):
            try:
                row = store.get(event_id)
            except UnreadableRowError as odd:
                status = tell_unreadable([odd])
                continue
            done = replayer.discard(row, actor=who, reason=options.reason)
        result = "discarded" if done else "was changed by another operator or run"
        print(f"{harmless(event_id)}  {result}", flush=True)
        status = status if done else 1
    return status
