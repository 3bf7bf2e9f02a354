"""One HTTP request to a destination: from message and headers to an outcome, never an exception."""

from __future__ import annotations

import asyncio

import httpx

from local.qstash.errors import BadRequestError
from local.qstash.model.drafts import Draft
from local.qstash.model.messages import Outcome
from local.qstash.syntax.destinations import Destinations, Target
from local.qstash.syntax.headers import to_map

_CONNECT_TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 1024 * 1024  # what is kept of an answer; the rest is not read
# Shorter than what servers usually allow (5 s), so that we are the one who hangs up: a request sent into a connection
# that is being closed would count as a failed attempt.
_IDLE_CONNECTION_S = 2.0


class Courier:
    """Delivers over kept-alive connections. Uses the transport below httpx's client, which has no proxies, cookies,
    redirects or headers of its own.
    """

    def __init__(self, destinations: Destinations) -> None:
        self._destinations = destinations
        self._transport = httpx.AsyncHTTPTransport(
            trust_env=False,
            limits=httpx.Limits(
                max_connections=None,
                max_keepalive_connections=100,
                keepalive_expiry=_IDLE_CONNECTION_S,
            ),
        )

    async def deliver(self, draft: Draft, headers: list[tuple[str, str]]) -> Outcome:
        """Send one request and wait for the whole answer, at most as long as the message allows."""
        try:
            request = _request(draft, self._destinations.resolve(draft.url), headers)
        except BadRequestError as error:
            # Accepted under other --route options than this start's.
            return Outcome(error=error.message)
        except httpx.InvalidURL as error:  # a host name that can't be one, with --allow-external
            return Outcome(error=f"invalid destination url: {error}")
        try:
            async with asyncio.timeout(draft.timeout_ms / 1000):
                response = await self._transport.handle_async_request(request)
                try:
                    return await _outcome(response)
                finally:
                    await response.aclose()
        except TimeoutError:
            return Outcome(error=f"timeout after {draft.timeout_ms} ms")
        except (httpx.HTTPError, OSError) as error:
            return Outcome(error=f"{type(error).__name__}: {error}")

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


def _request(draft: Draft, target: Target, headers: list[tuple[str, str]]) -> httpx.Request:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return httpx.Request(
        draft.method,
        f"{target.scheme}://{host}:{target.port}/",
        headers=[
            (b"Host", target.host_header.encode("ascii")),
            (b"Content-Length", str(len(draft.body)).encode("ascii")),
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in headers),
        ],
        content=draft.body,
        extensions={
            # The path as published, byte for byte; httpx would tidy it up.
            "target": target.path_and_query.encode("ascii"),
            "timeout": {"connect": _CONNECT_TIMEOUT_S},
        },
    )


async def _outcome(response: httpx.Response) -> Outcome:
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) >= MAX_ANSWER_BYTES:
            break
    headers = to_map(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw
    )
    return Outcome(response.status_code, headers, bytes(body[:MAX_ANSWER_BYTES]))
