"""Schedules: publishes that repeat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local.qstash.engine.engine import Engine
from local.qstash.engine.scheduler import Scheduler
from local.qstash.errors import BadRequestError, NotFoundError, QuotaError
from local.qstash.http.publish_request import PublicationReader, read_destination
from local.qstash.http.routing import Request, Response, Route
from local.qstash.http.views import schedule_view
from local.qstash.model.plans import Plan
from local.qstash.state.records import Schedule
from local.qstash.syntax import accepted_headers
from local.qstash.syntax.accepted_headers import refuse_unsupported
from local.qstash.syntax.cron import parse_cron
from local.qstash.syntax.names import valid_deduplication_id, valid_name


class ScheduleRoutes:
    """Handlers around schedules."""

    def __init__(
        self, engine: Engine, reader: PublicationReader, scheduler: Scheduler, plan: Plan
    ) -> None:
        self._engine = engine
        self._reader = reader
        self._scheduler = scheduler
        self._plan = plan

    def routes(self) -> list[Route]:
        """List the endpoints."""
        pause, resume = self._pausing(paused=True), self._pausing(paused=False)
        return [
            Route("GET", "/v2/schedules", self.list_schedules),
            Route("GET", "/v2/schedules/{id}", self.get_schedule),
            Route("DELETE", "/v2/schedules/{id}", self.delete_schedule),
            # The API description says POST, both SDKs send PATCH.
            Route("PATCH", "/v2/schedules/{id}/pause", pause),
            Route("POST", "/v2/schedules/{id}/pause", pause),
            Route("PATCH", "/v2/schedules/{id}/resume", resume),
            Route("POST", "/v2/schedules/{id}/resume", resume),
            Route("POST", "/v2/schedules/{*destination}", self.create),
        ]

    def create(self, request: Request) -> Response:
        """Create a schedule, or replace the one with the given id."""
        destination, headers = read_destination(request)
        valid_deduplication_id(headers.get("upstash-deduplication-id") or "")
        refuse_unsupported(headers.names(), accepted_headers.SCHEDULE, where="on a schedule")
        cron = headers.get("upstash-cron")
        if cron is None:
            raise BadRequestError("Upstash-Cron is missing")
        queue = headers.get("upstash-queue-name")
        if queue is not None:
            valid_name(queue, what="queue name")
        schedule_id = headers.get("upstash-schedule-id") or f"scd_{self._engine.random.text(24)}"
        existing = self._engine.store.schedules.get(valid_name(schedule_id, what="schedule id"))
        if existing is None and len(self._engine.store.schedules) >= self._plan.schedules:
            raise QuotaError(f"quota maxSchedules exceeded, current limit: {self._plan.schedules}")
        draft = self._reader.blank(body=request.body, caller_ip=request.client_ip, queue=queue)
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
