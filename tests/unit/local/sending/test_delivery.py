"""What arrives at a function, and what is made of its answer."""

import json
import time
from dataclasses import dataclass, field, replace

import httpx
import pytest

from local.sending.command import report
from local.sending.delivery import Answer, deliver, publish
from local.stack.client import StackClient
from local.stack.qstash import Server
from local.stack.stackfile import Stack, describe
from shared.contracts.topics import Topic
from shared.kernel.errors import UnauthenticatedError
from shared.messaging.signature import SigningKeys, verify
from shared.storage.schema import TABLES

BODY = b'{"eventId": "evt_1"}'
ROTATED = "sig_rotated_since_0123456789abcdefgh"
OUTPUTS = {
    "ApiUrl": "https://a1b2c3d4.execute-api.us-east-1.amazonaws.com",
    **{f"{topic.value.capitalize()}Url": f"https://{topic.value}.on.aws/" for topic in Topic},
    **{f"Table{name.title().replace('_', '')}": f"data-{name}" for name in TABLES},
}
STACK = describe(
    OUTPUTS,
    endpoint_url="http://127.0.0.1:4566",
    qstash=Server("http://127.0.0.1:8080"),
    redis_url="redis://127.0.0.1:6379/0",
    pids={},
)


@dataclass
class Network:
    """Answers as the dev server for keys, and as a function for all else."""

    status: int = 200
    key: str = ROTATED
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v2/keys":
            return httpx.Response(200, json={"current": self.key, "next": "sig_next"})
        self.requests.append(request)
        return httpx.Response(self.status, json={"success": self.status < 300})

    def client(self, stack: Stack = STACK) -> StackClient:
        return StackClient(stack, httpx.Client(transport=httpx.MockTransport(self)), None)


def accepted_by(request: httpx.Request, url: str, key: str) -> None:
    """As the function sees it."""
    keys = SigningKeys(key.encode(), b"another")
    token = request.headers["upstash-signature"]
    verify(token, request.content, urls=[url], keys=keys, now=time.time())


def test_a_function_accepts_what_arrives_signed_with_the_key_that_is_in_force_now():
    network = Network()

    deliver(network.client(), "orders", BODY)

    (request,) = network.requests
    assert request.content == BODY
    accepted_by(request, "https://orders.on.aws/", ROTATED)
    with pytest.raises(UnauthenticatedError):
        accepted_by(request, "https://orders.on.aws/", STACK.qstash["current_signing_key"])
    with pytest.raises(UnauthenticatedError):
        accepted_by(request, "https://commands.on.aws/", ROTATED)


def test_a_functions_address_leads_to_the_emulator():
    network = Network()

    deliver(network.client(), "orders", BODY)

    (request,) = network.requests
    assert str(request.url) == "http://127.0.0.1:4566/"
    assert request.headers["host"] == "orders.on.aws"
    assert request.headers["upstash-message-id"].startswith("msg_")
    assert request.headers["upstash-retried"] == "0"


def test_an_address_on_this_machine_is_called_as_it_is():
    network = Network()
    url = "http://127.0.0.1:4566/_aws/execute-api/a1/webhooks/orders"
    stack = replace(STACK, topics={**STACK.topics, "orders": {"url": url}})

    answer = deliver(network.client(stack), "orders", BODY)

    (request,) = network.requests
    assert str(request.url) == answer.url == url
    accepted_by(request, url, ROTATED)


def test_publishing_hands_the_same_bytes_to_the_dev_server():
    network = Network(status=201)

    answer = publish(network.client(), "orders", BODY, {"eventId": "evt_1", "eventType": 5})

    (request,) = network.requests
    assert str(request.url) == "http://127.0.0.1:8080/v2/publish/https://orders.on.aws/"
    assert request.content == BODY
    assert request.headers["upstash-forward-x-event-id"] == "evt_1"
    assert "upstash-forward-x-event-type" not in request.headers
    assert request.headers["upstash-failure-callback"] == "https://analytics.on.aws/failures"
    assert answer.is_success


@pytest.mark.parametrize("odd", ["Zoë", "two\nlines", "", None, ["evt"]])
def test_an_id_that_fits_no_header_is_left_out_and_the_event_is_published(odd):
    network = Network(status=201)

    publish(network.client(), "orders", BODY, {"eventId": odd})

    (request,) = network.requests
    assert request.headers.get("upstash-forward-x-event-id", "") == ""


@pytest.mark.parametrize(
    ("status", "success", "meaning"),
    [
        (200, True, "delivered"),
        (299, True, "delivered"),
        (489, False, "given up at once: a dead letter"),
        (401, False, "tried again"),
        (429, False, "tried again"),
        (500, False, "tried again"),
        (302, False, "tried again"),
    ],
)
def test_an_answer_is_read_as_qstash_reads_it(status, success, meaning):
    answer = Answer("https://orders.on.aws/", status, {}, b"", 0.1)

    assert answer.is_success is success
    assert answer.meaning.startswith(meaning)


def test_a_report_shows_what_was_sent_the_status_the_telling_headers_and_the_body():
    headers = {"retry-after": "5", "date": "today", "content-type": "application/json"}
    answer = Answer("https://orders.on.aws/", 429, headers, json.dumps({"a": "ü"}).encode(), 0.25)

    said = "\n".join(
        report(answer, {"eventType": "order.created", "eventId": "evt_1"}, via_qstash=False)
    )

    assert "order.created evt_1" in said
    assert "POST https://orders.on.aws/" in said
    assert "429 Too Many Requests  0.2 s" in said
    assert "retry-after: 5" in said
    assert "today" not in said
    assert '"a": "ü"' in said
    assert "tried again" in said


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[" * 5000])
def test_a_body_that_is_no_json_is_shown_as_text(body):
    answer = Answer("https://orders.on.aws/", 502, {}, body, 0.1)

    said = "\n".join(report(answer, {}, via_qstash=True))

    assert "raw bytes" in said
    assert "502 Bad Gateway" in said
    assert "QStash does not take it" in said
