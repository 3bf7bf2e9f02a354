"""Loopback stand-ins for DynamoDB, SSM and QStash: they accept everything, at once, and count.

They prove nothing about the pipeline's correctness (the tests do); they keep the network out of the
figures and know how many requests and connections a thing cost.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[str, bytes], bytes]
"""Operation (or path) and body to the body of a 200."""


class CountingServer:
    """An HTTP server that counts: requests by operation, and connections."""

    def __init__(self, answer: Answer) -> None:
        self.requests: Counter[str] = Counter()
        self.connections = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler(answer))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Its base address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def reset(self) -> None:
        """Count from zero; open connections stay open."""
        with self._lock:
            self.requests, self.connections = Counter(), 0

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _count(self, *, connection: bool = False, operation: str = "") -> None:
        with self._lock:
            self.connections += connection
            if operation:
                self.requests[operation] += 1

    def _handler(self, answer: Answer) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                owner._count(connection=True)

            def _respond(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                target = self.headers.get("X-Amz-Target", "")
                operation = target.rpartition(".")[2] or f"{self.command} {self.path}"
                owner._count(operation=operation)
                data = answer(operation, body)
                self.send_response_only(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_GET = do_POST = do_HEAD = _respond  # noqa: N815 - names of the base class

            def log_message(self, *_arguments: Any) -> None:
                """Print nothing: the log of this server is not read."""

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_arguments: Any) -> None:
        """A measured process that ended has hung up."""


def dynamodb(catalogue: Mapping[str, str]) -> Answer:
    """A DynamoDB whose stock table has every SKU of the catalogue, and that stores nothing.

    Args:
        catalogue: SKU to its price.
    """

    def answer(operation: str, body: bytes) -> bytes:
        if operation != "BatchGetItem":
            return b"{}"
        asked = json.loads(body)["RequestItems"]
        rows = {
            table: [
                _shelf(key["sku"]["S"], catalogue[key["sku"]["S"]])
                for key in request["Keys"]
                if "sku" in key
            ]
            for table, request in asked.items()
        }
        return json.dumps({"Responses": rows, "UnprocessedKeys": {}}).encode()

    return answer


def _shelf(sku: str, price: str) -> dict[str, Any]:
    return {
        "sku": {"S": sku},
        "productId": {"S": sku},
        "name": {"S": sku.replace("-", " ").title()},
        "price": {"N": price},
        "available": {"N": "1000000"},
        "reserved": {"N": "0"},
        "threshold": {"N": "2"},
        "alert": {"S": "armed"},
    }


def ssm(values: Mapping[str, str]) -> Answer:
    """A parameter store: last part of a parameter's name to its value."""

    def answer(_operation: str, body: bytes) -> bytes:
        names = json.loads(body)["Names"]
        found = [
            {"Name": name, "Value": values[name.rpartition("/")[2]]}
            for name in names
            if name.rpartition("/")[2] in values
        ]
        return json.dumps({"Parameters": found, "InvalidParameters": []}).encode()

    return answer


def qstash(operation: str, body: bytes) -> bytes:
    """A QStash that takes every message."""
    accepted = {"messageId": "msg_0", "url": "", "deduplicated": False}
    if operation == "POST /v2/batch":
        return json.dumps([accepted] * len(json.loads(body))).encode()
    return json.dumps(accepted).encode()
