"""Signing keys, queues, URL groups and flow-control keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.qstash.destinations import Destinations
from local.qstash.durations import SECOND_MS, parse_bool, parse_count
from local.qstash.engine import Engine
from local.qstash.errors import BadRequestError, NotFoundError
from local.qstash.flow_control import FlowKey
from local.qstash.lanes import Queue
from local.qstash.publication import valid_name
from local.qstash.records import UrlGroup
from local.qstash.routing import Request, Response, Route
from local.qstash.views import flow_key_view, group_view, queue_view


class AdminRoutes:
    """Handlers around everything that outlives a message."""

    def __init__(self, engine: Engine, destinations: Destinations) -> None:
        self._engine = engine
        self._store = engine.store
        self._destinations = destinations

    def routes(self) -> list[Route]:
        """List the endpoints."""
        return [
            Route("GET", "/v2/keys", self.keys),
            Route("POST", "/v2/keys/rotate", self.rotate_keys),
            Route("GET", "/v2/queues", self.list_queues),
            Route("POST", "/v2/queues", self.upsert_queue),
            Route("GET", "/v2/queues/{name}", self.get_queue),
            Route("DELETE", "/v2/queues/{name}", self.delete_queue),
            Route("POST", "/v2/queues/{name}/pause", self._queue_pausing(paused=True)),
            Route("POST", "/v2/queues/{name}/resume", self._queue_pausing(paused=False)),
            Route("GET", "/v2/topics", self.list_groups),
            Route("GET", "/v2/topics/{name}", self.get_group),
            Route("DELETE", "/v2/topics/{name}", self.delete_group),
            Route("POST", "/v2/topics/{name}/endpoints", self.upsert_endpoints),
            Route("DELETE", "/v2/topics/{name}/endpoints", self.remove_endpoints),
            Route("GET", "/v2/globalParallelism", self.global_parallelism),
            Route("GET", "/v2/flowControl/{key}", self.get_flow_key),
            Route("POST", "/v2/flowControl/{key}/pause", self._flow_pausing(paused=True)),
            Route("POST", "/v2/flowControl/{key}/resume", self._flow_pausing(paused=False)),
            Route("POST", "/v2/flowControl/{key}/pin", self.pin_flow_key),
            Route("POST", "/v2/flowControl/{key}/unpin", self.unpin_flow_key),
            Route("POST", "/v2/flowControl/{key}/resetRate", self.reset_rate),
        ]

    def keys(self, _request: Request) -> Response:
        """Show the signing keys."""
        keys = self._store.keys
        return Response(content={"current": keys.current, "next": keys.next})

    def rotate_keys(self, request: Request) -> Response:
        """Promote the next key; messages that wait are signed with it, too."""
        self._store.replace_keys(self._store.keys.rotated(self._engine.random))
        return self.keys(request)

    def list_queues(self, _request: Request) -> Response:
        """List all queues."""
        return Response(content=[self._queue_view(queue) for queue in self._store.queues])

    def get_queue(self, request: Request) -> Response:
        """Show one queue."""
        return Response(content=self._queue_view(self._find_queue(request)))

    def upsert_queue(self, request: Request) -> Response:
        """Create a queue or change its parallelism and pause."""
        wish = request.json_object()
        name = valid_name(str(wish.get("queueName", "")), what="queue name")
        parallelism, paused = wish.get("parallelism", 1), wish.get("paused", False)
        if type(parallelism) is not int or parallelism < 1 or not isinstance(paused, bool):
            raise BadRequestError("invalid queue: parallelism must be positive, paused a boolean")
        now = self._engine.clock.now_ms()
        existing = self._store.queues.get(name)
        created = existing.created_ms if existing else now
        self._store.queues.put(name, Queue(name, parallelism, paused, created, now))
        self._engine.wake()
        return Response()

    def delete_queue(self, request: Request) -> Response:
        """Delete a queue's settings, also of an absent one; messages still in line are delivered in order."""
        self._store.queues.delete(request.values["name"])
        self._engine.wake()
        return Response()

    def list_groups(self, _request: Request) -> Response:
        """List all URL groups."""
        return Response(content=[group_view(group) for group in self._store.groups])

    def get_group(self, request: Request) -> Response:
        """Show one URL group."""
        return Response(content=group_view(self._find_group(request)))

    def delete_group(self, request: Request) -> Response:
        """Delete a URL group, also an absent one."""
        self._store.groups.delete(request.values["name"])
        return Response()

    def upsert_endpoints(self, request: Request) -> Response:
        """Add endpoints to a group or rename them; creates the group."""
        name = valid_name(request.values["name"], what="URL group name")
        now = self._engine.clock.now_ms()
        group = self._store.groups.get(name) or UrlGroup(name, now, now)
        endpoints = {endpoint["url"]: endpoint for endpoint in group.endpoints}
        for endpoint in _endpoints(request):
            if "url" not in endpoint:
                raise BadRequestError("invalid endpoint: url is missing")
            self._destinations.check(endpoint["url"])
            endpoints[endpoint["url"]] = endpoint
        self._store.groups.put(
            name, UrlGroup(name, group.created_ms, now, list(endpoints.values()))
        )
        return Response()

    def remove_endpoints(self, request: Request) -> Response:
        """Remove endpoints by URL or name; a group without endpoints ceases to exist."""
        group = self._find_group(request)
        gone = _endpoints(request)
        urls = {endpoint["url"] for endpoint in gone if "url" in endpoint}
        names = {endpoint["name"] for endpoint in gone if "name" in endpoint}
        left = [e for e in group.endpoints if e["url"] not in urls and e.get("name") not in names]
        if left:
            now = self._engine.clock.now_ms()
            self._store.groups.put(group.name, UrlGroup(group.name, group.created_ms, now, left))
        else:
            self._store.groups.delete(group.name)
        return Response()

    def global_parallelism(self, _request: Request) -> Response:
        """Show how many deliveries run and may run at once."""
        lanes = self._engine.lanes
        return Response(content={"parallelismMax": lanes.slots, "parallelismCount": lanes.running})

    def get_flow_key(self, request: Request) -> Response:
        """Show one flow-control key."""
        state = self._find_flow_key(request)
        return Response(content=flow_key_view(state, self._engine.lanes.waiting_on(state.key)))

    def pin_flow_key(self, request: Request) -> Response:
        """Fix limits, whatever messages say."""
        state = self._find_flow_key(request)
        parallelism, rate = request.parameter("parallelism"), request.parameter("rate")
        period = request.parameter("period")
        if parallelism is None and rate is None:
            raise BadRequestError("nothing to pin: expected parallelism or rate")
        if parallelism is not None:
            state.parallelism = _at_least_one(parallelism, "parallelism")
            state.pinned_parallelism = True
        if rate is not None:
            state.rate = _at_least_one(rate, "rate")
            state.period_ms = _at_least_one(period or "1", "period") * SECOND_MS
            state.pinned_rate = True
            state.reset_rate(self._engine.clock.now_ms())
        return self._saved(state)

    def unpin_flow_key(self, request: Request) -> Response:
        """Let messages determine the limits again; the present ones stay until the next message."""
        state = self._find_flow_key(request)
        if parse_bool(request.parameter("parallelism") or "false", name="parallelism"):
            state.pinned_parallelism = False
        if parse_bool(request.parameter("rate") or "false", name="rate"):
            state.pinned_rate = False
        return self._saved(state)

    def reset_rate(self, request: Request) -> Response:
        """Begin a new rate period now."""
        state = self._find_flow_key(request)
        state.reset_rate(self._engine.clock.now_ms())
        return self._saved(state)

    def _queue_view(self, queue: Queue) -> dict[str, Any]:
        return queue_view(queue, self._engine.lanes.line_length(queue.name))

    def _queue_pausing(self, *, paused: bool) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            queue = self._find_queue(request)
            queue.paused = paused
            queue.updated_ms = self._engine.clock.now_ms()
            self._store.queues.put(queue.name, queue)
            self._engine.wake()
            return Response()

        return handle

    def _flow_pausing(self, *, paused: bool) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            state = self._find_flow_key(request)
            state.paused = paused
            return self._saved(state)

        return handle

    def _saved(self, state: FlowKey) -> Response:
        self._store.save_flow_key(state)
        self._engine.wake()
        return Response()

    def _find_queue(self, request: Request) -> Queue:
        queue = self._store.queues.get(request.values["name"])
        if queue is None:
            raise NotFoundError(f"queue {request.values['name']} not found")
        return queue

    def _find_group(self, request: Request) -> UrlGroup:
        group = self._store.groups.get(request.values["name"])
        if group is None:
            raise NotFoundError(f"topic {request.values['name']} not found")
        return group

    def _find_flow_key(self, request: Request) -> FlowKey:
        state = self._store.known_flow_key(request.values["key"])
        if state is None:
            raise NotFoundError(f"flow control key {request.values['key']} not found")
        return state


def _endpoints(request: Request) -> list[dict[str, str]]:
    given = request.json_object().get("endpoints")
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise BadRequestError("invalid body: expected a list of endpoints")
    return [
        {name: str(one[name]) for name in ("url", "name") if one.get(name) is not None}
        for one in given
    ]


def _at_least_one(text: str, name: str) -> int:
    count = parse_count(text, name=name)
    if count < 1:
        raise BadRequestError(f"invalid {name}: must be positive")
    return count
