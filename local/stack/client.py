"""A running stack as its users see it: the shop, the operator, and QStash itself."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from local.qstash.signing import sign
from local.stack import aws, secrets
from local.stack.stackfile import Stack
from shared.client.checkout import sign_checkout
from shared.kernel.ids import OrderIds

Item = dict[str, Any]
_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class StackClient:
    """Everything one can do to a stack from outside."""

    stack: Stack
    http: httpx.Client
    dynamodb: Any
    _order_ids: list[OrderIds] = field(default_factory=list)

    @classmethod
    def connect(cls, stack: Stack) -> Self:
        """A client with connections of its own; close it."""
        # `trust_env` off: a proxy of the developer's environment does not know this machine.
        http = httpx.Client(timeout=_TIMEOUT, trust_env=False)
        return cls(stack, http, aws.client("dynamodb", stack.aws.endpoint_url))

    def close(self) -> None:
        """Let go of the connections."""
        self.http.close()
        self.dynamodb.close()

    # ---------------------------------------------------------------- the shop

    def check_out(self, body: Mapping[str, Any] | bytes, **headers: str) -> httpx.Response:
        """POST /api/checkout."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(
            f"{self.stack.api_url}/api/checkout",
            content=content,
            headers={"Content-Type": "application/json", **headers},
        )

    def signed(self, content: bytes, **how: Any) -> dict[str, str]:
        """The headers with which the shop's server sends a checkout now.

        Args:
            how: what ``sign_checkout`` takes beside the body, to sign otherwise.
        """
        key = self.stack.checkout["current_signing_key"]
        return sign_checkout(content, **{"key": key, **how})

    def checkout_status(self, order_id: str, **headers: str) -> httpx.Response:
        """GET /api/checkout/{orderId}."""
        return self.http.get(f"{self.stack.api_url}/api/checkout/{order_id}", headers=headers)

    def cancel(self, order_id: str, reason: str = "", **headers: str) -> httpx.Response:
        """POST /api/checkout/{orderId}/cancel."""
        return self.http.post(
            f"{self.stack.api_url}/api/checkout/{order_id}/cancel",
            content=json.dumps({"reason": reason or None}).encode(),
            headers={"Content-Type": "application/json", **headers},
        )

    def correct(self, order_id: str, contact: Item, **headers: str) -> httpx.Response:
        """POST /api/checkout/{orderId}/contact."""
        return self.http.post(
            f"{self.stack.api_url}/api/checkout/{order_id}/contact",
            content=json.dumps(contact).encode(),
            headers={"Content-Type": "application/json", **headers},
        )

    def order_id_for(self, payment_id: str) -> str:
        """The id of a payment's order, before there is one: with the stack's key."""
        if not self._order_ids:
            ssm = aws.client("ssm", self.stack.aws.endpoint_url)
            self._order_ids.append(OrderIds(secrets.order_id_key(ssm).encode()))
        return self._order_ids[0].of(payment_id)

    # ---------------------------------------------------------------- what is stored

    def item(self, table: str, **key: str) -> Item | None:
        """A row by its key, by the table's logical name; numbers are Decimals."""
        answer = self.dynamodb.get_item(
            TableName=self.stack.tables[table], Key=_encoded(key), ConsistentRead=True
        )
        return _decoded(answer["Item"]) if "Item" in answer else None

    def items(self, table: str) -> list[Item]:
        """Every row of a table."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.stack.tables[table], ConsistentRead=True
        )
        return [_decoded(item) for page in pages for item in page["Items"]]

    def query(self, table: str, attribute: str, value: str, index: str | None = None) -> list[Item]:
        """The rows whose partition key has this value, in sort order."""
        where = {"IndexName": index} if index else {}
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.stack.tables[table],
            KeyConditionExpression="#key = :value",
            ExpressionAttributeNames={"#key": attribute},
            ExpressionAttributeValues={":value": {"S": value}},
            **where,
        )
        return [_decoded(item) for page in pages for item in page["Items"]]

    def put(self, table: str, item: Item) -> None:
        """Write a row as it is, past all rules: for arranging a situation."""
        self.dynamodb.put_item(TableName=self.stack.tables[table], Item=_encoded(item))

    def mails(self, to: str | None = None) -> list[Item]:
        """Mails that were sent, oldest first; only those to one address if it is given."""
        accounts = self.http.get(self.stack.mailbox_url).raise_for_status().json()["messages"]
        mails = [mail for account in accounts.values() for mail in account]
        return [mail for mail in mails if to is None or to in mail["To"]]

    # ---------------------------------------------------------------- QStash

    def deliveries(self, **wanted: str) -> list[Item]:
        """What the dev server delivered, oldest first; filters are `eventId`, `eventType`, ..."""
        found: list[Item] = self._dev("deliveries", wanted)["deliveries"]
        return found

    def is_idle(self) -> bool:
        """Whether the dev server has nothing left to deliver."""
        return bool(self._dev("health", {})["idle"])

    def is_resting(self) -> bool:
        """Whether nothing is under way or due; what is meant for later may still wait."""
        health = self._dev("health", {})
        return bool(health["due"] == 0 and health["inFlight"] == 0)

    def forget_messages(self) -> None:
        """Make the dev server forget all messages, and its log of deliveries."""
        self.http.post(
            f"{self.stack.qstash['url']}/_dev/reset", headers=self._authorization()
        ).raise_for_status()

    def hurry(self) -> None:
        """Have everything delivered now that waits for later."""
        self.http.post(
            f"{self.stack.qstash['url']}/_dev/hurry", headers=self._authorization()
        ).raise_for_status()

    def _dev(self, name: str, wanted: Mapping[str, str]) -> Item:
        answer = self.http.get(
            f"{self.stack.qstash['url']}/_dev/{name}", params=wanted, headers=self._authorization()
        )
        values: Item = answer.raise_for_status().json()
        return values

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.stack.qstash['token']}"}

    def publish(self, url: str, event: Mapping[str, Any], **headers: str) -> str:
        """Publish an event to an address, as any producer would; its message id."""
        answer = self.http.post(
            f"{self.stack.qstash['url']}/v2/publish/{url}",
            content=json.dumps(event).encode(),
            headers={
                **self._authorization(),
                "Content-Type": "application/json",
                "Upstash-Failure-Callback": f"{self.url('analytics')}failures",
                "Upstash-Forward-X-Event-ID": str(event.get("eventId", "")),
                "Upstash-Forward-X-Event-Type": str(event.get("eventType", "")),
                **headers,
            },
        )
        return str(answer.raise_for_status().json()["messageId"])

    # ---------------------------------------------------------------- a function, directly

    def url(self, topic: str) -> str:
        """The address of a topic's function, with its closing slash."""
        return self.stack.topics[topic]["url"]

    def invoke(
        self, topic: str, body: bytes, headers: Mapping[str, str], path: str = ""
    ) -> httpx.Response:
        """Call a function's address with exactly these bytes and headers."""
        host = urlsplit(self.url(topic)).netloc
        return self.http.post(
            f"{self.stack.aws.endpoint_url}/{path}",
            content=body,
            headers={"Content-Type": "application/json", **headers, "Host": host},
        )

    def deliver(
        self, topic: str, event: Mapping[str, Any] | bytes, retried: int = 0
    ) -> httpx.Response:
        """Deliver an event as QStash would: signed, under a message id of its own."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        headers = {
            "Upstash-Message-Id": f"msg_{uuid.uuid4().hex}",
            "Upstash-Retried": str(retried),
            "Upstash-Signature": self.signature(self.url(topic), body),
        }
        return self.invoke(topic, body, headers)

    def signature(self, url: str, body: bytes, key: str | None = None) -> str:
        """What QStash would sign these bytes with, for this address."""
        now_ms = int(datetime.now(UTC).timestamp() * 1000)
        current = self.stack.qstash["current_signing_key"]
        return sign(
            key=key or current, url=url, body=body, now_ms=now_ms, token_id=uuid.uuid4().hex
        )


def _encoded(item: Mapping[str, Any]) -> Item:
    encode: Callable[[Any], Any] = TypeSerializer().serialize
    return {name: encode(value) for name, value in item.items() if value is not None}


def _decoded(item: Mapping[str, Any]) -> Item:
    decode: Callable[[Any], Any] = TypeDeserializer().deserialize
    return {name: _exact(decode(value)) for name, value in item.items()}


def _exact(value: Any) -> Any:
    """Whole numbers as int, so that counts compare as counts; money stays Decimal."""
    if isinstance(value, dict):
        return {name: _exact(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_exact(inner) for inner in value]
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return value
