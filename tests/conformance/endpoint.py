"""An HTTP server inside the test process that remembers every request and answers as told."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Seen:
    """One request as it arrived; header names in lower case.

    Args:
        caller: the port it came from: requests over one connection have the same.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    caller: int = 0


@dataclass(frozen=True)
class Answer:
    """What to say.

    Args:
        lost: say nothing, and hang up: the request had its effect, the reply never arrives.
        silent: say nothing, and keep the connection open until the endpoint is closed or reset.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    lost: bool = False
    silent: bool = False


Respond = Callable[[Seen], Answer]


def _accept(_seen: Seen) -> Answer:
    return Answer()


def in_turn(*answers: Answer) -> Respond:
    """One answer after the other; the last one repeats."""
    left = list(answers)
    return lambda _seen: left.pop(0) if len(left) > 1 else left[0]


class Endpoint:
    """The server. Assign ``respond`` to decide about answers."""

    def __init__(self) -> None:
        self.respond: Respond = _accept
        self.seen: list[Seen] = []
        self._quiet = threading.Event()
        self._open: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Its base address."""
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """Forget everything; who waits for an answer that never comes is let go."""
        self._quiet.set()
        self._quiet = threading.Event()
        self.respond = _accept
        self.seen = []

    def hang_up(self) -> None:
        """Drop every open connection, as a server does with one that idles; go on listening."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop listening and drop every connection."""
        self._quiet.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            timeout = 10

            def setup(self) -> None:
                super().setup()
                endpoint._open.add(self.connection)

            def finish(self) -> None:
                endpoint._open.discard(self.connection)
                super().finish()

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                caller = int(self.client_address[1])
                seen = Seen(self.command, self.path, headers, body, caller)
                endpoint.seen.append(seen)
                self._say(endpoint.respond(seen))

            def _say(self, answer: Answer) -> None:
                if answer.silent:
                    endpoint._quiet.wait(10)
                if answer.silent or answer.lost:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_HEAD = do_POST = do_PUT = handle_any  # noqa: N815 - names of the base class

            def log_message(self, *_arguments: Any) -> None:
                """Tests say what they want to know."""

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_arguments: Any) -> None:
        """A client that hung up is what many of these tests are about."""
