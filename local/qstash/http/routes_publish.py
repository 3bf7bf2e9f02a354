"""Publish, enqueue and batch: the ways messages come in."""

from __future__ import annotations

from typing import Any

from local.qstash.engine.engine import Engine, Receipt
from local.qstash.engine.publisher import Publisher
from local.qstash.errors import ApiError, BadRequestError
from local.qstash.http.json_bodies import parse_json, text_of
from local.qstash.http.publish_request import PublicationReader, read_destination, split_query
from local.qstash.http.routes_schedules import ScheduleRoutes
from local.qstash.http.routing import Request, Response, Route
from local.qstash.syntax.accepted_headers import NOTHING, refuse_unsupported
from local.qstash.syntax.headers import RequestHeaders
from local.qstash.syntax.names import valid_name


class PublishRoutes:
    """Handlers that create messages."""

    def __init__(
        self,
        engine: Engine,
        reader: PublicationReader,
        publisher: Publisher,
        schedules: ScheduleRoutes,
    ) -> None:
        self._engine = engine
        self._reader = reader
        self._publisher = publisher
        self._schedules = schedules

    def routes(self) -> list[Route]:
        """List the endpoints."""
        return [
            Route("POST", "/v2/publish/{*destination}", self.publish),
            Route("POST", "/v2/enqueue/{queue}/{*destination}", self.enqueue),
            Route("POST", "/v2/batch", self.batch),
        ]

    def publish(self, request: Request) -> Response:
        """Publish one message to a URL or a URL group; with `Upstash-Cron`, create a schedule that does."""
        _destination, headers = read_destination(request)
        if headers.get("upstash-cron") is not None:
            return self._schedules.create(request)
        return self._publish(request, queue=None)

    def enqueue(self, request: Request) -> Response:
        """Publish one message through a FIFO queue."""
        return self._publish(request, queue=valid_name(request.values["queue"], what="queue name"))

    def batch(self, request: Request) -> Response:
        """Publish many messages; one that fails becomes an error element, the others are sent all the same."""
        _query, options = split_query(request.query)
        names = [*request.headers.names(), *(name for name, _ in options)]
        refuse_unsupported(names, NOTHING, where="on a batch, its items have their own")
        items = parse_json(request.body, what="batch")
        if not isinstance(items, list):
            raise BadRequestError("invalid batch: expected a JSON array")
        with self._engine.store.batch():
            return Response(content=[self._batch_item(item, request.client_ip) for item in items])

    def _publish(self, request: Request, *, queue: str | None) -> Response:
        destination, headers = read_destination(request)
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


def _parse_item(item: object) -> tuple[str, RequestHeaders, bytes, str | None]:
    if not isinstance(item, dict):
        raise BadRequestError("invalid batch item: expected an object")
    destination = text_of(item.get("destination"), name="batch item: destination")
    headers = item.get("headers")
    if not isinstance(headers, dict | None):
        raise BadRequestError("invalid batch item: headers must be an object")
    body, queue = item.get("body"), item.get("queue")
    content = b"" if body is None else text_of(body, name="batch item: body").encode()
    if queue is not None:
        queue = text_of(queue, name="batch item: queue")
    if queue:
        valid_name(queue, what="queue name")
    return destination, RequestHeaders.from_json(headers or {}), content, queue or None


def _answer(receipts: Receipt | list[Receipt]) -> Any:
    if isinstance(receipts, list):
        return [_one(receipt) | {"url": receipt.url} for receipt in receipts]
    return _one(receipts)


def _one(receipt: Receipt) -> dict[str, Any]:
    answer: dict[str, Any] = {"messageId": receipt.message_id}
    return answer | {"deduplicated": True} if receipt.deduplicated else answer
