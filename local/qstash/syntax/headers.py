"""Header names and values between the wire, the batch JSON and the API's `{"Name": ["value"]}` maps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from local.qstash.errors import BadRequestError
from local.qstash.http.json_bodies import text_of

HeaderMap = dict[str, list[str]]

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SHOWN = 80
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def canonical(name: str) -> str:
    """Spell a header name as the real server shows it: `x-event-id` becomes `X-Event-Id`."""
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


class RequestHeaders:
    """The headers of one publish request or batch item; names are matched in any case.

    Values are kept in their wire form (one character per byte), so whatever bytes came in go out again.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = [(name.lower(), value) for name, value in pairs]

    @classmethod
    def from_json(cls, headers: dict[str, object]) -> RequestHeaders:
        """Take a batch item's headers, refusing what could not stand in an HTTP request."""
        pairs: list[tuple[str, str]] = []
        for name, value in headers.items():
            text = text_of(value, name=f"value of header {canonical(name)[:_SHOWN]!r}")
            pairs.append(_checked(name, text.encode().decode("latin-1").strip()))
        return cls(pairs)

    def names(self) -> list[str]:
        """Return the names that have a value, in lower case."""
        return [name for name, value in self._pairs if value]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def get(self, name: str) -> str | None:
        """Return the first value of a header that isn't empty."""
        wanted = name.lower()
        return next((value for key, value in self._pairs if key == wanted and value), None)

    def with_defaults(self, pairs: Iterable[tuple[str, str]]) -> RequestHeaders:
        """Add headers where they're absent: an option in the query yields to the same option as a header."""
        present = {name for name, _ in self._pairs}
        added = [_checked(name, value) for name, value in pairs if name.lower() not in present]
        return RequestHeaders([*self._pairs, *added])

    def under(self, prefix: str) -> HeaderMap:
        """Collect the headers that start with a prefix, the prefix removed."""
        start = prefix.lower()
        return to_map(
            (name[len(start) :], value)
            for name, value in self._pairs
            if name.startswith(start) and len(name) > len(start)
        )


def _checked(name: str, value: str) -> tuple[str, str]:
    """Refuse what could not stand in an HTTP request, where the request that brought it didn't see to that."""
    if not _TOKEN.fullmatch(name):
        raise BadRequestError(f"invalid header name: {name[:_SHOWN]!r}")
    if _CONTROL.search(value):
        raise BadRequestError(f"invalid value of header {canonical(name)[:_SHOWN]}")
    return name, value


def to_map(pairs: Iterable[tuple[str, str]]) -> HeaderMap:
    """Group pairs into the API's map of lists, names in canonical spelling."""
    headers: HeaderMap = {}
    for name, value in pairs:
        headers.setdefault(canonical(name), []).append(value)
    return headers


def first(headers: HeaderMap, name: str) -> str | None:
    """Return the first value of a header in a map."""
    values = headers.get(canonical(name))
    return values[0] if values else None
