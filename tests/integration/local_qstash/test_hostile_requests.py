"""No request, however malformed, kills the server or makes it answer 5xx; what it accepted it can also deliver."""

import json
import socket
from collections.abc import Iterator
from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.qstash.http.options import DEV_TOKEN
from tests.integration.local_qstash.conftest import Server

DEAD_END = "http://127.0.0.1:1/x"
AUTHORIZATION = f"Authorization: Bearer {DEV_TOKEN}".encode()

PATHS = [
    "/v2/publish/{}", "/v2/enqueue/{}/{}", "/v2/batch", "/v2/messages", "/v2/messages/{}", "/v2/events",
    "/v2/logs", "/v2/dlq", "/v2/dlq/{}", "/v2/dlq/retry", "/v2/dlq/retry/{}", "/v2/queues", "/v2/queues/{}",
    "/v2/queues/{}/pause", "/v2/queues/{}/resume", "/v2/topics", "/v2/topics/{}", "/v2/topics/{}/endpoints",
    "/v2/schedules", "/v2/schedules/{}", "/v2/schedules/{}/pause", "/v2/schedules/{}/resume", "/v2/flowControl",
    "/v2/flowControl/{}", "/v2/flowControl/{}/pause", "/v2/flowControl/{}/resume", "/v2/flowControl/{}/pin",
    "/v2/flowControl/{}/unpin", "/v2/flowControl/{}/resetRate", "/v2/globalParallelism", "/v2/keys",
    "/v2/keys/rotate", "/_dev/health", "/_dev/deliveries", "/_dev/duplicate", "/_dev/hurry", "/_dev/pause",
    "/_dev/resume", "/_dev/reset", "/", "*", "http://127.0.0.1/v2/keys", "{}",
]  # fmt: skip
PARAMETERS = [
    "cursor", "count", "order", "messageId", "messageIds", "dlqIds", "state", "url", "host", "path", "topicName",
    "queueName", "scheduleId", "fromDate", "toDate", "responseStatus", "callerIp", "label", "flowControlKey",
    "search", "parallelism", "rate", "period", "after", "status", "eventId", "qstash_token", "upstash-delay",
    "upstash-retries", "upstash-forward-x", "upstash-label", "nonsense",
]  # fmt: skip
OPTIONS = [
    "Method", "Delay", "Not-Before", "Retries", "Retry-Delay", "Timeout", "Deduplication-Id", "Cron",
    "Content-Based-Deduplication", "Callback", "Failure-Callback", "Callback-Retries", "Callback-Forward-X",
    "Flow-Control-Key", "Flow-Control-Value", "Label", "Redact-Fields", "Queue-Name", "Schedule-Id",
    "Header-Forward", "Forward-X", "Forward-Host", "Workflow-Init", "Signature",
]  # fmt: skip
NAMES = [
    "destination", "headers", "body", "queue", "queueName", "parallelism", "paused", "endpoints", "url", "name",
    "messageIds", "dlqIds", "label", "copies", "count",
]  # fmt: skip
WORDS = [
    "", "0", "1", "-1", "9" * 30, "1.5", "NaN", "true", "5s", "1d", "3", "a", "a:b", "a,b", "1-0", "²-1",
    "parallelism=1", "rate=1,period=1s", "* * * * *", "0 0 30 2 *", "CRON_TZ=/ * * * * *", "http://[", "body",
    "1000 * pow(2, retried)", "-" * 60, "((((((", DEAD_END, "http://127.0.0.1:1/\u00fc", "http://127.0.0.1:99999/",
    "http://127.0.0.1:1/%zz", "https://example.com", "http://localhost:1", "//", "..", "%", "%00", "\\", "api/llm",
]  # fmt: skip

