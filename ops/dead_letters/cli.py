"""``python -m ops dead-letters``: list, show, replay, discard."""

import argparse
import json
from collections import Counter

from commandline.arguments import number, whole
from commandline.entry import noting
from ops.core import actor
from ops.core import connection as stage
from ops.core.errors import OperatorError
from ops.core.terminal import harmless, shortened, table
from ops.dead_letters.domain import FAILURES, Filter, Letter, ReplayOptions, Result
from ops.dead_letters.service import Outcome, Replayer
from ops.dead_letters.store import LetterBox
from shared.contracts.topics import Topic
from shared.messaging.dead_letters.answers import LetterKind
from shared.messaging.dead_letters.dead_letter import LetterState


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The ``dead-letters`` command and its four actions."""
    parser = commands.add_parser("dead-letters", help="events that were given up on")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")

    listing = actions.add_parser("list", help="what there is, or how it groups")
    listing.add_argument("--state", choices=[s.value for s in LetterState], default="open")
    listing.add_argument("--groups", action="store_true", help="one line per group of failures")
    _add_filter(listing)
    listing.set_defaults(run=_list)

    showing = actions.add_parser("show", help="one letter: its history and its event")
    showing.add_argument("event_id")
    showing.set_defaults(run=_show)

    replay = actions.add_parser("replay", help="send letters to their topic again")
    replay.add_argument("event_ids", nargs="*", metavar="EVENT_ID")
    replay.add_argument("--all", action="store_true", help="every open letter the filter admits")
    _add_filter(replay)
    _add_person(replay)
    replay.add_argument(
        "--limit", type=whole(1, 1_000_000), default=100, help="most letters (default: 100)"
    )
    replay.add_argument("--rate", type=number(0, 1000), default=0.0, help="most letters per second")
    replay.add_argument(
        "--wait", type=number(0, 86_400), default=60.0, help="seconds to wait for each wave"
    )
    replay.add_argument("--dry-run", action="store_true", help="only say what would happen")
    replay.add_argument("--force", action="store_true", help="also what was replayed too often")
    replay.add_argument("--even-if-done", action="store_true", help="also what is handled already")
    replay.set_defaults(run=_replay)

    discard = actions.add_parser("discard", help="let a letter go, for good")
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
        choices=[kind.value for kind in LetterKind],
        default="",
        help="refused by our code for good, or blocked on the way and delivered again by itself",
    )


def _add_person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", required=True, help="why; kept in the letter's history")
    actor.add_option(parser, "--by")


def _filter(options: argparse.Namespace, event_ids: tuple[str, ...] = ()) -> Filter:
    return Filter(event_ids, options.topic, options.type, options.fingerprint, options.kind)


def _list(options: argparse.Namespace) -> int:
    connection = stage.connect(options)
    box = LetterBox(connection.tables, connection.clock)
    wanted = _filter(options)
    letters = [found for found in box.by_state(LetterState(options.state)) if wanted.admits(found)]
    if not letters:
        print(f"no {options.state} dead letters")
        return 0
    print(_groups(letters) if options.groups else _lines(letters))
    return 0


def _lines(letters: list[Letter]) -> str:
    rows = [
        (
            letter.event_id,
            letter.event_type,
            letter.kind,
            letter.attempts,
            letter.last_failed_at[:19],
            letter.next_delivery_at[:19],
            letter.fingerprint,
            shortened(letter.cause, 60),
        )
        for letter in letters
    ]
    return table(
        ("event id", "type", "kind", "tries", "last failed", "next delivery", "group", "cause"),
        rows,
    )


def _groups(letters: list[Letter]) -> str:
    counts = Counter(letter.fingerprint for letter in letters)
    example = {letter.fingerprint: letter for letter in letters}
    rows = [
        (count, group, example[group].event_type, shortened(example[group].error, 100))
        for group, count in counts.most_common()
    ]
    return table(("letters", "group", "type", "for example"), rows)


def _show(options: argparse.Namespace) -> int:
    connection = stage.connect(options)
    letter = LetterBox(connection.tables, connection.clock).get(options.event_id)
    facts = [
        ("event id", letter.event_id),
        ("state", letter.state.value),
        ("topic", letter.topic),
        ("type", letter.event_type),
        ("cause", letter.cause),
        ("error", letter.error),
        ("group", letter.fingerprint),
        ("kind", letter.kind),
        ("tries", letter.attempts),
        ("replays", letter.replays),
        ("deliveries", letter.deliveries),
        ("next delivery", letter.next_delivery_at or "only by replay"),
        ("first failed", letter.first_failed_at),
        ("last failed", letter.last_failed_at),
    ]
    for name, value in facts:
        print(f"{name:<14} {harmless(value)}")
    print()
    rows = [(e["at"][:19], e["action"], e["by"], e["reason"]) for e in letter.history]
    print(table(("when", "what", "who", "why"), rows))
    if letter.left_out:
        print(f"({letter.left_out} more in between)")
    print()
    for line in json.dumps(json.loads(letter.original), indent=2).splitlines():
        print(harmless(line))
    return 0


def _replay(options: argparse.Namespace) -> int:
    if bool(options.event_ids) == bool(options.all):
        raise OperatorError("event ids: name some, or say --all with a filter")
    connection = stage.connect(options)
    replayer = Replayer(
        LetterBox(connection.tables, connection.clock),
        tables=connection.tables,
        publisher=connection.publisher,
        clock=connection.clock,
        progress=_told,
    )
    letters = replayer.select(_filter(options, tuple(options.event_ids)), limit=options.limit)
    missing = sorted(set(options.event_ids) - {letter.event_id for letter in letters})
    for event_id in missing:
        print(f"{harmless(event_id)}  is not among the open letters")
    print(f"{len(letters)} selected")
    how = ReplayOptions(
        actor=options.operator,
        reason=options.reason,
        dry_run=options.dry_run,
        force=options.force,
        even_if_done=options.even_if_done,
        per_second=options.rate,
        settle_seconds=options.wait,
    )
    under_way = "letters not named above may be under way: `dead-letters list --state replaying`"
    with noting(lambda: "nothing was sent" if options.dry_run else under_way):
        outcomes = replayer.run(letters, how)
    counts = Counter(outcome.result for outcome in outcomes)
    print(", ".join(f"{count} {result.value}" for result, count in counts.items()) or "nothing")
    bad = FAILURES | {Result.NOT_REACHED, Result.UNREADABLE, Result.TOO_OFTEN}
    return 1 if missing or any(outcome.result in bad for outcome in outcomes) else 0


def _told(outcome: Outcome) -> None:
    remark = f": {shortened(outcome.remark, 100)}" if outcome.remark else ""
    print(f"{harmless(outcome.letter.event_id)}  {outcome.result.value}{remark}", flush=True)


def _discard(options: argparse.Namespace) -> int:
    connection = stage.connect(options)
    box = LetterBox(connection.tables, connection.clock)
    replayer = Replayer(
        box,
        tables=connection.tables,
        publisher=connection.publisher,
        clock=connection.clock,
    )
    status = 0
    for event_id in options.event_ids:
        with noting(lambda: "the letter after those named above may be discarded: `show` tells"):
            done = replayer.discard(
                box.get(event_id), actor=options.operator, reason=options.reason
            )
        told = "discarded" if done else "was changed by somebody else"
        print(f"{harmless(event_id)}  {told}", flush=True)
        status = status if done else 1
    return status
