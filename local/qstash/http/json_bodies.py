"""JSON as it comes in: a client error for whatever isn't one clear document, never another exception."""

from __future__ import annotations

import json
from typing import Any

from local.qstash.errors import BadRequestError

_MAX_DEPTH = 100  # as deep as no request needs to be, and far from Python's own limit
_SHOWN = 80


def parse_json(body: bytes, *, what: str) -> Any:
    """Parse UTF-8 JSON; equal keys in one object, NaN, infinite numbers and deep nesting are refused.

    A text may still hold half of a surrogate pair; `text_of` refuses it where the text is used.
    """
    try:
        content = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_number,
        )
    except RecursionError as error:
        raise BadRequestError(f"invalid {what}: nested too deeply") from error
    except ValueError as error:  # no JSON, no UTF-8, or a number of thousands of digits
        raise BadRequestError(f"invalid {what}: expected JSON") from error
    # Only many brackets can nest deeply; few of them make the walk unnecessary.
    if body.count(b"[") + body.count(b"{") > _MAX_DEPTH and _is_too_deep(content):
        raise BadRequestError(f"invalid {what}: nested too deeply")
    return content


def text_of(value: object, *, name: str) -> str:
    """Return the value if it's a text that can be written as UTF-8; a client error names it if not."""
    if not isinstance(value, str):
        raise BadRequestError(f"invalid {name}: expected a string")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadRequestError(f"invalid {name}: not Unicode text") from error
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for name, value in pairs:
        if name in content:
            raise BadRequestError(f"invalid body: {name[:_SHOWN]!r} stands twice in one object")
        content[name] = value
    return content


def _constant(name: str) -> Any:
    raise BadRequestError(f"invalid body: {name} isn't JSON")


def _number(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise BadRequestError("invalid body: a number is out of range")
    return number


def _is_too_deep(content: object) -> bool:
    level = [content]
    for _ in range(_MAX_DEPTH):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
    return True
