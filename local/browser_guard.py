"""Keeps web pages out of the servers of a developer's machine, as an ASGI application around another.

A page that a developer has open can make the browser send requests to 127.0.0.1. The credentials of
a local stack are public, so they stop no page. Three headers do, because the browser writes them and
a page cannot:

- ``Host`` names the address that the browser believes it talks to. A page whose own name leads to
  127.0.0.1 for a moment (DNS rebinding) is refused: the name is not one of this server's.
- ``Origin`` names the page that asks. Only the server's own pages, and those the stage lets in
  (CORS), may ask.
- ``Sec-Fetch-Site`` says how far away the page is that caused a request without ``Origin``: an
  image, a script, a form, a link.

Programs send no ``Origin`` and no ``Sec-Fetch-Site``, so they notice nothing.
"""

import ipaddress
import json
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_FORBIDDEN = 403
_MISDIRECTED = 421
# What a browser says of a request that no other site caused: a page of this very server, or the
# person who typed the address.
_OWN_SITES = frozenset({"same-origin", "none"})
_GUARDED = frozenset({"http", "websocket"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered, and with which status."""

    status: int
    reason: str


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine, without asking any resolver."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Doors:
    """Who may knock.

    Args:
        hosts: patterns of names, beside the loopback ones, that this server answers to.
        guests: the pages of other servers that may ask for what this request asks for, such as
            ``http://localhost:5173``.
    """

    hosts: Collection[str] = ()
    guests: Callable[[Scope], Collection[str]] = lambda _scope: ()

    def refusal(self, scope: Scope) -> Refusal | None:
        """Why this request is refused; None when it may pass."""
        headers = _Headers(scope)
        if not self._is_own_host(headers.all("host")):
            return Refusal(_MISDIRECTED, "the Host header does not name this server")
        origins = headers.all("origin")
        if origins:
            if len(origins) == 1 and self._may_ask(origins[0], headers.all("host")[0], scope):
                return None
            return Refusal(_FORBIDDEN, "requests from web pages of other sites are refused")
        if not _OWN_SITES.issuperset(headers.all("sec-fetch-site")):
            return Refusal(_FORBIDDEN, "requests that other sites cause are refused")
        return None

    def _is_own_host(self, given: list[str]) -> bool:
        if len(given) != 1:
            return False
        host = _host_of(given[0])
        # Names below `localhost` belong to the machine too (RFC 6761). The port says nothing: a
        # browser writes the one that it connects to, and a forwarded port is another one here.
        is_loopback_name = is_loopback(host) or host.endswith(".localhost")
        return is_loopback_name or any(fnmatchcase(host, pattern) for pattern in self.hosts)

    def _may_ask(self, origin: str, host: str, scope: Scope) -> bool:
        if origin.lower() in {f"http://{host.lower()}", f"https://{host.lower()}"}:
            return True
        return origin in self.guests(scope)


class BrowserGuard:
    """Answers what a foreign page sends, and hands everything else on."""

    def __init__(self, application: Application, doors: Doors) -> None:
        self._application, self._doors = application, doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, or refuse it without reading it."""
        refusal = self._doors.refusal(scope) if scope["type"] in _GUARDED else None
        if refusal is None:
            await self._application(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
        else:
            await _answer(send, refusal)


class _Headers:
    def __init__(self, scope: Scope) -> None:
        self._pairs = scope["headers"]

    def all(self, wanted: str) -> list[str]:
        return [
            value.decode("latin-1").strip()
            for name, value in self._pairs
            if name.lower() == wanted.encode()
        ]


def _host_of(text: str) -> str:
    """The name in a Host header; empty for what is no host."""
    try:
        parts = urlsplit(f"//{text}")
        # Asking for the port makes sure that it is one.
        host = parts.hostname or "" if parts.port is None or parts.port > 0 else ""
    except ValueError:
        return ""
    # Credentials, a path or a query make it something else than a host.
    return "" if parts.netloc != text or "@" in text else host.rstrip(".")


async def _answer(send: Send, refusal: Refusal) -> None:
    body = json.dumps({"error": refusal.reason}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        # What is left of the request's body is not read: the connection ends here.
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
