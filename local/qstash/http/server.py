"""The HTTP side: an ASGI application served by hypercorn on a loopback socket."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import signal
import socket
from dataclasses import replace
from typing import cast

from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from hypercorn.typing import Framework

from local.browser_guard import BrowserGuard, Doors, Receive, Scope, Send
from local.qstash.clock import SystemClock, SystemRandom
from local.qstash.engine.delivery import Courier
from local.qstash.engine.engine import Engine
from local.qstash.engine.publisher import Publisher
from local.qstash.engine.runner import Runner
from local.qstash.engine.scheduler import Scheduler
from local.qstash.errors import (
    ApiError,
    BadRequestError,
    TooLargeError,
    UnauthorizedError,
)
from local.qstash.http.options import Settings
from local.qstash.http.publish_request import PublicationReader
from local.qstash.http.routes_admin import AdminRoutes
from local.qstash.http.routes_dev import HEALTH_PATH, DevRoutes
from local.qstash.http.routes_dlq import DlqRoutes
from local.qstash.http.routes_flow_control import FlowControlRoutes
from local.qstash.http.routes_messages import MessageRoutes
from local.qstash.http.routes_publish import PublishRoutes
from local.qstash.http.routes_schedules import ScheduleRoutes
from local.qstash.http.routing import Request, Response, Router
from local.qstash.model.backoff import Pace
from local.qstash.signing import SigningKeys
from local.qstash.state.store import Store
from local.qstash.syntax.destinations import Destinations
from local.qstash.syntax.headers import RequestHeaders

MAX_REQUEST_BYTES = 100 * 1024 * 1024
_GRACE_S = 2.0
_KEEP_ALIVE_S = 75  # longer than clients keep idle connections, so that they hang up first

_logger = logging.getLogger(__name__)


class App:
    """The ASGI application: authenticates, routes, and turns errors into `{"error": …}`."""

    def __init__(self, router: Router, token: str) -> None:
        self._router = router
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request, or hypercorn's start and stop."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            await _refuse_websocket(receive, send)
        else:
            response = await self._respond(scope, receive)
            body = response.encoded()
            headers = [(b"content-length", str(len(body)).encode())]
            if body:
                headers.append((b"content-type", b"application/json"))
            start = {"type": "http.response.start", "status": response.status, "headers": headers}
            await send(start)
            await send({"type": "http.response.body", "body": body})

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        try:
            request = await _read(scope, receive)
            if request.path != HEALTH_PATH:
                self._authorize(request)
            handler, values = self._router.find(request.method, request.path)
            return handler(replace(request, values=values))
        except ApiError as error:
            return Response(error.status, {"error": error.message})
        except Exception:
            # A bug of this server's: its client hears 500 as from the service, the log has the rest.
            _logger.exception("a request broke: %s", scope["path"])
            return Response(500, {"error": "internal server error"})

    def _authorize(self, request: Request) -> None:
        scheme, _, bearer = (request.headers.get("authorization") or "").partition(" ")
        given = bearer.strip() if scheme.lower() == "bearer" else request.parameter("qstash_token")
        if not given or not hmac.compare_digest(given.encode(), self._token):
            raise UnauthorizedError("unauthorized: missing or invalid token")


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    clock, random = SystemClock(), SystemRandom()
    pace = Pace(settings.time_scale)
    destinations = Destinations(settings.routes, allow_external=settings.allow_external)
    first_keys = SigningKeys(settings.current_signing_key, settings.next_signing_key)
    store = Store.open(
        settings.state_file,
        first_keys,
        dead_letter_retention_ms=settings.plan.dead_letter_retention_ms,
    )
    engine = Engine(
        store=store,
        clock=clock,
        random=random,
        pace=pace,
        parallelism=settings.parallelism,
        region=settings.region,
        plan=settings.plan,
    )
    publisher = Publisher(engine, destinations)
    scheduler = Scheduler(engine, publisher)
    reader = PublicationReader(destinations, pace, settings.plan)
    courier = Courier(destinations)
    runner = Runner(engine, scheduler, courier)
    schedules = ScheduleRoutes(engine, reader, scheduler, settings.plan)
    router = Router(
        [
            *PublishRoutes(engine, reader, publisher, schedules).routes(),
            *schedules.routes(),
            *MessageRoutes(engine).routes(),
            *DlqRoutes(engine, reader).routes(),
            *AdminRoutes(engine, destinations, settings.plan).routes(),
            *FlowControlRoutes(engine).routes(),
            *DevRoutes(engine, runner).routes(),
        ]
    )
    listener = _listen(settings.host, settings.port)
    settings.announce(listener.getsockname()[1])
    working = asyncio.create_task(runner.run())
    try:
        # The development token is public, so any web page knows it.
        guarded = BrowserGuard(App(router, settings.token), Doors())
        await _serve_http(guarded, listener, working)
    finally:
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        await runner.drain(_GRACE_S)
        await courier.aclose()
        store.close()


async def _serve_http(
    app: BrowserGuard, listener: socket.socket, working: asyncio.Task[None]
) -> None:
    """Serve until a signal comes or the runner breaks, in which case its error is raised."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    working.add_done_callback(lambda _task: stop.set())
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.errorlog = None
    config.include_server_header = False
    config.keep_alive_timeout = _KEEP_ALIVE_S
    config.keep_alive_max_requests = 1_000_000
    config.graceful_timeout = _GRACE_S
    await hypercorn_serve(cast("Framework", app), config, shutdown_trigger=stop.wait, mode="asgi")
    if working.done():
        await working


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    # A restarted server must get its port back although old connections linger.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(1024)
    return listener


async def _read(scope: Scope, receive: Receive) -> Request:
    body = bytearray()
    more = True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            # Half a body must not be taken for a whole one.
            raise BadRequestError("the connection was closed before the request was complete")
        body += event["body"]
        if len(body) > MAX_REQUEST_BYTES:
            raise TooLargeError(f"request exceeds {MAX_REQUEST_BYTES} bytes")
        more = event["more_body"]
    return Request(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=RequestHeaders(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
        ),
        body=bytes(body),
        client_ip=scope["client"][0] if scope["client"] else "",
    )


async def _refuse_websocket(receive: Receive, send: Send) -> None:
    # Closed before it was accepted, which the client sees as 403; not answering at all would be a 500.
    await receive()
    await send({"type": "websocket.close"})


async def _lifespan(receive: Receive, send: Send) -> None:
    for phase in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{phase}.complete"})