words = st.sampled_from(WORDS) | st.text(max_size=12)
segments = words.map(lambda word: quote(word, safe="/:%?=&[]\\")) | st.binary(max_size=6).map(
    quote_from_bytes
)
texts = words | st.text(st.characters(), max_size=8) | st.just("\ud800")
numbers = st.integers() | st.floats()
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | texts, inner, max_size=4)
    ),
    max_leaves=12,
)
items = st.fixed_dictionaries(
    {"destination": st.just(DEAD_END) | texts},
    optional={
        "headers": st.dictionaries(
            st.sampled_from(OPTIONS).map("Upstash-{}".format) | texts, texts | values, max_size=3
        ),
        "body": texts | values,
        "queue": texts | st.none(),
    },
)
documents = st.lists(items, max_size=3) | values
bodies = st.one_of(
    st.just(b""),
    st.binary(max_size=40),
    documents.map(lambda document: json.dumps(document).encode()),
    st.sampled_from(
        [
            b"[" * 50_000,
            b'{"a":' * 50_000,
            b"\xff",
            b'{"a":1,"a":2}',
            b"\xef\xbb\xbf{}",
            b"[" + b"9" * 5000 + b"]",
        ]
    ),
)
# Of a value, only what HTTP forbids is left out here: `test_bytes_that_are_no_http` has that.
header_values = words.map(lambda word: word.encode("utf-8", "replace")) | st.binary(max_size=20)
headers = st.lists(
    st.tuples(
        st.sampled_from(OPTIONS).map("Upstash-{}".format)
        | st.sampled_from(
            ["Origin", "Content-Type", "Expect", "Accept", "Upgrade", "Authorization"]
        ),
        header_values,
    ),
    max_size=4,
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    method = draw(
        st.sampled_from(["GET", "POST", "DELETE", "PATCH", "PUT", "HEAD", "OPTIONS", "BREW"])
    )
    template = draw(st.sampled_from(PATHS))
    target = template.format(*(draw(segments) for _ in range(template.count("{}")))) or "/"
    query = draw(st.lists(st.tuples(st.sampled_from(PARAMETERS), segments), max_size=3))
    if query:
        target += "?" + "&".join(f"{name}={value}" for name, value in query)
    body = draw(bodies)
    lines = [
        f"{method} {target} HTTP/1.1".encode(),
        b"Host: x",
        AUTHORIZATION,
        b"Connection: close",
    ]
    for name, value in draw(headers):
        clean = bytes(byte for byte in value if byte >= 32 and byte != 127).strip()
        lines.append(name.encode() + b": " + clean)
    lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def exchange(port: int, request: bytes, *, seconds: float = 10) -> bytes:
    """Send bytes as they are, and read until the server hangs up or has nothing more to say."""
    answer = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except OSError:  # it hung up before it had read all, or waits for more: what it said counts
            return bytes(answer)
    return bytes(answer)


def status_of(answer: bytes) -> int:
    version, _, rest = answer.partition(b" ")
    assert version == b"HTTP/1.1", answer[:200]
    return int(rest[:3])


@pytest.fixture(scope="module")
def target(_server: Server) -> Iterator[Server]:
    _server.call("POST", "/_dev/reset")
    yield _server
    _server.call("POST", "/_dev/reset")


@given(request=requests())
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)  # fmt: skip
def test_every_request_is_answered_and_none_with_5xx(target, request):
    status = status_of(exchange(target.port, request))

    assert 200 <= status < 500, (status, request)


def test_what_got_through_can_be_delivered_and_the_server_still_works(target, destination, until):
    target.call("POST", "/_dev/resume")
    target.call("POST", "/_dev/duplicate", body='{"copies": 1}')
    for _ in range(20):  # each round makes the next attempt
        target.call("POST", "/_dev/hurry")
    broken = [one for one in target.deliveries() if "internal" in (one["error"] or "")]
    target.call("POST", f"/v2/publish/{destination.url('/still')}", body="alive")
    [request] = until(lambda: destination.received("/still"))

    assert broken == []
    assert request.body == b"alive"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\r\n\r\n",
        b"\x00" * 100,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",  # TLS
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nX" + b"a" * 200_000 + b": b\r\n\r\n",
        b"POST /v2/batch HTTP/1.1\r\nHost: x\r\nContent-Length: nine\r\n\r\n",
        b"POST /v2/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nshort",
        b"POST /v2/batch HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 50,
    ],
    ids=range(12),
)
def test_bytes_that_are_no_http_cost_a_connection_at_most(target, request_bytes):
    answer = exchange(target.port, request_bytes, seconds=0.5)

    assert not answer.startswith(b"HTTP/1.1 5"), answer
    assert target.health()["status"] == "ok"


@pytest.mark.parametrize(
    "upgrade",
    [
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        b"Upgrade: websocket\r\n",
        b"Upgrade: h2c, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        b"Upgrade: h2c\r\nHTTP2-Settings: !!\r\n",
    ],
)
def test_a_protocol_that_the_server_does_not_speak_is_refused(target, upgrade):
    lines = b"GET /v2/keys HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n" + AUTHORIZATION + b"\r\n"
    answer = exchange(target.port, lines + upgrade + b"\r\n", seconds=0.5)

    assert not answer.startswith(b"HTTP/1.1 5"), answer
    assert target.health()["status"] == "ok"


@pytest.mark.parametrize("origin", ["http://[", "null", "\xff", "http://evil.example:99999999"])
def test_an_origin_that_is_no_address_is_refused(target, origin):
    assert target.call("POST", "/_dev/hurry", headers={"Origin": origin}).status == 403


def test_a_deliverable_address_is_quoted_once(target, destination, until):
    path = quote("/größe", safe="/")
    body = json.dumps([{"destination": destination.url("/größe")}])
    target.call("POST", "/v2/batch", body=body)

    assert until(lambda: destination.received(path))
