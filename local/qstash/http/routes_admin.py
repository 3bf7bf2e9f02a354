"""Signing keys, queues and URL groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.qstash.engine.engine import Engine
from local.qstash.errors import BadRequestError, NotFoundError, QuotaError
from local.qstash.http.json_bodies import text_of
from local.qstash.http.routing import Request, Response, Route
from local.qstash.http.views import group_view, queue_view
from local.qstash.model.plans import Plan
from local.qstash.model.queue import Queue
from local.qstash.state.records import UrlGroup
from local.qstash.syntax.destinations import Destinations
from local.qstash.syntax.names import valid_name


class AdminRoutes:
    """Handlers around everything that outlives a message."""

    def __init__(self, engine: Engine, destinations: Destinations, plan: Plan) -> None:
        self._engine = engine
        self._store = engine.store
        self._destinations = destinations
        self._plan = plan

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
        name = valid_name(text_of(wish.get("queueName"), name="queueName"), what="queue name")
        existing = self._store.queues.get(name)
        self._engine.check_room_for_queue(name)
        now = self._engine.clock.now_ms()
        queue = existing or Queue(name, created_ms=now)
        parallelism, paused = wish.get("parallelism", 1), wish.get("paused", queue.paused)
        if type(parallelism) is not int or parallelism < 1:
            raise BadRequestError("invalid parallelism: expected a positive whole number")
        if not isinstance(paused, bool):
            raise BadRequestError("invalid paused: expected true or false")
        most = self._plan.queue_parallelism
        if parallelism > most:
            raise QuotaError(f"quota maxQueueParallelism exceeded, current limit: {most}")
        self._store.queues.put(name, Queue(name, parallelism, paused, queue.created_ms, now))
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
        group = self._store.groups.get(name)
        if group is None and len(self._store.groups) >= self._plan.url_groups:
            raise QuotaError(f"quota maxUrlGroups exceeded, current limit: {self._plan.url_groups}")
        group = group or UrlGroup(name, now, now)
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
        dispatcher = self._engine.dispatcher
        return Response(
            content={"parallelismMax": dispatcher.slots, "parallelismCount": dispatcher.running}
        )

    def _queue_view(self, queue: Queue) -> dict[str, Any]:
        return queue_view(queue, self._engine.dispatcher.line_length(queue.name))

    def _queue_pausing(self, *, paused: bool) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            # The service knows no 404 here: a queue may be paused before its first message.
            name = valid_name(request.values["name"], what="queue name")
            self._engine.check_room_for_queue(name)
            self._engine.ensure_queue(name)
            queue = self._store.queue(name)
            queue.paused = paused
            queue.updated_ms = self._engine.clock.now_ms()
            self._store.queues.put(queue.name, queue)
            self._engine.wake()
            return Response()

        return handle

    def _find_queue(self, request: Request) -> Queue:
        queue = self._store.queues.get(valid_name(request.values["name"], what="queue name"))
        if queue is None:
            raise NotFoundError(f"queue {request.values['name']} not found")
        return queue

    def _find_group(self, request: Request) -> UrlGroup:
        group = self._store.groups.get(request.values["name"])
        if group is None:
            raise NotFoundError(f"topic {request.values['name']} not found")
        return group


def _endpoints(request: Request) -> list[dict[str, str]]:
    given = request.json_object().get("endpoints")
    if not isinstance(given, list) or not given:
        raise BadRequestError("invalid endpoints: expected a list of at least one")
    return [_endpoint(one) for one in given]


def _endpoint(given: object) -> dict[str, str]:
    if not isinstance(given, dict):
        raise BadRequestError("invalid endpoints: expected objects")
    endpoint = {
        name: text_of(given[name], name=f"endpoint: {name}")
        for name in ("url", "name")
        if given.get(name) is not None
    }
    if not any(endpoint.values()):
        raise BadRequestError("invalid endpoints: each needs a url or a name")
    return endpoint
