"""Which names the service accepts for what its users name: queues, schedules, groups, labels, flow-control keys."""

from __future__ import annotations

import re

from local.qstash.errors import BadRequestError

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_SHOWN = 80


def valid_name(name: str, *, what: str) -> str:
    """Return the name if it's acceptable; a client error says what it is the name of."""
    if not _NAME.fullmatch(name):
        raise BadRequestError(
            f"invalid {what} {name[:_SHOWN]!r}: "
            "only alphanumeric, hyphen, underscore and period are allowed"
        )
    return name


def valid_deduplication_id(text: str) -> str:
    """Return the id if it's acceptable: anything without a colon."""
    if ":" in text:
        raise BadRequestError("DeduplicationId cannot contain ':'")
    return text
