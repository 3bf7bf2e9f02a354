"""What the functions logged, read where they log: CloudWatch Logs of the emulator."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from commandline.text import harmless, harmless_lines
from local.terminal import Terminal

_PREFIX = "/aws/lambda/order-pipeline-local-"
_POLL_SECONDS = 1.0
# What the platform writes around every invocation.
_PLATFORM = ("START RequestId:", "END RequestId:", "REPORT RequestId:")
_COLOURS = {"ERROR": "red", "CRITICAL": "red", "WARNING": "yellow", "DEBUG": "dim"}


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One line of one function."""

    milliseconds: int
    function: str
    message: str


def read(logs: Any, since: int) -> list[Entry]:
    """All lines from this moment (milliseconds since 1970) on, of all functions, in order."""
    entries = [
        Entry(event["timestamp"], group.removeprefix(_PREFIX), event["message"].rstrip("\n"))
        for group in _groups(logs)
        for event in _events(logs, group, since)
    ]
    # A stable sort: lines of one invocation carry one time and must keep their order.
    return sorted(entries, key=lambda entry: entry.milliseconds)


def show(logs: Any, terminal: Terminal, *, follow: bool) -> None:
    """Print the lines, and those to come if asked to follow."""
    since, shown = 0, set[Entry]()
    while True:
        fresh = [entry for entry in read(logs, since) if entry not in shown]
        for entry in fresh:
            text = line(entry, terminal)
            if text:
                terminal.line(text)
        if not follow:
            return
        if fresh:
            since = fresh[-1].milliseconds
            shown = {entry for entry in [*shown, *fresh] if entry.milliseconds >= since}
        time.sleep(_POLL_SECONDS)


def line(entry: Entry, terminal: Terminal) -> str:
    """One structured line as a person reads it; nothing for metrics and the platform's own."""
    if entry.message.startswith(_PLATFORM) or not entry.message.strip():
        return ""
    try:
        fields = json.loads(entry.message)
    except ValueError:
        return _plain(entry)
    if isinstance(fields, dict) and "_aws" in fields:
        return ""  # a metric in CloudWatch's embedded format
    if not isinstance(fields, dict) or "message" not in fields:
        return _plain(entry)
    level = str(fields.get("level", ""))
    moment = str(fields.get("timestamp", ""))
    ids = [
        str(fields[name]) for name in ("eventId", "event_id", "correlation_id") if name in fields
    ]
    words = [moment, level.ljust(7), entry.function, str(fields["message"]), *ids]
    text = harmless("  ".join(words))
    colour = _COLOURS.get(level)
    return terminal.paint(text, colour) if colour else text


def _plain(entry: Entry) -> str:
    return harmless_lines(f"{entry.function}  {entry.message}")


def _groups(logs: Any) -> Iterator[str]:
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=_PREFIX):
        yield from (group["logGroupName"] for group in page["logGroups"])


def _events(logs: Any, group: str, since: int) -> Iterator[dict[str, Any]]:
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since)
    for page in pages:
        yield from page["events"]
