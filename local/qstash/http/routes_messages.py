"""Messages and their log: look, cancel, list events."""

from __future__ import annotations

from collections.abc import Iterator

from local.qstash.engine.engine import Engine
from local.qstash.errors import NotFoundError
from local.qstash.http import filters
from local.qstash.http.filters import (
    bulk_count,
    bulk_parameters,
    chosen_ids,
    newest_comes_first,
    parse_criteria,
)
from local.qstash.http.routing import Request, Response, Route, page
from local.qstash.http.views import log_view, message_view
from local.qstash.model.messages import Message, State
from local.qstash.state.records import LogEntry
from local.qstash.state.store import FINISHED_VISIBLE_MS
from local.qstash.syntax.durations import parse_count

EVENTS_PER_PAGE = 100
# The API description allows a hundred per page, older documentation a thousand: who asks for more pages on.
_EVENTS_ASKED = 1000
_CANCELLED_AT_ONCE = 500


class MessageRoutes:
    """Handlers around messages that exist already."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def routes(self) -> list[Route]:
        """List the endpoints."""
        return [
            Route("GET", "/v2/messages/{id}", self.get),
            Route("DELETE", "/v2/messages/{id}", self.cancel),
            Route("DELETE", "/v2/messages", self.cancel_many, exact=True),
            Route("GET", "/v2/events", self.events),
            Route("GET", "/v2/logs", self.logs),
        ]

    def get(self, request: Request) -> Response:
        """Show a message that's under way, or was until a few minutes ago."""
        return Response(content=message_view(self._find(request.values["id"])))

    def cancel(self, request: Request) -> Response:
        """Cancel one message; one that's already finished is left as it is."""
        cancelled = self._engine.cancel(self._find(request.values["id"]))
        return Response(content={"cancelled": int(cancelled)})

    def cancel_many(self, request: Request) -> Response:
        """Cancel the messages with these ids, or matching these filters, or all if there's neither.

        `count` bounds how many, the oldest first; without it, it's all of them.
        """
        parameters = bulk_parameters(request.parameters, request.body)
        ids = chosen_ids(parameters, "messageIds")
        criteria = parse_criteria(parameters, filters.CANCEL)
        most = bulk_count(parameters, most=_CANCELLED_AT_ONCE)
        if ids is not None:
            chosen = [m for m in map(self._engine.store.message, ids) if m is not None]
        else:
            chosen = [
                message
                for message in self._engine.store.unfinished()
                if criteria.matches(message.draft, message_id=message.id, at_ms=message.created_ms)
            ]
        with self._engine.store.batch():
            cancelled = sum(map(self._engine.cancel, chosen[:most]))
            return Response(content={"cancelled": cancelled})

    def events(self, request: Request) -> Response:
        """List the log, newest first."""
        return Response(content=self._log_page(request))

    def logs(self, request: Request) -> Response:
        """List the log under its newer name; readers disagree on the key, so it stands under both."""
        content = self._log_page(request)
        return Response(content={**content, "logs": content["events"]})

    def _find(self, message_id: str) -> Message:
        message = self._engine.store.message(message_id)
        if message is None or message.state is State.CANCELED or self._expired(message):
            raise NotFoundError(f"message {message_id} not found")
        return message

    def _expired(self, message: Message) -> bool:
        age = self._engine.clock.now_ms() - message.finished_ms
        return message.finished and age > FINISHED_VISIBLE_MS

    def _log_page(self, request: Request) -> dict[str, object]:
        entries, cursor = page(
            request, self._log_entries(request), limit=EVENTS_PER_PAGE, accepted=_EVENTS_ASKED
        )
        content: dict[str, object] = {
            "events": [log_view(entry, message) for entry, message in entries]
        }
        return content if cursor is None else {**content, "cursor": str(cursor)}

    def _log_entries(self, request: Request) -> Iterator[tuple[int, tuple[LogEntry, Message]]]:
        criteria = parse_criteria(request.parameters, filters.LOGS)
        cursor = request.parameter("cursor")
        bound = parse_count(cursor, name="cursor") if cursor else None
        newest_first = newest_comes_first(request.parameter("order"))
        log = self._engine.store.log
        for number, entry in log.newest_first() if newest_first else log.oldest_first():
            if bound is not None and (number >= bound if newest_first else number <= bound):
                continue
            message = self._engine.store.message(entry.message_id)
            if message is not None and criteria.matches(
                message.draft,
                message_id=message.id,
                at_ms=entry.time_ms,
                state=entry.state,
                status=entry.status,
            ):
                yield number, (entry, message)
