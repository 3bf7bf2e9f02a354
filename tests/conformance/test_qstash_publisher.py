"""What goes over the wire to QStash, to the letter, and every way in which that can fail."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import urllib3

from shared.adapters import qstash_publisher
from shared.adapters.qstash_flow_control import QStashFlowControl, flow_key
from shared.contracts.topics import Topic
from shared.kernel.errors import PublishError
from shared.messaging.outbox import Outbound
from tests.conformance.endpoint import Answer, Endpoint, Seen, in_turn
from tests.conformance.messages import FAILURES, forwarding, message, publisher_to
from tests.fakes.clock import ManualClock
from tests.pipeline import URLS
from tests.services import QSTASH_TOKEN, Services, unique


def accepted(*message_ids: str) -> Answer:
    return Answer(201, json.dumps([{"messageId": name} for name in message_ids]).encode())


def results(*entries: object) -> Answer:
    return Answer(200, json.dumps(entries).encode())


def batch(seen: Seen) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = json.loads(seen.body)
    return sent


def ids(seen: Seen) -> list[str]:
    return [entry["headers"]["Upstash-Deduplication-Id"] for entry in batch(seen)]


class Attempt:
    """One call to ``publish`` against an endpoint, with virtual pauses."""

    def __init__(self, url: str, *messages: Outbound, token: str = QSTASH_TOKEN) -> None:
        self.clock, self.failures, self.error = ManualClock(), 0, ""
        started = time.monotonic()
        with publisher_to(url, self.clock, on_failure=self._failed, token=token) as publisher:
            try:
                publisher.publish(messages)
            except PublishError as error:
                self.error = str(error)
        self.seconds = time.monotonic() - started

    def _failed(self) -> None:
        self.failures += 1


# ------------------------------------------------------------------ what is sent
def test_a_message_is_sent_with_exactly_these_headers(endpoint: Endpoint) -> None:
    endpoint.respond = in_turn(accepted("msg_1"))

    Attempt(endpoint.url, message("evt-1", Topic.NOTIFICATIONS, delay=90, retries=5))

    (seen,) = endpoint.seen
    (entry,) = batch(seen)
    assert (seen.method, seen.path) == ("POST", "/v2/batch")
    assert seen.headers["authorization"] == f"Bearer {QSTASH_TOKEN}"
    assert seen.headers["content-type"] == "application/json"
    assert entry["destination"] == URLS["notifications"]
    assert entry["headers"] == {
        "Content-Type": "application/json",
        "Upstash-Method": "POST",
        "Upstash-Deduplication-Id": "evt-1",
        "Upstash-Delay": "90s",
        "Upstash-Retries": "5",
        "Upstash-Retry-Delay": "min(60000, 1000 * pow(2, retried))",
        "Upstash-Failure-Callback": FAILURES,
        "Upstash-Failure-Callback-Retries": "5",
        "Upstash-Failure-Callback-Retry-Delay": "min(60000, 1000 * pow(2, retried))",
        "Upstash-Label": "order-pipeline-test",
        "Upstash-Forward-X-Event-Type": "order.created",
        "Upstash-Forward-X-Event-ID": "evt-1",
        "Upstash-Forward-X-Event-Version": "1.0",
        "Upstash-Forward-X-Event-Source": "orders",
        "Upstash-Forward-X-Correlation-ID": "corr-1",
    }


def test_messages_of_a_topic_wait_under_its_key_and_the_product_reads_how_many(
    services: Services,
) -> None:
    services.reset_qstash()
    base, key = services.qstash.url, flow_key("order-pipeline-test", "orders")
    pool = urllib3.PoolManager()
    seen = QStashFlowControl(pool, base, QSTASH_TOKEN, "order-pipeline-test", ["orders"])
    headers = {"Authorization": f"Bearer {QSTASH_TOKEN}"}
    assert seen.waiting("orders") == 0

    pool.request("POST", f"{base}/v2/flowControl/{key}/pause", headers=headers)
    with publisher_to(base, ManualClock(), parallelism={"orders": 4}) as publisher:
        publisher.publish([message(unique("evt")) for _ in range(3)])
    shown = pool.request("GET", f"{base}/v2/flowControl/{key}", headers=headers).json()

    assert seen.waiting("orders") == 3
    assert (shown["parallelismMax"], shown["rateMax"], shown["ratePeriod"]) == (4, 40, 1)
    assert services.endpoint.seen == []
    services.reset_qstash()
    pool.request("POST", f"{base}/v2/flowControl/{key}/resume", headers=headers)
    pool.clear()


def test_headers_without_a_value_are_not_sent(endpoint: Endpoint) -> None:
    endpoint.respond = in_turn(accepted("msg_1"))

    Attempt(endpoint.url, message("evt-1", correlation_id=None))

    (entry,) = batch(endpoint.seen[0])
    assert {"Upstash-Delay", "Upstash-Forward-X-Correlation-ID"}.isdisjoint(entry["headers"])


def test_a_replay_is_published_under_a_deduplication_id_of_its_own(endpoint: Endpoint) -> None:
    endpoint.respond = in_turn(accepted("msg_1"))

    Attempt(endpoint.url, replace(message("evt-1"), deduplication_id="evt-1-replay-1"))

    (entry,) = batch(endpoint.seen[0])
    assert entry["headers"]["Upstash-Deduplication-Id"] == "evt-1-replay-1"
    assert entry["headers"]["Upstash-Forward-X-Event-ID"] == "evt-1"


@pytest.mark.parametrize("event_id", ["evt:1", "order.1", "a/b", "é", "evt-1#0123"])
def test_a_deduplication_id_that_qstash_might_refuse_goes_by_its_digest(
    endpoint: Endpoint, event_id: str
) -> None:
    """The same id by the same, another by another: and the event keeps its own."""
    endpoint.respond = lambda seen: accepted(*ids(seen))

    Attempt(endpoint.url, replace(message("evt-1"), deduplication_id=event_id))
    Attempt(endpoint.url, replace(message("evt-1"), deduplication_id=event_id))
    Attempt(endpoint.url, replace(message("evt-1"), deduplication_id=f"{event_id}x"))

    sent = [batch(seen)[0]["headers"] for seen in endpoint.seen]
    first, again, other = (headers["Upstash-Deduplication-Id"] for headers in sent)
    assert re.fullmatch(r"[0-9a-f]{64}", first)
    assert first == again != other
    assert {headers["Upstash-Forward-X-Event-ID"] for headers in sent} == {"evt-1"}


def test_a_batch_to_every_topic_is_one_request_over_a_kept_connection(endpoint: Endpoint) -> None:
    endpoint.respond = lambda seen: accepted(*ids(seen))
    clock = ManualClock()

    with publisher_to(endpoint.url, clock) as publisher:
        for round_ in range(3):
            publisher.publish([message(f"evt-{round_}-{topic}", topic) for topic in Topic])

    assert [len(batch(seen)) for seen in endpoint.seen] == [5, 5, 5]
    assert [entry["destination"] for entry in batch(endpoint.seen[0])] == [*URLS.values()]
    assert clock.slept == []


def test_what_arrives_is_the_body_to_the_byte_and_these_headers(services: Services) -> None:
    services.reset_qstash()
    sent = message(unique("evt"), Topic.ORDERS)

    Attempt(services.qstash.url, sent)

    seen = one_delivery(services.endpoint)
    ours = {name: value for name, value in seen.headers.items() if name.startswith("x-")}
    assert seen.body == sent.body.encode()
    assert (seen.headers["host"], seen.path) == ("orders.example.com", "/")
    assert ours == {
        "x-event-type": "order.created",
        "x-event-id": sent.event_id,
        "x-event-version": "1.0",
        "x-event-source": "orders",
        "x-correlation-id": "corr-1",
    }
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["upstash-retried"] == "0"


def test_retries_backoff_failure_callback_and_label_are_understood(services: Services) -> None:
    services.reset_qstash()
    services.qstash_call("POST", "/_dev/pause")

    Attempt(services.qstash.url, message("evt-known", delay=300, retries=2))

    (view,) = services.qstash_call("GET", "/v2/events")["events"]
    stored = services.qstash_call("GET", f"/v2/messages/{view['messageId']}")
    services.reset_qstash()
    assert stored["maxRetries"] == 2
    assert stored["retryDelayExpression"] == "min(60000, 1000 * pow(2, retried))"
    assert stored["failureCallback"] == FAILURES
    assert stored["label"] == "order-pipeline-test"
    # 300 s on the time scale of this server.
    assert stored["notBefore"] - stored["createdAt"] == pytest.approx(300, abs=50)


def one_delivery(endpoint: Endpoint) -> Seen:
    deadline = time.monotonic() + 10
    while not endpoint.seen and time.monotonic() < deadline:
        time.sleep(0.01)
    (seen,) = endpoint.seen
    return seen


# ------------------------------------------------------------------ what fails
def test_a_server_that_is_down_is_given_up_after_two_pauses() -> None:
    attempt = Attempt("http://127.0.0.1:1", message("evt-1"), message("evt-2"))

    assert "evt-1, evt-2" in attempt.error
    assert attempt.failures == 3
    assert attempt.clock.slept == pytest.approx([0.1, 0.4])
    assert attempt.seconds < 5


def test_a_server_that_never_answers_costs_three_bounded_waits(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = qstash_publisher._TIMEOUT
    monkeypatch.setattr(qstash_publisher, "_TIMEOUT", urllib3.Timeout(connect=0.2, read=0.1))
    endpoint.respond = in_turn(Answer(silent=True))

    attempt = Attempt(endpoint.url, message("evt-1"))
    endpoint.reset()

    assert attempt.error.endswith("ReadTimeoutError")
    assert attempt.failures == 3
    assert attempt.seconds < 5
    assert (whole.connect_timeout, whole.read_timeout) == (1.0, 3.0)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_trouble_on_their_side_is_retried(endpoint: Endpoint, status: int) -> None:
    endpoint.respond = in_turn(Answer(status), Answer(status), accepted("msg_1"))

    attempt = Attempt(endpoint.url, message("evt-1"))

    assert attempt.error == ""
    assert [ids(seen) for seen in endpoint.seen] == [["evt-1"]] * 3
    assert attempt.clock.slept == pytest.approx([0.1, 0.4])


def test_trouble_that_lasts_is_a_publish_error(endpoint: Endpoint) -> None:
    endpoint.respond = in_turn(Answer(503))

    attempt = Attempt(endpoint.url, message("evt-1"))

    assert "HTTP 503" in attempt.error
    assert len(endpoint.seen) == attempt.failures == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 412, 302])
def test_a_refusal_of_the_request_is_final(endpoint: Endpoint, status: int) -> None:
    endpoint.respond = in_turn(Answer(status, headers={"Location": "http://127.0.0.1:1/"}))

    attempt = Attempt(endpoint.url, message("evt-1"))

    assert f"HTTP {status}" in attempt.error
    assert len(endpoint.seen) == 1
    assert attempt.clock.slept == []


def test_a_wrong_token_is_refused_by_qstash_and_never_shown(services: Services) -> None:
    attempt = Attempt(services.qstash.url, message("evt-1"), token="wrong-token")

    assert "HTTP 401" in attempt.error
    assert "wrong-token" not in attempt.error


def test_only_the_messages_that_failed_are_sent_again(endpoint: Endpoint) -> None:
    endpoint.respond = in_turn(
        results({"messageId": "m1"}, {"error": "quota"}, {"messageId": "m3"}),
        results({"messageId": "m2"}),
    )

    attempt = Attempt(endpoint.url, *(message(f"evt-{n}") for n in (1, 2, 3)))

    assert attempt.error == ""
    assert [ids(seen) for seen in endpoint.seen] == [["evt-1", "evt-2", "evt-3"], ["evt-2"]]


def test_a_message_that_keeps_failing_is_named(endpoint: Endpoint) -> None:
    endpoint.respond = in_turn(
        results({"messageId": "m1"}, {"error": "no"}), results({"error": "no"})
    )

    attempt = Attempt(endpoint.url, message("evt-good"), message("evt-bad"))

    assert "evt-bad" in attempt.error
    assert "evt-good" not in attempt.error
    assert [ids(seen) for seen in endpoint.seen][1:] == [["evt-bad"]] * 2


def test_a_message_that_qstash_knows_already_counts_as_accepted(endpoint: Endpoint) -> None:
    endpoint.respond = in_turn(results({"messageId": "m1", "deduplicated": True}))

    assert Attempt(endpoint.url, message("evt-1")).error == ""


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b""),
        Answer(200, b"<html>maintenance</html>"),
        Answer(200, b"[]"),
        Answer(200, b"{}"),
        Answer(200, b"null"),
        Answer(200, b'[{"messageId": ""}]'),
        Answer(200, b'[{"messageId": null}]'),
        Answer(200, b'[{"messageId": "a"}, {"messageId": "b"}]'),
        Answer(200, b'["msg_1"]'),
        Answer(200, b"[" * 100_000),
        Answer(200, b"\xff\xfe"),
        Answer(200, b'[{"messageId": NaN}]'),
        Answer(204, b""),
        Answer(lost=True),
    ],
    ids=lambda answer: answer.body[:24].decode("latin-1") or f"{answer.status}-{answer.lost}",
)
def test_an_answer_that_confirms_nothing_is_not_believed(
    endpoint: Endpoint, answer: Answer
) -> None:
    endpoint.respond = in_turn(answer)

    attempt = Attempt(endpoint.url, message("evt-1"))

    assert attempt.error
    assert len(endpoint.seen) == 3


def test_a_lost_reply_is_made_good_without_a_second_message(
    services: Services, endpoint: Endpoint
) -> None:
    services.reset_qstash()
    onward = forwarding(services.qstash.url)
    replies: list[Callable[[Answer], Answer]] = [lambda _answer: Answer(lost=True)]

    def once_lost(seen: Seen) -> Answer:
        answer = onward(seen)
        return replies.pop()(answer) if replies else answer

    endpoint.respond = once_lost
    sent = message(unique("evt"))

    attempt = Attempt(endpoint.url, sent)

    assert attempt.error == ""
    assert len(endpoint.seen) == 2
    assert one_delivery(services.endpoint).headers["x-event-id"] == sent.event_id
    assert len(services.qstash_call("GET", "/_dev/deliveries")["deliveries"]) == 1
