"""Reference A: everything around the business by default, each from the toolkit.

The resolver, the parser and the idempotency utility of Powertools over Redis, with the qstash SDK's
receiver: what is left is to verify, parse, route, claim and complete, and no work in between.
"""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver
from aws_lambda_powertools.event_handler.exceptions import UnauthorizedError
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.idempotency.persistence.cache import CachePersistenceLayer
from aws_lambda_powertools.utilities.parser import parse
from qstash import Receiver
from qstash.errors import SignatureError
from redis import Redis

from benchmarks.reference.models import CheckoutCommand


class ToolkitHandler:
    """A resolver with one route."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._url = environ["COMMANDS_URL"]
        self._logger, self._metrics = Logger(service="commands"), Metrics("Reference", "commands")
        self._receiver = Receiver(
            environ["QSTASH_CURRENT_SIGNING_KEY"], environ["QSTASH_NEXT_SIGNING_KEY"]
        )
        self._config = IdempotencyConfig(expires_after_seconds=3600)
        client: Any = Redis.from_url(environ["REDIS_URL"])
        store = CachePersistenceLayer(client=client)
        self._once = idempotent_function(
            self._process,
            data_keyword_argument="event_id",
            persistence_store=store,
            config=self._config,
            key_prefix="reference",
        )
        self._app = LambdaFunctionUrlResolver()
        self._app.post("/")(self._deliver)

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Lambda's entry."""
        self._config.register_lambda_context(context)
        return self._app.resolve(event, context)

    def _deliver(self) -> dict[str, Any]:
        request = self._app.current_event
        body = request.body or ""
        try:
            self._receiver.verify(
                signature=request.headers["upstash-signature"], body=body, url=self._url
            )
        except SignatureError as error:
            raise UnauthorizedError("unauthenticated") from error
        command = parse(event=request.json_body, model=CheckoutCommand)
        self._logger.info("Received command", extra={"event_id": command.event_id})
        answer: dict[str, Any] = self._once(event_id=command.event_id)
        self._metrics.add_metric(name="EventsHandled", unit=MetricUnit.Count, value=1)
        self._metrics.flush_metrics()
        return answer

    def _process(self, *, event_id: str) -> dict[str, Any]:
        self._logger.info("Handled command", extra={"event_id": event_id})
        return {"success": True, "eventId": event_id}


def build(environ: Mapping[str, str]) -> ToolkitHandler:
    """The handler with its clients."""
    return ToolkitHandler(environ)
