"""A queue in front of Lambda, as an ASGI application around the emulator's.

The emulator starts a process for every invocation that finds no idle one. A burst of a hundred
checkouts would start a hundred Python interpreters on two cores, and each would miss its time
limit. The real service has room for a thousand; a laptop has a queue.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_FUNCTION_HOST = re.compile(rb"[a-z0-9-]+\.(lambda-url|execute-api)\.")
_API_HOST = re.compile(rb"[a-z0-9-]+\.execute-api\.")
_FUNCTION_PATH = re.compile(
    r"/_aws/(lambda-url|execute-api)/|/2015-03-31/functions/[^/]+/invocations"
)


class ConcurrencyLimiter:
    """Lets so many invocations run at once; the others wait in the order they came."""

    def __init__(self, application: Application, limit: int) -> None:
        self._application = application
        self._slots = asyncio.Semaphore(limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, at once or when there is room."""
        if scope["type"] == "http":
            # As behind AWS's own TLS: policies that demand it, such as the asset bucket's, hold.
            scope = {**scope, "scheme": "https"}
        if not invokes(scope):
            await self._application(scope, receive, send)
            return
        async with self._slots:
            await self._application(scope, receive, send)


def invokes(scope: Scope) -> bool:
    """Whether the request makes a function run."""
    if scope["type"] != "http":
        return False
    return bool(_FUNCTION_PATH.match(scope["path"])) or _has_host(scope, _FUNCTION_HOST)


def calls_an_api(scope: Scope) -> bool:
    """Whether the request is for an API behind API Gateway."""
    if scope["type"] != "http":
        return False
    return str(scope["path"]).startswith("/_aws/execute-api/") or _has_host(scope, _API_HOST)


def _has_host(scope: Scope, pattern: re.Pattern[bytes]) -> bool:
    hosts = [value for name, value in scope["headers"] if name.lower() == b"host"]
    return any(pattern.match(host.lower()) for host in hosts)
