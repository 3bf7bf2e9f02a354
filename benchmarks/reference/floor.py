"""Reference J, the floor: the same calls with the standard library alone, and nothing checked.

No models, no clients, no log, no second try: whatever handles the event in less does less.
"""

import base64
import hashlib
import hmac
import json
import socket
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any, BinaryIO
from urllib.parse import urlsplit


class Connection:
    """Kept-alive HTTP."""

    def __init__(self, url: str) -> None:
        self.host = urlsplit(url).netloc
        self._http = HTTPConnection(self.host)

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Any:
        """The JSON that comes back."""
        self._http.request("POST", path, body, dict(headers))
        return json.loads(self._http.getresponse().read())


class DynamoDB:
    """Signed calls (AWS signature version 4)."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._connection = Connection(environ["AWS_ENDPOINT_URL_DYNAMODB"])
        self._region = environ["AWS_DEFAULT_REGION"]
        self._key_id = environ["AWS_ACCESS_KEY_ID"]
        self._secret = environ["AWS_SECRET_ACCESS_KEY"]

    def call(self, operation: str, request: Mapping[str, Any]) -> Any:
        """One operation."""
        body = json.dumps(request).encode()
        now = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        target = f"DynamoDB_20120810.{operation}"
        names = "host;x-amz-date;x-amz-target"
        canonical = (
            f"POST\n/\n\nhost:{self._connection.host}\nx-amz-date:{now}\nx-amz-target:{target}\n\n"
            f"{names}\n{hashlib.sha256(body).hexdigest()}"
        )
        scope = f"{now[:8]}/{self._region}/dynamodb/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        key = f"AWS4{self._secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{digest}"
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Date": now,
            "X-Amz-Target": target,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={self._key_id}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}",
        }
        return self._connection.post("/", body, headers)


class Redis:
    """Two commands on a socket."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname or "", parts.port or 6379))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers: BinaryIO = self._socket.makefile("rb")

    def call(self, *words: str) -> bytes:
        """One command and the line that answers it."""
        parts = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        self._socket.sendall(f"*{len(words)}\r\n{parts}".encode())
        return self._answers.readline()


class FloorHandler:
    """Verify, SET NX, read, write, publish, SET."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._key = environ["QSTASH_CURRENT_SIGNING_KEY"].encode()
        self._dynamodb = DynamoDB(environ)
        self._redis = Redis(environ["REDIS_URL"])
        self._qstash = Connection(environ["QSTASH_URL"])

    def __call__(self, event: Mapping[str, Any], _context: object) -> dict[str, Any]:
        """Lambda's entry."""
        body = event["body"].encode()
        if not self._is_genuine(event["headers"]["upstash-signature"], body):
            return {"statusCode": 401, "body": "{}"}
        command = json.loads(body)
        key = f"webhook:dedup:{command['eventId']}"
        if self._redis.call("SET", key, "processing", "NX", "EX", "30") != b"+OK\r\n":
            return {"statusCode": 200, "body": "{}"}
        order_id = f"ord_{uuid.uuid4().hex}"
        self._store(command["payload"], order_id)
        self._publish(command["payload"], order_id)
        self._redis.call("SET", key, "done", "EX", "3600")
        answer = {"success": True, "eventId": command["eventId"], "duplicate": False}
        return {"statusCode": 200, "body": json.dumps(answer)}

    def _is_genuine(self, token: str, body: bytes) -> bool:
        signed, _, signature = token.rpartition(".")
        expected = hmac.digest(self._key, signed.encode(), "sha256")
        claims = json.loads(_decoded(signed.partition(".")[2]))
        return (
            hmac.compare_digest(_decoded(signature), expected)
            and _decoded(claims["body"]) == hashlib.sha256(body).digest()
            and claims["sub"] == self._environ["COMMANDS_URL"]
        )

    def _store(self, cart: Mapping[str, Any], order_id: str) -> None:
        stock = self._environ["TABLE_STOCK"]
        keys = [{"sku": {"S": line["productId"]}} for line in cart["items"]]
        self._dynamodb.call("BatchGetItem", {"RequestItems": {stock: {"Keys": keys}}})
        order = {"orderId": {"S": order_id}, "order": {"S": json.dumps(cart)}}
        taken = [
            {
                "TableName": stock,
                "Key": {"sku": {"S": line["productId"]}},
                "UpdateExpression": "SET available = available - :n",
                "ConditionExpression": "available >= :n",
                "ExpressionAttributeValues": {":n": {"N": str(line["quantity"])}},
            }
            for line in cart["items"]
        ]
        put = {"TableName": self._environ["TABLE_ORDERS"], "Item": order}
        items = [{"Put": put}, *({"Update": update} for update in taken)]
        self._dynamodb.call("TransactWriteItems", {"TransactItems": items})

    def _publish(self, cart: Mapping[str, Any], order_id: str) -> None:
        messages = [
            ("orders", "order.created", {**cart, "orderId": order_id, "status": "PENDING"}),
            ("notifications", "notification.email", {"to": cart["customerEmail"]}),
            *(("inventory", "inventory.stock.updated", line) for line in cart["items"]),
            ("analytics", "analytics.audit", {"action": "order.created", "entityId": order_id}),
        ]
        batch = [
            {
                "destination": self._environ[f"{topic.upper()}_URL"],
                "headers": {"Content-Type": "application/json"},
                "body": json.dumps({"eventType": event_type, "payload": payload}),
            }
            for topic, event_type, payload in messages
        ]
        token = {"Authorization": f"Bearer {self._environ['QSTASH_TOKEN']}"}
        self._qstash.post("/v2/batch", json.dumps(batch).encode(), token)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part.rstrip("=") + "=" * (-len(part.rstrip("=")) % 4))


def build(environ: Mapping[str, str]) -> FloorHandler:
    """The handler with its connections."""
    return FloorHandler(environ)
