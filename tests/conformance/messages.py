"""Messages to publish, the product's publisher as the functions have it, and what stands between."""

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

import urllib3

from shared.adapters.qstash_publisher import PublisherOptions, QStashPublisher
from shared.contracts.topics import Topic
from shared.kernel.clock import Clock
from shared.messaging.outbox import Outbound
from tests.conformance.endpoint import Answer, Respond, Seen
from tests.pipeline import URLS
from tests.services import QSTASH_TOKEN

FAILURES = f"{URLS['analytics']}failures"


def message(
    event_id: str,
    topic: Topic = Topic.ORDERS,
    *,
    correlation_id: str | None = "corr-1",
    delay: int | None = None,
    retries: int = 3,
    body: str = "",
) -> Outbound:
    """A message; its body is JSON but no event of the contract."""
    return Outbound(
        topic=topic,
        event_id=event_id,
        event_type="order.created",
        version="1.0",
        source="orders",
        correlation_id=correlation_id,
        body=body or json.dumps({"eventId": event_id, "text": "größer ☕"}, ensure_ascii=False),
        delay=delay,
        retries=retries,
    )


def options(
    url: str, parallelism: Mapping[str, int] | None = None, **changes: str
) -> PublisherOptions:
    """Where everything is in these tests."""
    return PublisherOptions(
        url=url,
        token=changes.get("token", QSTASH_TOKEN),
        destinations=URLS,
        failure_callback=FAILURES,
        label="order-pipeline-test",
        parallelism=parallelism or {},
    )


@contextmanager
def publisher_to(
    url: str,
    clock: Clock,
    *,
    on_failure: Callable[[], None] = lambda: None,
    token: str = QSTASH_TOKEN,
    parallelism: Mapping[str, int] | None = None,
) -> Iterator[QStashPublisher]:
    """The product's publisher over a pool of its own, shaped like the functions' one."""
    pool = urllib3.PoolManager(num_pools=2, maxsize=1, block=True)
    try:
        yield QStashPublisher(
            pool,
            options(url, parallelism, token=token),
            clock,
            jitter=lambda: 0.5,
            on_failure=on_failure,
        )
    finally:
        pool.clear()


def forwarding(url: str) -> Respond:
    """Hands every request on, as it is, and the answer back."""
    address = urlsplit(url)

    def forward(seen: Seen) -> Answer:
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
        try:
            headers = {name: v for name, v in seen.headers.items() if name != "host"}
            connection.request(seen.method, seen.path, body=seen.body, headers=headers)
            response = connection.getresponse()
            kept = {
                name: value
                for name, value in response.getheaders()
                if name.lower() not in ("content-length", "transfer-encoding", "connection")
            }
            return Answer(response.status, response.read(), kept)
        finally:
            connection.close()

    return forward
