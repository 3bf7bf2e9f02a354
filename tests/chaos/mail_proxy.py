"""Stands between the notifications function and the emulator's SES, and fails as SES can fail."""

import http.client
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local.stack.ports import LOOPBACK

# Longer than the function waits for an answer.
_HANG_SECONDS = 9.0


class SendOutcome(StrEnum):
    """What becomes of a send."""

    SENT = "sent"
    THROTTLED = "throttled"
    BROKEN = "broken before anything was sent"
    LOST_REPLY = "sent, and the answer lost"
    TIMEOUT = "sent, and the answer too late"


FAILING = (SendOutcome.SENT, SendOutcome.THROTTLED, SendOutcome.BROKEN, SendOutcome.THROTTLED)
DOUBTFUL = (
    SendOutcome.SENT,
    SendOutcome.LOST_REPLY,
    SendOutcome.BROKEN,
    SendOutcome.SENT,
    SendOutcome.TIMEOUT,
)


@dataclass(slots=True)
class MailProxy:
    """An HTTP proxy in this process.

    Args:
        fates: what may become of a send from now on, each as likely as the other.
        counts: what became of those so far.
    """

    upstream_port: int
    chance: random.Random
    fates: tuple[SendOutcome, ...] = (SendOutcome.SENT,)
    counts: Counter[SendOutcome] = field(default_factory=Counter)
    _server: ThreadingHTTPServer | None = None

    def start(self) -> str:
        """Its address."""
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                proxy._carry(self, body)

            def log_message(self, *_: object) -> None:
                """The run says what matters."""

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def _carry(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        fate = self.chance.choice(self.fates)
        self.counts[fate] += 1
        if fate is SendOutcome.THROTTLED:
            refusal = b'{"message": "Maximum sending rate exceeded."}'
            _answer(request, 429, refusal, {"x-amzn-ErrorType": "TooManyRequestsException"})
            return
        if fate is SendOutcome.BROKEN:
            request.close_connection = True
            return
        status, answer, headers = self._upstream(request, body)
        if fate is SendOutcome.TIMEOUT:
            time.sleep(_HANG_SECONDS)
        if fate in {SendOutcome.LOST_REPLY, SendOutcome.TIMEOUT}:
            request.close_connection = True
            return
        _answer(request, status, answer, headers)

    def _upstream(
        self, request: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection(LOOPBACK, self.upstream_port, timeout=30)
        try:
            # All headers as they are: the signature covers the host.
            connection.request("POST", request.path, body, dict(request.headers.items()))
            answer = connection.getresponse()
            kept = {"Content-Type": answer.getheader("Content-Type") or "application/json"}
            return answer.status, answer.read(), kept
        finally:
            connection.close()


def _answer(
    request: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]
) -> None:
    request.send_response(status)
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)
