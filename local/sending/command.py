"""`python -m local send`: its arguments, and what it prints."""

import argparse
import json
import sys
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
from botocore.exceptions import BotoCoreError

from local.sending import delivery, drafts
from local.sending.delivery import Answer
from local.sending.drafts import DraftError
from local.sending.samples import SAMPLES, on_stack, sample
from local.stack import survey
from local.stack.client import StackClient
from local.stack.home import Home
from local.terminal import Terminal, seconds, standard_output, table
from shared.contracts.topics import Topic

_HEADERS = ("content-type", "retry-after", "upstash-nonretryable-error")
_LONGEST_BODY = 4000


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    add = parser.add_argument
    topics = [topic.value for topic in Topic]
    add("topic", choices=topics, metavar="TOPIC", help=f"whose function: {', '.join(topics)}")
    add("file", metavar="FILE", help="an event, - for standard input, or a sample's name")
    add("--list", action=_Listing, nargs=0, help="show the samples and what they do, and exit")
    add(
        "--set", action="append", default=[], metavar="PATH=VALUE",
        help="another value in it, such as payload.orderId=ord_1 (repeatable)",
    )  # fmt: skip
    add("--keep-id", action="store_true", help="keep eventId and timestamp: send a duplicate")
    add("--raw", action="store_true", help="send the bytes as they are, JSON or not")
    add(
        "--via", choices=("function", "qstash"), default="function",
        help="straight to the function (default), or published through the QStash dev server",
    )  # fmt: skip


class _Listing(argparse.Action):
    """Like --help: it needs no other arguments, and ends the program."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        terminal = standard_output()
        for line in listing():
            terminal.line(line)
        parser.exit()


def run(home: Home, terminal: Terminal, options: argparse.Namespace) -> int:
    """Send one event; 0 if the answer is a success.

    Raises:
        DraftError: when there is nothing that could be sent.
        StackFileError, NotRunningError: when there is no stack, or not all of it runs.
    """
    event, body = _drafted(options)
    stack = survey.running_stack(home)
    client = StackClient.connect(stack)
    try:
        if sample(options.file) is not None and not options.raw:
            body = on_stack(body, client.order_id_for)
        if options.via == "qstash":
            answer = delivery.publish(client, options.topic, body, event)
        else:
            answer = delivery.deliver(client, options.topic, body)
    except (httpx.HTTPError, BotoCoreError) as error:
        raise survey.gone(home, error) from error
    finally:
        client.close()
    for line in report(answer, event, via_qstash=options.via == "qstash"):
        terminal.line(line)
    return 0 if answer.is_success else 1


def listing() -> list[str]:
    """The samples as a table."""
    rows = [["sample", "topic", "type", "shows"]]
    rows += [[each.name, each.topic.value, each.event_type, each.shows] for each in SAMPLES]
    return table(rows)


def report(answer: Answer, event: dict[str, Any], *, via_qstash: bool) -> list[str]:
    """What was sent, what came back, and what QStash makes of it."""
    kind, name = event.get("eventType"), event.get("eventId")
    what = f"{kind} {name}" if isinstance(kind, str) and isinstance(name, str) else "raw bytes"
    way = "published for" if via_qstash else "POST"
    lines = [f"  {what}", f"  {way} {answer.url}", ""]
    lines.append(f"  {answer.status} {_phrase(answer.status)}  {seconds(answer.seconds)}".rstrip())
    lines += [f"  {name}: {answer.headers[name]}" for name in _HEADERS if name in answer.headers]
    lines += ["", *(f"  {line}" for line in _readable(answer.body).splitlines()), ""]
    if not via_qstash:
        lines.append(f"  To QStash this means: {answer.meaning}.")
    elif answer.is_success:
        lines.append("  QStash delivers it; `make logs` shows what becomes of it.")
    else:
        lines.append("  QStash does not take it.")
    return lines


def _drafted(options: argparse.Namespace) -> tuple[dict[str, Any], bytes]:
    content = _content(options.file)
    if options.raw:
        if options.set or options.keep_id:
            raise DraftError("--raw sends the bytes as they are: leave out --set and --keep-id")
        return _if_event(content), content
    event = drafts.event_in(content, options.file)
    if not options.keep_id:
        event = drafts.renewed(event, datetime.now(UTC), lambda: f"evt_{uuid.uuid4().hex}")
    event = drafts.with_changes(event, options.set)
    return event, drafts.encoded(event)


def _content(name: str) -> bytes:
    known = sample(name)
    try:
        if known is not None:
            return known.path.read_bytes()
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise DraftError(
            f"{name} cannot be read: {why}; `python -m local send --list` names the samples"
        ) from error


def _if_event(content: bytes) -> dict[str, Any]:
    try:
        return drafts.event_in(content, "-")
    except DraftError:
        return {}


def _phrase(status: int) -> str:
    return next((known.phrase for known in HTTPStatus if known == status), "")


def _readable(body: bytes) -> str:
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = body.decode("utf-8", "replace")
    return text if len(text) <= _LONGEST_BODY else f"{text[:_LONGEST_BODY]} …"
