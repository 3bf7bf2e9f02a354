"""Flow-control keys: look, pause, pin."""

from __future__ import annotations

from collections.abc import Callable

from local.qstash.engine.engine import Engine
from local.qstash.errors import BadRequestError, NotFoundError
from local.qstash.http.option_values import check_period
from local.qstash.http.routing import Request, Response, Route
from local.qstash.http.views import flow_key_view
from local.qstash.model.flow_control import FlowKey
from local.qstash.syntax.durations import SECOND_MS, parse_bool, parse_count
from local.qstash.syntax.names import valid_name


class FlowControlRoutes:
    """Handlers around flow-control keys. A change names a key into being: it may be paused or pinned before its
    first message.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._store = engine.store

    def routes(self) -> list[Route]:
        """List the endpoints."""
        return [
            Route("GET", "/v2/globalParallelism", self.global_parallelism),
            Route("GET", "/v2/flowControl", self.list_keys),
            Route("GET", "/v2/flowControl/{key}", self.get_key),
            Route("POST", "/v2/flowControl/{key}/pause", self._pausing(paused=True)),
            Route("POST", "/v2/flowControl/{key}/resume", self._pausing(paused=False)),
            Route("POST", "/v2/flowControl/{key}/pin", self.pin),
            Route("POST", "/v2/flowControl/{key}/unpin", self.unpin),
            Route("POST", "/v2/flowControl/{key}/resetRate", self.reset_rate),
        ]

    def global_parallelism(self, _request: Request) -> Response:
        """Show how many deliveries run and may run at once."""
        dispatcher = self._engine.dispatcher
        return Response(
            content={"parallelismMax": dispatcher.slots, "parallelismCount": dispatcher.running}
        )

    def list_keys(self, request: Request) -> Response:
        """List all keys, or those that have the text of `search` in their names."""
        part = request.parameter("search") or ""
        keys = [self._view(key) for key in self._store.flow_keys() if part in key.key]
        return Response(content=keys)

    def get_key(self, request: Request) -> Response:
        """Show one key."""
        state = self._store.known_flow_key(request.values["key"])
        if state is None:
            raise NotFoundError(f"flow control key {request.values['key']} not found")
        return Response(content=self._view(state))

    def pin(self, request: Request) -> Response:
        """Fix limits, whatever messages say; a new rate period begins."""
        state = self._named(request)
        parallelism, rate = request.parameter("parallelism"), request.parameter("rate")
        period = request.parameter("period")
        if parallelism is None and rate is None:
            raise BadRequestError("nothing to pin: expected parallelism or rate")
        if period is not None and rate is None:
            raise BadRequestError("invalid period: it needs a rate")
        most = None if parallelism is None else _at_least_one(parallelism, "parallelism")
        per_period = None if rate is None else _at_least_one(rate, "rate")
        period_ms = check_period(parse_count(period or "1", name="period") * SECOND_MS)
        if most is not None:
            state.parallelism, state.pinned_parallelism = most, True
        if per_period is not None:
            state.rate, state.period_ms, state.pinned_rate = per_period, period_ms, True
        state.reset_rate(self._engine.clock.now_ms())
        return self._saved(state)

    def unpin(self, request: Request) -> Response:
        """Let messages determine the limits again; the present ones stay until the next message."""
        state = self._named(request)
        parallelism = parse_bool(request.parameter("parallelism") or "false", name="parallelism")
        rate = parse_bool(request.parameter("rate") or "false", name="rate")
        state.pinned_parallelism = state.pinned_parallelism and not parallelism
        state.pinned_rate = state.pinned_rate and not rate
        return self._saved(state)

    def reset_rate(self, request: Request) -> Response:
        """Begin a new rate period now."""
        state = self._named(request)
        state.reset_rate(self._engine.clock.now_ms())
        return self._saved(state)

    def _pausing(self, *, paused: bool) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            state = self._named(request)
            state.paused = paused
            return self._saved(state)

        return handle

    def _named(self, request: Request) -> FlowKey:
        """Return the key's state, or a new one that counts only once it is saved."""
        key = valid_name(request.values["key"], what="flow control key")
        return self._store.known_flow_key(key) or FlowKey(key)

    def _saved(self, state: FlowKey) -> Response:
        self._store.save_flow_key(state)
        self._engine.wake()
        return Response()

    def _view(self, state: FlowKey) -> dict[str, object]:
        return flow_key_view(state, self._engine.dispatcher.waiting_on(state.key))


def _at_least_one(text: str, name: str) -> int:
    count = parse_count(text, name=name)
    if count < 1:
        raise BadRequestError(f"invalid {name}: must be positive")
    return count
