"""Post bytes to a topic's function as QStash does, or publish them through the dev server."""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from local.stack.client import StackClient
from local.stack.ports import LOOPBACK

_LOCAL = {LOOPBACK, "localhost", "::1"}
_NON_RETRYABLE = 489


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Args:
        url: the address that was signed.
        seconds: from the request to the whole answer.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def is_success(self) -> bool:
        """Whether QStash would count it as delivered."""
        return 200 <= self.status < 300

    @property
    def meaning(self) -> str:
        """What QStash makes of such an answer."""
        if self.is_success:
            return "delivered"
        if self.status == _NON_RETRYABLE:
            return "given up at once: a dead letter"
        return "tried again, and a dead letter after the last attempt"


def deliver(client: StackClient, topic: str, body: bytes) -> Answer:
    """Send the bytes to the topic's function, signed for its address with the key in force."""
    url = client.url(topic)
    target = urlsplit(url)
    headers = {
        "Content-Type": "application/json",
        "Upstash-Message-Id": f"msg_{uuid.uuid4().hex}",
        "Upstash-Retried": "0",
        "Upstash-Signature": client.signature(url, body, _current_key(client)),
    }
    if target.hostname not in _LOCAL:
        # The emulator knows a function by the host that was asked for, as AWS does.
        headers["Host"] = target.netloc
        base = client.stack.aws.endpoint_url
    else:
        base = f"{target.scheme}://{target.netloc}"
    started = time.monotonic()
    answer = client.http.post(f"{base}{target.path}", content=body, headers=headers)
    return _answer(url, answer, time.monotonic() - started)


def publish(client: StackClient, topic: str, body: bytes, event: Mapping[str, Any]) -> Answer:
    """Hand the bytes to the QStash dev server, which delivers them when it answered."""
    url = client.url(topic)
    headers = {
        "Authorization": f"Bearer {client.stack.qstash['token']}",
        "Content-Type": "application/json",
        "Upstash-Failure-Callback": f"{client.url('analytics')}failures",
    }
    for header, field in (("X-Event-ID", "eventId"), ("X-Event-Type", "eventType")):
        if isinstance(value := event.get(field), str) and value.isascii() and value.isprintable():
            headers[f"Upstash-Forward-{header}"] = value
    started = time.monotonic()
    answer = client.http.post(
        f"{client.stack.qstash['url']}/v2/publish/{url}", content=body, headers=headers
    )
    return _answer(url, answer, time.monotonic() - started)


def _current_key(client: StackClient) -> str:
    # The stack's description has the key of its first day; it may have been rotated since.
    answer = client.http.get(
        f"{client.stack.qstash['url']}/v2/keys",
        headers={"Authorization": f"Bearer {client.stack.qstash['token']}"},
    )
    return str(answer.raise_for_status().json()["current"])


def _answer(url: str, answer: httpx.Response, seconds: float) -> Answer:
    return Answer(url, answer.status_code, dict(answer.headers), answer.content, seconds)
