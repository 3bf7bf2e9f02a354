"""The server as its users run it, a destination that does as told, and the official SDK as the client."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from qstash import QStash, Receiver

from local.qstash.http.options import DEV_CURRENT_SIGNING_KEY, DEV_NEXT_SIGNING_KEY, DEV_TOKEN

TIME_SCALE = "0.001"
ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Received:
    """One request as the destination saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass(frozen=True)
class Answer:
    """What the destination says; `until` holds the answer back until the event is set."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    until: threading.Event | None = None


class Destination:
    """An HTTP server that records everything and answers from a script per path; the last answer repeats."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received: list[Received] = []
        self._scripts: dict[str, deque[Answer]] = defaultdict(deque)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def answer(self, path: str, *answers: Answer) -> None:
        with self._lock:
            self._scripts[path] = deque(answers)

    def received(self, path: str | None = None) -> list[Received]:
        with self._lock:
            return [one for one in self._received if path is None or one.path == path]

    def forget(self) -> None:
        with self._lock:
            self._received.clear()
            self._scripts.clear()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _next_answer(self, request: Received) -> Answer:
        with self._lock:
            self._received.append(request)
            script = self._scripts[request.path]
            if not script:
                return Answer()
            return script.popleft() if len(script) > 1 else script[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        destination = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Received(self.command, self.path, headers, body, time.monotonic())
                answer = destination._next_answer(request)
                if answer.until is not None:
                    answer.until.wait(10)
                try:
                    self.send_response(answer.status)
                    for name, value in {
                        **answer.headers,
                        "Content-Length": str(len(answer.body)),
                    }.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(answer.body)
                except ConnectionError:
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815  names of the base class

            def log_message(self, *_arguments: Any) -> None:
                pass

        return Handler


@dataclass
class Reply:
    """The server's answer to a raw request."""

    status: int
    content: Any


class Server:
    """A running server process, with raw HTTP for what the SDK lacks."""

    def __init__(self, *arguments: str, folder: Path, verbose: bool = False) -> None:
        self._port_file = folder / "port"
        self._port_file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local.qstash", "--port-file", str(self._port_file), *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=None if verbose else subprocess.DEVNULL,
            text=True,
        )
        wait_for(lambda: self._port_file.exists() or self.process.poll() is not None, seconds=15)
        if self.process.poll() is not None:
            self.stop()
            raise AssertionError("the server did not start")
        self.port = int(self._port_file.read_text())
        self.url = f"http://127.0.0.1:{self.port}"

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: bytes | str | None = None,
        token: str | None = DEV_TOKEN,
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        authorization = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            connection.request(
                method, path, body=body, headers={**authorization, **(headers or {})}
            )
            response = connection.getresponse()
            content = response.read()
            return Reply(response.status, json.loads(content) if content else None)
        finally:
            connection.close()

    def health(self) -> Any:
        return self.call("GET", "/_dev/health", token=None).content

    def wait_idle(self) -> None:
        wait_for(lambda: self.health()["idle"])

    def deliveries(self, query: str = "") -> Any:
        return self.call("GET", f"/_dev/deliveries{query}").content["deliveries"]

    def dead_letters(self, query: str = "") -> Any:
        return self.call("GET", f"/v2/dlq{query}").content["messages"]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


def wait_for(condition: Callable[[], Any], *, seconds: float = 8.0) -> Any:
    """Poll until the condition yields something true, and return that."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, "the condition never became true"
        time.sleep(0.01)


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    return wait_for


@pytest.fixture(scope="session", autouse=True)
def _no_proxy() -> Iterator[None]:
    """The SDK must reach loopback directly, whatever the developer's shell says."""
    before = dict(os.environ)
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def answer() -> type[Answer]:
    return Answer


@pytest.fixture(scope="session")
def _destination() -> Iterator[Destination]:
    destination = Destination()
    yield destination
    destination.close()


@pytest.fixture
def destination(_destination: Destination) -> Destination:
    _destination.forget()
    return _destination


@pytest.fixture
def start_server(tmp_path: Path, _destination: Destination) -> Iterator[Callable[..., Server]]:
    """Start servers of a test's own, stopped at its end."""
    servers: list[Server] = []

    def start(*arguments: str) -> Server:
        server = Server(
            "--port", "0", "--route", f"*.on.aws=127.0.0.1:{_destination.port}", "--time-scale", TIME_SCALE,
            *arguments, folder=tmp_path,
        )  # fmt: skip
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def _server(
    tmp_path_factory: pytest.TempPathFactory, _destination: Destination
) -> Iterator[Server]:
    server = Server(
        "--port", "0", "--route", f"*.on.aws=127.0.0.1:{_destination.port}", "--time-scale", TIME_SCALE,
        folder=tmp_path_factory.mktemp("server"),
    )  # fmt: skip
    yield server
    server.stop()


@pytest.fixture
def server(_server: Server, destination: Destination) -> Server:
    """The shared server, as good as new."""
    _server.call("POST", "/_dev/reset")
    destination.forget()
    return _server


@pytest.fixture
def make_client() -> Iterator[Callable[[Server], QStash]]:
    clients: list[QStash] = []

    def make(server: Server) -> QStash:
        clients.append(QStash(DEV_TOKEN, retry=False, base_url=server.url))
        return clients[-1]

    yield make
    for client in clients:
        client.http._client.close()


@pytest.fixture
def client(make_client: Callable[[Server], QStash], server: Server) -> QStash:
    return make_client(server)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver(DEV_CURRENT_SIGNING_KEY, DEV_NEXT_SIGNING_KEY)


@pytest.fixture
def publish(server: Server, destination: Destination) -> Callable[..., Any]:
    """Publish with raw options, `Upstash_Label` for `Upstash-Label`; returns the answer's content."""

    def send(path: str = "/x", **headers: str) -> Any:
        options = {name.replace("_", "-"): value for name, value in headers.items()}
        return server.call("POST", f"/v2/publish/{destination.url(path)}", headers=options).content

    return send


@pytest.fixture
def labelled_letters(
    server: Server, publish: Callable[..., Any], destination: Destination
) -> dict[str, str]:
    """Three dead letters; from the second label of each, `a` to `c`, to its id. The first label of all is `x`."""
    for path in ("/a", "/b", "/c"):
        destination.answer(path, Answer(503))
        publish(path, Upstash_Retries="0", Upstash_Label=f"x,{path[1:]}")
    server.wait_idle()
    return {letter["labels"][1]: letter["dlqId"] for letter in server.dead_letters()}
