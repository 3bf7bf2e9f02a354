"""Reference B: a checkout command handled the ordinary way, each step with its vendor's SDK.

boto3, the qstash SDK, redis-py, pydantic and Powertools, as their documentation shows them.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from qstash import QStash, Receiver
from qstash.errors import SignatureError
from redis import Redis

from benchmarks.reference.models import CheckoutCommand


class PlainHandler:
    """Verify, SET NX, read, write, publish, SET."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._logger = Logger(service="commands")
        self._metrics = Metrics(namespace="Reference", service="commands")
        self._dynamodb: Any = boto3.client("dynamodb")
        self._redis = Redis.from_url(environ["REDIS_URL"])
        self._receiver = Receiver(
            environ["QSTASH_CURRENT_SIGNING_KEY"], environ["QSTASH_NEXT_SIGNING_KEY"]
        )
        self._qstash = QStash(environ["QSTASH_TOKEN"], base_url=environ["QSTASH_URL"])

    def __call__(self, event: Mapping[str, Any], _context: object) -> dict[str, Any]:
        """Lambda's entry."""
        try:
            self._receiver.verify(
                signature=event["headers"]["upstash-signature"],
                body=event["body"],
                url=self._environ["COMMANDS_URL"],
            )
        except SignatureError:
            return {"statusCode": 401, "body": "{}"}
        command = CheckoutCommand.model_validate_json(event["body"])
        key = f"webhook:dedup:{command.event_id}"
        self._logger.info("Received command", extra={"event_id": command.event_id})
        if not self._redis.set(key, "processing", nx=True, ex=30):
            return _answer(command, duplicate=True)
        order_id = f"ord_{uuid.uuid4().hex}"
        self._store(command, order_id)
        self._publish(command, order_id)
        self._redis.set(key, "done", ex=3600)
        self._logger.info("Created order", extra={"order_id": order_id})
        self._metrics.add_metric(name="OrdersCreated", unit=MetricUnit.Count, value=1)
        self._metrics.flush_metrics()
        return _answer(command, duplicate=False)

    def _store(self, command: CheckoutCommand, order_id: str) -> None:
        stock = self._environ["TABLE_STOCK"]
        skus = [line.product_id for line in command.payload.items]
        found = self._dynamodb.batch_get_item(
            RequestItems={stock: {"Keys": [{"sku": {"S": sku}} for sku in skus]}}
        )
        prices = {row["sku"]["S"]: Decimal(row["price"]["N"]) for row in found["Responses"][stock]}
        if any(prices[line.product_id] != line.price for line in command.payload.items):
            raise ValueError("a price differs from the catalogue's")
        order = {
            "TableName": self._environ["TABLE_ORDERS"],
            "Item": {
                "orderId": {"S": order_id},
                "order": {"S": command.payload.model_dump_json(by_alias=True)},
            },
            "ConditionExpression": "attribute_not_exists(orderId)",
        }
        taken = [
            {
                "TableName": stock,
                "Key": {"sku": {"S": line.product_id}},
                "UpdateExpression": "SET available = available - :n",
                "ConditionExpression": "available >= :n",
                "ExpressionAttributeValues": {":n": {"N": str(line.quantity)}},
            }
            for line in command.payload.items
        ]
        self._dynamodb.transact_write_items(
            TransactItems=[{"Put": order}, *({"Update": update} for update in taken)]
        )

    def _publish(self, command: CheckoutCommand, order_id: str) -> None:
        payload = command.payload.model_dump(mode="json", by_alias=True)
        messages = [
            ("orders", "order.created", {**payload, "orderId": order_id, "status": "PENDING"}),
            ("notifications", "notification.email", {"to": command.payload.customer_email}),
            *(
                ("inventory", "inventory.stock.updated", line.model_dump(mode="json"))
                for line in command.payload.items
            ),
            ("analytics", "analytics.audit", {"action": "order.created", "entityId": order_id}),
        ]
        self._qstash.message.batch_json(
            [
                {
                    "url": self._environ[f"{topic.upper()}_URL"],
                    "retries": 3,
                    "body": {
                        "eventId": f"evt_{uuid.uuid4().hex}",
                        "eventType": event_type,
                        "timestamp": datetime.now(UTC).isoformat(),
                        "version": "1.0",
                        "source": "orders-service",
                        "correlationId": command.correlation_id,
                        "payload": body,
                    },
                }
                for topic, event_type, body in messages
            ]
        )


def _answer(command: CheckoutCommand, *, duplicate: bool) -> dict[str, Any]:
    body = {"success": True, "eventId": command.event_id, "duplicate": duplicate}
    return {"statusCode": 200, "body": json.dumps(body)}


def build(environ: Mapping[str, str]) -> PlainHandler:
    """The handler with its clients."""
    return PlainHandler(environ)
