"""Where a delivery may go, and to which socket: loopback and routed hosts, unless told otherwise."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

from local.browser_guard import is_loopback
from local.qstash.errors import BadRequestError

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_SAFE_IN_TARGET = "!#$%&'()*+,/:;=?@[]~|^`{}\"<>"
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Route:
    """Connections to hosts that match the pattern go to this address instead, as plain HTTP."""

    pattern: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Target:
    """How to reach a destination: the socket, and what the request says about host and path."""

    scheme: str
    host: str
    port: int
    host_header: str
    path_and_query: str


def parse_route(text: str) -> Route:
    """Read `PATTERN=HOST:PORT`, as in `*.on.aws=127.0.0.1:4566`; ValueError says what's wrong."""
    pattern, equals, address = text.partition("=")
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (
        pattern
        and equals
        and colon
        and host
        and port.isascii()
        and port.isdigit()
        and 0 < int(port) < 65536
    ):
        raise ValueError(f"expected PATTERN=HOST:PORT, got {text!r}")
    return Route(pattern=pattern.lower(), host=host, port=int(port))


class Destinations:
    """The rule which URLs are allowed, and the map from URL to socket. The first matching route wins."""

    def __init__(self, routes: tuple[Route, ...] = (), *, allow_external: bool = False) -> None:
        self._routes = routes
        self._allow_external = allow_external

    def check(self, url: str) -> None:
        """Refuse a URL that this server would never deliver to."""
        self.resolve(url)

    def resolve(self, url: str) -> Target:
        """Find the socket for a URL. The parsing here is the only one, so check and connection can't differ."""
        parts, host, port = _split(url)
        route = next((r for r in self._routes if fnmatch.fnmatchcase(host, r.pattern)), None)
        scheme = parts.scheme
        if route is not None:
            scheme, connect_host, connect_port = "http", route.host, route.port
        elif self._allow_external or is_loopback(host):
            connect_host, connect_port = host, port
        else:
            raise _invalid(
                f"{host!r} is neither a loopback address nor a routed host, and this server doesn't call out "
                "to the internet (start it with --route or --allow-external)"
            )
        path = quote(parts.path or "/", safe=_SAFE_IN_TARGET)
        query = f"?{quote(parts.query, safe=_SAFE_IN_TARGET)}" if parts.query else ""
        return Target(scheme, connect_host, connect_port, parts.netloc, path + query)


def _split(url: str) -> tuple[SplitResult, str, int]:
    if not url.lower().startswith(("http://", "https://")):
        raise _invalid("endpoint has invalid scheme, add http:// or https://")
    try:
        url.encode()
    except UnicodeEncodeError as error:
        raise _invalid("it isn't Unicode text") from error
    if _FORBIDDEN.search(url):
        raise _invalid("it has a space, a backslash or a control character")
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
    except ValueError as error:
        raise _invalid(str(error)) from error
    host = parts.hostname or ""
    if not host or not host.isascii() or "%" in host:
        raise _invalid("it has no host, or one that isn't plain ASCII")
    if "@" in parts.netloc:
        raise _invalid("credentials in the URL aren't supported, forward an Authorization header")
    return parts, host, port


def _invalid(reason: str) -> BadRequestError:
    return BadRequestError(f"invalid destination url: {reason}")
