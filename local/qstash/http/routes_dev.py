"""`/_dev/…`: what only a development server has. Demos read the delivery log, chaos tests turn the knobs."""

from __future__ import annotations

from collections.abc import Callable

from local.qstash.engine.engine import Engine
from local.qstash.engine.runner import MAX_COPIES, Runner
from local.qstash.errors import BadRequestError
from local.qstash.http.routing import Request, Response, Route, page
from local.qstash.http.views import delivery_view
from local.qstash.state.store import DELIVERY_CAPACITY
from local.qstash.syntax.durations import parse_count

HEALTH_PATH = "/_dev/health"
_DELIVERY_FILTERS = ("messageId", "eventId", "eventType", "url", "status")
_DELIVERY_PARAMETERS = frozenset({*_DELIVERY_FILTERS, "after", "count", "qstash_token"})


class DevRoutes:
    """Handlers of the extra endpoints."""

    def __init__(self, engine: Engine, runner: Runner) -> None:
        self._engine = engine
        self._runner = runner

    def routes(self) -> list[Route]:
        """List the endpoints."""
        return [
            Route("GET", HEALTH_PATH, self.health),
            Route("POST", "/_dev/reset", self.reset),
            Route("GET", "/_dev/deliveries", self.deliveries),
            Route("POST", "/_dev/duplicate", self.duplicate),
            Route("POST", "/_dev/hurry", self.hurry),
            Route("POST", "/_dev/pause", self._pausing(paused=True)),
            Route("POST", "/_dev/resume", self._pausing(paused=False)),
        ]

    def health(self, _request: Request) -> Response:
        """Show that the server runs and how busy it is; `idle` means that nothing is left to deliver."""
        dispatcher, store = self._engine.dispatcher, self._engine.store
        unfinished = len(store.unfinished())
        return Response(
            content={
                "status": "ok",
                "paused": dispatcher.paused,
                "copies": self._runner.copies,
                "idle": unfinished == 0,
                "unfinished": unfinished,
                "due": dispatcher.due(self._engine.clock.now_ms()),
                "inFlight": dispatcher.running,
                "deadLetters": len(store.dead_letters),
            }
        )

    def reset(self, _request: Request) -> Response:
        """Return to the state of a first start: no messages, the first keys, no chaos."""
        self._engine.reset()
        self._runner.copies = 1
        return Response()

    def deliveries(self, request: Request) -> Response:
        """List requests made to destinations, oldest first; `after` continues behind an entry's number."""
        after = parse_count(request.parameter("after") or "0", name="after")
        for name, _value in request.parameters:
            if name not in _DELIVERY_PARAMETERS:
                raise BadRequestError(f"unknown filter: {name}")
        wanted = {name: request.parameter(name) for name in _DELIVERY_FILTERS}
        views = (
            (number, delivery_view(number, delivery))
            for number, delivery in self._engine.store.deliveries.oldest_first()
            if number > after
        )
        matching = (
            (number, view)
            for number, view in views
            if all(text is None or str(view[name]) == text for name, text in wanted.items())
        )
        found, _more = page(request, matching, limit=DELIVERY_CAPACITY)
        return Response(content={"deliveries": found})

    def duplicate(self, request: Request) -> Response:
        """Make every attempt from now on `copies` concurrent requests; 1 switches it off."""
        copies = request.json_object().get("copies")
        if type(copies) is not int or not 1 <= copies <= MAX_COPIES:
            raise BadRequestError(f'expected {{"copies": 1 to {MAX_COPIES}}}')
        self._runner.copies = copies
        return Response(content={"copies": copies})

    def hurry(self, _request: Request) -> Response:
        """Deliver now what waits for later: delays, and pauses before a retry."""
        messages = self._engine.dispatcher.hurry()
        self._engine.wake()
        return Response(content={"messages": messages})

    def _pausing(self, *, paused: bool) -> Callable[[Request], Response]:
        def handle(_request: Request) -> Response:
            self._engine.dispatcher.paused = paused
            self._engine.wake()
            return Response(content={"paused": paused})

        return handle
