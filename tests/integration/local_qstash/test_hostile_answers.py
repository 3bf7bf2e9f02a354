"""Whatever a destination answers, its message ends: delivered, or a dead letter, and never stuck."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

DELIVERED = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
FAILURE = b"HTTP/1.1 503 Down\r\nContent-Length: 0\r\n"

ANSWERS = {
    "nothing": b"",
    "garbage": b"\x00\xff" * 50,
    "no status": b"HTTP/1.1\r\n\r\n",
    "half an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf",
    "broken chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a status beyond all": b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "only interim answers": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20,
    "a redirect": b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n",
    "a header too long": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000 + b"\r\n\r\n",
    "an unreadable body": FAILURE.replace(b"0", b"2") + b"Content-Encoding: gzip\r\n\r\n\xff\xff",
    "a header in no encoding": FAILURE + b"X-\xe9: \xff\xfe\r\n\r\n",
    "a time out of range": FAILURE + b"Retry-After: Mon, 01 Jan 2024 00:00:00 +" + b"9" * 20 + b"\r\n\r\n",
    "a number out of range": FAILURE + b"Retry-After: 1e999\r\n\r\n",
    "a duration out of range": FAILURE + b"X-RateLimit-Reset: " + b"9" * 15 + b"h\r\n\r\n",
}  # fmt: skip


class RawDestination:
    """Reads a request's head and sends fixed bytes, the same to all."""

    def __init__(self) -> None:
        self.answer = DELIVERED
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/x"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(2)
                connection.recv(65536)
                connection.sendall(self.answer)


@pytest.fixture
def raw() -> Iterator[RawDestination]:
    destination = RawDestination()
    yield destination
    destination.close()


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_message_ends_whatever_is_answered(server, raw, kind):
    raw.answer = ANSWERS[kind]
    options = {"Upstash-Retries": "1", "Upstash-Retry-Delay": "1", "Upstash-Timeout": "2s"}
    server.call("POST", f"/v2/publish/{raw.url}", headers=options, body="b")
    server.wait_idle()
    [letter] = server.dead_letters()

    assert letter["retried"] == 1
    assert "internal error" not in letter.get("responseBody", "")
    raw.answer = DELIVERED
    server.call("POST", f"/v2/dlq/retry/{letter['dlqId']}")
    server.wait_idle()
    assert server.dead_letters() == []
