"""From a file's bytes to the bytes that are sent. Nothing here reads or sends."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from shared.kernel.clock import iso


class DraftError(Exception):
    """What was given is no event, or cannot be changed as was asked; the message names where."""


_AS_IT_IS = "`--raw` sends it as it is, to see it refused"


def event_in(content: bytes, name: str) -> dict[str, Any]:
    """The event in a file.

    Args:
        name: what to call the file in an error.

    Raises:
        DraftError: when it is not a JSON object.
    """
    try:
        event = json.loads(content, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise DraftError(f"{name} is not UTF-8 text ({error.reason}); {_AS_IT_IS}") from error
    except (ValueError, RecursionError) as error:
        raise DraftError(f"{name} is not JSON: {error}; {_AS_IT_IS}") from error
    if not isinstance(event, dict):
        raise DraftError(f"{name} holds no JSON object; {_AS_IT_IS}")
    return event


def renewed(event: dict[str, Any], now: datetime, new_id: Callable[[], str]) -> dict[str, Any]:
    """The event as a new one: its id was never sent before."""
    return {**event, "eventId": new_id(), "timestamp": iso(now)}


def with_changes(event: dict[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """The event with other values: ``payload.items.0.quantity=3``.

    A value is JSON if it can be read as such, and text otherwise. Where the correlation id was the
    order's id, it follows it.

    Raises:
        DraftError: naming the part of the path that does not exist.
    """
    changed: dict[str, Any] = json.loads(json.dumps(event))
    before = _order_id(changed)
    for change in changes:
        path, equals, text = change.partition("=")
        if not equals or not all(path.split(".")):
            raise DraftError(f"--set {change}: must be PATH=VALUE, as in payload.orderId=ord_1")
        _put(changed, path.split("."), _value(text))
    mentioned = any(change.startswith("correlationId=") for change in changes)
    if before is not None and changed.get("correlationId") == before and not mentioned:
        changed["correlationId"] = _order_id(changed)
    return changed


def encoded(event: dict[str, Any]) -> bytes:
    """The event as it travels."""
    return json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _order_id(event: dict[str, Any]) -> Any:
    payload = event.get("payload")
    return payload.get("orderId") if isinstance(payload, dict) else None


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return text


def _put(target: Any, path: Sequence[str], value: Any) -> None:
    *parents, last = path
    for depth, name in enumerate(parents):
        target = _child(target, name, ".".join(path[: depth + 1]))
    if isinstance(target, list):
        target[_position(target, last, ".".join(path))] = value
    elif isinstance(target, dict):
        target[last] = value
    else:
        raise DraftError(f"--set {'.'.join(path)}: {'.'.join(parents)} is a plain value")


def _child(target: Any, name: str, where: str) -> Any:
    if isinstance(target, list):
        return target[_position(target, name, where)]
    if isinstance(target, dict) and name in target:
        return target[name]
    raise DraftError(f"--set {where}: there is no {name} in the event")


def _position(target: list[Any], name: str, where: str) -> int:
    if not name.isdecimal() or int(name) >= len(target):
        raise DraftError(f"--set {where}: {name} is no position in a list of {len(target)}")
    return int(name)
