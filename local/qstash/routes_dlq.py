"""The dead letter queue: list, look, delete, publish again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from local.qstash.engine import Engine
from local.qstash.errors import BadRequestError, NotFoundError
from local.qstash.filters import bulk_parameters, chosen_ids, parse_criteria
from local.qstash.headers import RequestHeaders
from local.qstash.publication import PublicationReader
from local.qstash.records import DeadLetter
from local.qstash.routing import Request, Response, Route, page
from local.qstash.views import dead_letter_view

LETTERS_PER_PAGE = 100


class DlqRoutes:
    """Handlers around dead letters."""

    def __init__(self, engine: Engine, reader: PublicationReader) -> None:
        self._engine = engine
        self._reader = reader

    def routes(self) -> list[Route]:
        """List the endpoints."""
        return [
            Route("GET", "/v2/dlq", self.list_letters),
            Route("DELETE", "/v2/dlq", self.delete_many),
            Route("POST", "/v2/dlq/retry", self.retry_many),
            Route("POST", "/v2/dlq/retry/{id}", self.retry),
            Route("GET", "/v2/dlq/{id}", self.get),
            Route("DELETE", "/v2/dlq/{id}", self.delete),
        ]

    def list_letters(self, request: Request) -> Response:
        """List dead letters, newest first."""
        letters, cursor = self._page(request, request.parameters, strict=False)
        return _with_cursor(200, {"messages": [dead_letter_view(one) for one in letters]}, cursor)

    def get(self, request: Request) -> Response:
        """Show one dead letter."""
        return Response(content=dead_letter_view(self._find(request.values["id"])))

    def delete(self, request: Request) -> Response:
        """Delete one dead letter."""
        self._engine.store.dead_letters.delete(self._find(request.values["id"]).id)
        return Response()

    def delete_many(self, request: Request) -> Response:
        """Delete the dead letters with these ids, or a page of those that match."""
        parameters = bulk_parameters(request.parameters, request.body)
        ids = chosen_ids(parameters, "dlqIds")
        cursor = None
        if ids is None:
            letters, cursor = self._page(request, parameters, strict=True)
            ids = [letter.id for letter in letters]
        with self._engine.store.batch():
            deleted = sum(map(self._engine.store.dead_letters.delete, ids))
        return _with_cursor(200, {"deleted": deleted}, cursor)

    def retry(self, request: Request) -> Response:
        """Publish one dead letter again; `Upstash-*` headers override its options."""
        return Response(201, self._revive(self._find(request.values["id"]), request))

    def retry_many(self, request: Request) -> Response:
        """Publish again the dead letters with these ids (all of them, or 404 and none), or a page that matches."""
        parameters = bulk_parameters(request.parameters, request.body)
        ids = chosen_ids(parameters, "dlqIds")
        cursor = None
        if ids is None:
            letters, cursor = self._page(request, parameters, strict=True)
        else:
            letters = [self._find(one) for one in ids]
        with self._engine.store.batch():
            responses = [self._revive(letter, request) for letter in letters]
        return _with_cursor(201, {"responses": responses}, cursor)

    def _find(self, dlq_id: str) -> DeadLetter:
        letter = self._engine.store.dead_letters.get(dlq_id)
        if letter is None:
            raise NotFoundError(f"dlq message {dlq_id} not found")
        return letter

    def _revive(self, letter: DeadLetter, request: Request) -> dict[str, str]:
        # Only options: the Content-Type of a request without a body says nothing about the letter.
        options = RequestHeaders(
            (name, value) for name, value in request.headers if name.startswith("upstash-")
        )
        draft = self._reader.override(letter.message.draft, options)
        now = self._engine.clock.now_ms()
        start = self._reader.start_ms(options, now_ms=now, queue=draft.queue)
        receipt = self._engine.revive(letter, replace(draft, not_before_ms=start))
        return {"messageId": receipt.message_id}

    def _page(
        self, request: Request, parameters: list[tuple[str, str]], *, strict: bool
    ) -> tuple[list[DeadLetter], str | None]:
        matching = self._matching(request, parameters, strict=strict)
        return page(request, matching, limit=LETTERS_PER_PAGE)

    def _matching(
        self, request: Request, parameters: list[tuple[str, str]], *, strict: bool
    ) -> Iterator[tuple[str, DeadLetter]]:
        self._engine.store.sweep(self._engine.clock.now_ms())
        criteria = parse_criteria(parameters, strict=strict)
        order = request.parameter("order") or "latestFirst"
        if order not in {"latestFirst", "earliestFirst"}:
            raise BadRequestError("invalid order: expected latestFirst or earliestFirst")
        newest_first = order == "latestFirst"
        cursor = request.parameter("cursor")
        bound = _position(cursor) if cursor else None
        letters = sorted(
            self._engine.store.dead_letters, key=lambda one: _position(one.id), reverse=newest_first
        )
        for letter in letters:
            position = _position(letter.id)
            if bound is not None and (position >= bound if newest_first else position <= bound):
                continue
            if criteria.matches(
                letter.message.draft,
                message_id=letter.message.id,
                at_ms=letter.failed_ms,
                status=letter.outcome.status,
            ):
                yield letter.id, letter


def _position(dlq_id: str) -> tuple[int, int]:
    time, dash, number = dlq_id.partition("-")
    if not (dash and time.isdigit() and number.isdigit()):
        raise BadRequestError(f"invalid cursor: {dlq_id!r}")
    return int(time), int(number)


def _with_cursor(status: int, content: dict[str, Any], cursor: str | None) -> Response:
    return Response(status, content if cursor is None else {**content, "cursor": cursor})
