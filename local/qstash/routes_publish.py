"""Publish, enqueue, batch and schedules: the ways messages come in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from local.qstash.cron import parse_cron
from local.qstash.drafts import Draft
from local.qstash.engine import Engine, Receipt
from local.qstash.errors import ApiError, BadRequestError, NotFoundError
from local.qstash.headers import RequestHeaders
from local.qstash.publication import PublicationReader, split_query, valid_name
from local.qstash.publisher import Publisher
from local.qstash.records import Schedule
from local.qstash.routing import Request, Response, Route
from local.qstash.scheduler import Scheduler
from local.qstash.views import schedule_view


class PublishRoutes:
    """Handlers that create messages and schedules."""

    def __init__(
        self, engine: Engine, reader: PublicationReader, publisher: Publisher, scheduler: Scheduler
    ) -> None:
        self._engine = engine
        self._reader = reader
        self._publisher = publisher
        self._scheduler = scheduler

    def routes(self) -> list[Route]:
        """List the endpoints."""
        pause, resume = self._pausing(paused=True), self._pausing(paused=False)
        return [
            Route("POST", "/v2/publish/{*destination}", self.publish),
            Route("POST", "/v2/enqueue/{queue}/{*destination}", self.enqueue),
            Route("POST", "/v2/batch", self.batch),
            Route("GET", "/v2/schedules", self.list_schedules),
            Route("GET", "/v2/schedules/{id}", self.get_schedule),
            Route("DELETE", "/v2/schedules/{id}", self.delete_schedule),
            # The API description says POST, both SDKs send PATCH.
            Route("PATCH", "/v2/schedules/{id}/pause", pause),
            Route("POST", "/v2/schedules/{id}/pause", pause),
            Route("PATCH", "/v2/schedules/{id}/resume", resume),
            Route("POST", "/v2/schedules/{id}/resume", resume),
            Route("POST", "/v2/schedules/{*destination}", self.create_schedule),
        ]

    def publish(self, request: Request) -> Response:
        """Publish one message to a URL or a URL group."""
        return self._publish(request, queue=None)

    def enqueue(self, request: Request) -> Response:
        """Publish one message through a FIFO queue."""
        return self._publish(request, queue=valid_name(request.values["queue"], what="queue name"))

    def batch(self, request: Request) -> Response:
        """Publish many messages; one that fails becomes an error element, the others are sent all the same."""
        try:
            items = json.loads(request.body)
        except ValueError as error:
            raise BadRequestError("invalid batch: expected a JSON array") from error
        if not isinstance(items, list):
            raise BadRequestError("invalid batch: expected a JSON array")
        with self._engine.store.batch():
            return Response(content=[self._batch_item(item, request.client_ip) for item in items])

    def create_schedule(self, request: Request) -> Response:
        """Create a schedule, or replace the one with the given id."""
        destination, headers = _destination(request)
        cron = headers.get("upstash-cron")
        if cron is None:
            raise BadRequestError("Upstash-Cron is missing")
        queue = headers.get("upstash-queue-name")
        if queue is not None:
            valid_name(queue, what="queue name")
        schedule_id = headers.get("upstash-schedule-id") or f"scd_{self._engine.random.text(24)}"
        existing = self._engine.store.schedules.get(valid_name(schedule_id, what="schedule id"))
        draft = Draft(body=request.body, caller_ip=request.client_ip, queue=queue)
        self._scheduler.upsert(
            Schedule(
                id=schedule_id,
                destination=destination,
                cron=parse_cron(cron).text,
                created_ms=existing.created_ms if existing else self._engine.clock.now_ms(),
                draft=self._reader.override(draft, headers),
                delay_ms=self._reader.delay_ms(headers),
            )
        )
        return Response(201, {"scheduleId": schedule_id})

    def list_schedules(self, _request: Request) -> Response:
        """List all schedules."""
        return Response(content=[self._view(schedule) for schedule in self._engine.store.schedules])

    def get_schedule(self, request: Request) -> Response:
        """Show one schedule."""
        return Response(content=self._view(self._find(request)))

    def delete_schedule(self, request: Request) -> Response:
        """Delete a schedule; deleting an absent one succeeds, as SDK users rely on."""
        self._engine.store.schedules.delete(request.values["id"])
        return Response()

    def _pausing(self, *, paused: bool) -> Callable[[Request], Response]:
        def handle(request: Request) -> Response:
            self._scheduler.pause(self._find(request), paused=paused)
            return Response()

        return handle

    def _find(self, request: Request) -> Schedule:
        schedule = self._engine.store.schedules.get(request.values["id"])
        if schedule is None:
            raise NotFoundError(f"schedule {request.values['id']} not found")
        return schedule

    def _view(self, schedule: Schedule) -> dict[str, Any]:
        return schedule_view(schedule, self._scheduler.last_states(schedule))

    def _publish(self, request: Request, *, queue: str | None) -> Response:
        destination, headers = _destination(request)
        receipts = self._accept(destination, headers, request.body, request.client_ip, queue=queue)
        each = receipts if isinstance(receipts, list) else [receipts]
        return Response(202 if all(r.deduplicated for r in each) else 201, _answer(receipts))

    def _batch_item(self, item: object, client_ip: str) -> Any:
        try:
            destination, headers, body, queue = _parse_item(item)
            return _answer(self._accept(destination, headers, body, client_ip, queue=queue))
        except ApiError as error:
            return {"error": error.message}

    def _accept(
        self,
        destination: str,
        headers: RequestHeaders,
        body: bytes,
        client_ip: str,
        *,
        queue: str | None,
    ) -> Receipt | list[Receipt]:
        publication = self._reader.read(
            headers,
            body=body,
            caller_ip=client_ip,
            now_ms=self._engine.clock.now_ms(),
            queue=queue,
        )
        return self._publisher.publish(destination, publication)


def _destination(request: Request) -> tuple[str, RequestHeaders]:
    query, options = split_query(request.query)
    destination = request.values["destination"]
    headers = request.headers.with_defaults(options)
    return (f"{destination}?{query}" if query else destination), headers


def _parse_item(item: object) -> tuple[str, RequestHeaders, bytes, str | None]:
    if not isinstance(item, dict):
        raise BadRequestError("invalid batch item: expected an object")
    destination, headers = item.get("destination"), item.get("headers") or {}
    body, queue = item.get("body"), item.get("queue")
    if not isinstance(destination, str):
        raise BadRequestError("invalid batch item: destination must be a string")
    if not isinstance(headers, dict):
        raise BadRequestError("invalid batch item: headers must be an object")
    if not isinstance(body, str | None) or not isinstance(queue, str | None):
        raise BadRequestError("invalid batch item: body and queue must be strings")
    if queue:
        valid_name(queue, what="queue name")
    try:
        content = (body or "").encode()
    except UnicodeEncodeError as error:
        raise BadRequestError("invalid batch item: body isn't Unicode text") from error
    return destination, RequestHeaders.from_json(headers), content, queue or None


def _answer(receipts: Receipt | list[Receipt]) -> Any:
    if isinstance(receipts, list):
        return [_one(receipt) | {"url": receipt.url} for receipt in receipts]
    return _one(receipts)


def _one(receipt: Receipt) -> dict[str, Any]:
    answer: dict[str, Any] = {"messageId": receipt.message_id}
    return answer | {"deduplicated": True} if receipt.deduplicated else answer
