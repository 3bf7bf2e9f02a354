"""Requests, answers, and the table from method and raw path to the function that answers.

Paths are matched as they came over the wire: a destination inside a path keeps its `//` and its escapes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote

from local.qstash.errors import BadRequestError, MethodNotAllowedError, NotFoundError
from local.qstash.http.json_bodies import parse_json
from local.qstash.syntax.durations import parse_count
from local.qstash.syntax.headers import RequestHeaders

Position = TypeVar("Position")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, read completely. `path` and `query` are raw."""

    method: str
    path: str
    query: str
    headers: RequestHeaders
    body: bytes
    client_ip: str
    values: dict[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The decoded query, empty values included: `?dlqIds=` is not the same as no `dlqIds`."""
        return parse_qsl(self.query, keep_blank_values=True)

    def parameter(self, name: str) -> str | None:
        """Return a query parameter's first value."""
        return next((value for key, value in self.parameters if key == name), None)

    def json_object(self) -> dict[str, Any]:
        """Parse the body as a JSON object."""
        content = parse_json(self.body or b"{}", what="body")
        if not isinstance(content, dict):
            raise BadRequestError("invalid body: expected a JSON object")
        return content


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: JSON, or nothing."""

    status: int = 200
    content: Any = None

    def encoded(self) -> bytes:
        """Return the body's bytes."""
        if self.content is None:
            return b""
        text = json.dumps(self.content, separators=(",", ":"), ensure_ascii=False)
        return text.encode("utf-8", "replace")


Handler = Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """A path pattern: literal segments, `{name}` for one segment, `{*name}` for the literal rest.

    A trailing slash is as good as none, unless the route is `exact`: on a bulk change, it's rather an id that is empty.
    """

    method: str
    pattern: str
    handler: Handler
    exact: bool = False

    def lacks_id(self, path: str) -> bool:
        """Tell whether the path is a bulk change's with an empty id behind it."""
        return self.exact and path.endswith("/") and self._match(path[:-1]) is not None

    def match(self, path: str) -> dict[str, str] | None:
        """Return the values of the placeholders, None if the path doesn't fit."""
        values = self._match(path)
        if values is None and not self.exact and path.endswith("/"):
            return self._match(path[:-1])
        return values

    def _match(self, path: str) -> dict[str, str] | None:
        values: dict[str, str] = {}
        rest = path
        for segment in self.pattern.split("/")[1:]:
            if not rest.startswith("/"):
                return None
            rest = rest[1:]
            if segment.startswith("{*"):
                values[segment[2:-1]] = rest
                return values
            head, slash, tail = rest.partition("/")
            rest = slash + tail
            if segment.startswith("{") and head:
                values[segment[1:-1]] = unquote(head)
            elif segment != head:
                return None
        return None if rest else values


class Router:
    """Finds the handler of a request."""

    def __init__(self, routes: list[Route]) -> None:
        self._routes = routes

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, str]]:
        """Return the handler and the values in the path; raises 404 or 405."""
        known_path = False
        for route in self._routes:
            values = route.match(path)
            if values is not None:
                if route.method == method:
                    return route.handler, values
                known_path = True
        if any(route.method == method and route.lacks_id(path) for route in self._routes):
            raise NotFoundError("not found: the id is empty")
        if known_path:
            raise MethodNotAllowedError(f"{method} isn't allowed here")
        raise NotFoundError("not found")


def page(
    request: Request,
    items: Iterable[tuple[Position, Item]],
    *,
    limit: int,
    accepted: int | None = None,
) -> tuple[list[Item], Position | None]:
    """Cut a page off the start of (position, item) pairs.

    The second value is the last item's position if more follow; sent back as `cursor`, it says where to go on.
    A `count` above the limit is refused, or up to `accepted` just yields a page of the limit's size.
    """
    text = request.parameter("count")
    size = limit if text is None else parse_count(text, name="count")
    most = limit if accepted is None else accepted
    if not 0 < size <= most:
        raise BadRequestError(f"invalid count: expected 1 to {most}")
    return cut_page(items, min(size, limit))


def cut_page(
    items: Iterable[tuple[Position, Item]], size: int
) -> tuple[list[Item], Position | None]:
    """Cut a page of this size; see `page`."""
    cut = list(islice(items, size + 1))
    more = len(cut) > size
    return [item for _, item in cut[:size]], cut[size - 1][0] if more else None
