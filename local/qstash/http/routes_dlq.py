"""The dead letter queue: list, look, delete, publish again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from local.qstash.engine.engine import Engine
from local.qstash.errors import BadRequestError, NotFoundError
from local.qstash.http import filters
from local.qstash.http.filters import (
    Criteria,
    bulk_count,
    bulk_parameters,
    chosen_ids,
    newest_comes_first,
    parse_criteria,
)
from local.qstash.http.publish_request import PublicationReader
from local.qstash.http.routing import Request, Response, Route, cut_page
from local.qstash.http.views import dead_letter_view
from local.qstash.model.drafts import Draft
from local.qstash.state.records import DeadLetter
from local.qstash.syntax import accepted_headers
from local.qstash.syntax.accepted_headers import refuse_unsupported
from local.qstash.syntax.durations import parse_count
from local.qstash.syntax.headers import RequestHeaders

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
            Route("DELETE", "/v2/dlq", self.delete_many, exact=True),
            Route("POST", "/v2/dlq/retry", self.retry_many, exact=True),
            Route("POST", "/v2/dlq/retry/{id}", self.retry),
            Route("GET", "/v2/dlq/{id}", self.get),
            Route("DELETE", "/v2/dlq/{id}", self.delete),
        ]

    def list_letters(self, request: Request) -> Response:
        """List dead letters, newest first."""
        letters, cursor = self._page(request.parameters)
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
        letters, cursor = self._page(parameters)
        ids = [letter.id for letter in letters]
        with self._engine.store.batch():
            deleted = sum(map(self._engine.store.dead_letters.delete, ids))
        return _with_cursor(200, {"deleted": deleted}, cursor)

    def retry(self, request: Request) -> Response:
        """Publish one dead letter again; `Upstash-*` headers override its options."""
        letter = self._find(request.values["id"])
        return Response(201, self._revive(letter, self._redraft(letter, request)))

    def retry_many(self, request: Request) -> Response:
        """Publish again the dead letters with these ids (all of them, or 404 and none), or a page that matches."""
        parameters = bulk_parameters(request.parameters, request.body)
        letters, cursor = self._page(parameters)
        for one in chosen_ids(parameters, "dlqIds") or []:
            self._find(one)
        # All drafts first: if an option does not suit one dead letter, none of them moves.
        drafts = [self._redraft(letter, request) for letter in letters]
        with self._engine.store.batch():
            responses = [
                self._revive(letter, draft) for letter, draft in zip(letters, drafts, strict=True)
            ]
        return _with_cursor(201, {"responses": responses}, cursor)

    def _find(self, dlq_id: str) -> DeadLetter:
        letter = self._engine.store.dead_letters.get(dlq_id)
        if letter is None:
            raise NotFoundError(f"dlq message {dlq_id} not found")
        return letter

    def _revive(self, letter: DeadLetter, draft: Draft) -> dict[str, str]:
        return {"messageId": self._engine.revive(letter, draft).message_id}

    def _redraft(self, letter: DeadLetter, request: Request) -> Draft:
        # Only options: without a body, the Content-Type says nothing about the dead letter.
        options = RequestHeaders(
            (name, value) for name, value in request.headers if name.startswith("upstash-")
        )
        refuse_unsupported(
            options.names(), accepted_headers.DEAD_LETTER_RETRY, where="when retrying a dead letter"
        )
        draft = self._reader.override(letter.message.draft, options)
        now = self._engine.clock.now_ms()
        start = self._reader.start_ms(options, now_ms=now, queue=draft.queue)
        return replace(draft, not_before_ms=start)

    def _page(self, parameters: filters.Parameters) -> tuple[list[DeadLetter], str | None]:
        """Choose by ids, in which case other filters don't count, or a page of those that match."""
        self._engine.store.sweep(self._engine.clock.now_ms())
        given = dict(parameters)
        criteria = parse_criteria(parameters, filters.DEAD_LETTERS)
        newest_first = newest_comes_first(given.get("order"))
        bound = _position(given["cursor"]) if given.get("cursor") else None
        size = bulk_count(parameters, most=LETTERS_PER_PAGE) or LETTERS_PER_PAGE
        ids = chosen_ids(parameters, "dlqIds")
        if ids is not None:
            known = map(self._engine.store.dead_letters.get, ids)
            return [letter for letter in known if letter is not None], None
        matching = self._matching(criteria, newest_first=newest_first, bound=bound)
        return cut_page(matching, size)

    def _matching(
        self, criteria: Criteria, *, newest_first: bool, bound: tuple[int, int] | None
    ) -> Iterator[tuple[str, DeadLetter]]:
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
    if not dash:
        raise BadRequestError(f"invalid cursor: {dlq_id!r}")
    return parse_count(time, name="cursor"), parse_count(number, name="cursor")


def _with_cursor(status: int, content: dict[str, Any], cursor: str | None) -> Response:
    return Response(status, content if cursor is None else {**content, "cursor": cursor})
