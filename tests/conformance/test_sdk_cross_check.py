"""The vendor's SDK as the reference: our publisher and its publisher, our verifier and its receiver."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from qstash import QStash, Receiver

from shared.contracts.commands import CheckoutCommand
from shared.contracts.envelope import read_event
from shared.messaging.outbox import Outbound
from tests import node
from tests.builders import body_of, checkout_command, stock
from tests.conformance.endpoint import Seen
from tests.conformance.live import LivePipeline
from tests.conformance.messages import FAILURES, publisher_to
from tests.fakes.clock import ManualClock
from tests.pipeline import URLS
from tests.services import QSTASH_TOKEN, Services, unique
from tests.signing import CURRENT_KEY, NEXT_KEY

RECEIVER = Path(__file__).parent / "receiver.mjs"
Publish = Callable[[Outbound], None]


@pytest.fixture
def clean(services: Services) -> Iterator[Services]:
    services.reset_qstash()
    yield services
    services.reset_qstash()


@pytest.fixture
def ours(clean: Services) -> Publish:
    def publish(message: Outbound) -> None:
        with publisher_to(clean.qstash.url, ManualClock()) as publisher:
            publisher.publish([message])

    return publish


@pytest.fixture
def theirs(clean: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publish]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    client = QStash(QSTASH_TOKEN, retry=False, base_url=clean.qstash.url)

    def publish(message: Outbound) -> None:
        client.message.publish(
            url=URLS[message.topic],
            body=message.body,
            content_type="application/json",
            method="POST",
            headers={
                "X-Event-Type": message.event_type,
                "X-Event-ID": message.event_id,
                "X-Event-Version": message.version,
                "X-Event-Source": message.source,
                "X-Correlation-ID": str(message.correlation_id),
            },
            retries=message.retries,
            retry_delay="min(60000, 1000 * pow(2, retried))",
            failure_callback=FAILURES,
            deduplication_id=message.event_id,
            label="order-pipeline-test",
        )

    yield publish
    client.http._client.close()


def command() -> Outbound:
    body = body_of(checkout_command(event_id=unique("evt"), paymentId=unique("pay")))
    return Outbound.of(read_event(body, {"command.checkout": CheckoutCommand}))


def delivery(services: Services) -> Seen:
    deadline = time.monotonic() + 10
    while not services.endpoint.seen and time.monotonic() < deadline:
        time.sleep(0.01)
    return services.endpoint.seen.pop(0)


@pytest.mark.parametrize("client", ["ours", "theirs"])
def test_whoever_publishes_our_function_verifies_and_handles_it(
    clean: Services, request: pytest.FixtureRequest, client: str
) -> None:
    pipeline = LivePipeline()
    pipeline.memory.seed("stock", stock())
    clean.endpoint.respond = pipeline.receive

    request.getfixturevalue(client)(command())
    delivery(clean)
    statuses = settled(clean)

    assert statuses == [200]
    assert len(pipeline.memory.all("orders")) == 1


def test_both_publishers_cause_the_same_delivery(
    clean: Services, ours: Publish, theirs: Publish
) -> None:
    message = command()
    ours(message)
    first = delivery(clean)
    clean.qstash_call("POST", "/_dev/reset")

    theirs(message)
    second = delivery(clean)

    # Ids and signatures differ by nature.
    own = {"upstash-message-id", "upstash-signature"}
    assert first.body == second.body == message.body.encode()
    assert {k: v for k, v in first.headers.items() if k not in own} == {
        k: v for k, v in second.headers.items() if k not in own
    }


def test_their_deduplication_knows_what_ours_published(
    clean: Services, ours: Publish, theirs: Publish
) -> None:
    message = command()

    ours(message)
    theirs(message)
    settled(clean)

    assert len(clean.endpoint.seen) == 1


def test_their_receiver_accepts_what_was_delivered_for_us(clean: Services, ours: Publish) -> None:
    ours(command())
    seen = delivery(clean)

    Receiver(CURRENT_KEY, NEXT_KEY).verify(
        signature=seen.headers["upstash-signature"],
        body=seen.body.decode(),
        url=URLS["commands"],
        clock_tolerance=5,
    )


@pytest.mark.parametrize("change", [{}, {"body": "{}"}, {"url": URLS["orders"]}])
def test_their_javascript_receiver_accepts_what_was_delivered_for_us_and_nothing_else(
    clean: Services, ours: Publish, change: dict[str, str]
) -> None:
    ours(command())
    seen = delivery(clean)
    asked = {
        "signature": seen.headers["upstash-signature"],
        "body": seen.body.decode(),
        "url": URLS["commands"],
        **change,
    }

    status, said = node.run(
        RECEIVER,
        given=asked,
        environ={
            "QSTASH_CURRENT_SIGNING_KEY": CURRENT_KEY,
            "QSTASH_NEXT_SIGNING_KEY": NEXT_KEY,
        },
    )

    assert (status == 0) is (change == {}), said
    assert not change or "SignatureError" in said


def settled(services: Services) -> list[int]:
    """Statuses of all deliveries, once nothing is left to deliver."""
    deadline = time.monotonic() + 10
    while not services.qstash_call("GET", "/_dev/health")["idle"]:
        assert time.monotonic() < deadline, "deliveries never ended"
        time.sleep(0.02)
    deliveries = services.qstash_call("GET", "/_dev/deliveries")["deliveries"]
    return [entry["status"] for entry in deliveries]
