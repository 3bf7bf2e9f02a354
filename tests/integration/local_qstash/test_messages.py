"""Looking at messages, cancelling them, and the event log."""

import hashlib
import threading

import pytest
from qstash.errors import QStashError
from qstash.log import LogState


def test_a_message_is_visible_at_once_and_still_after_its_delivery(client, destination, server):
    published = client.message.publish(
        url=destination.url("/x?y=1"), body="hello", label="l", retries=1, retry_delay="7000 * retried",
        headers={"X-A": "1"}, callback=destination.url("/cb"),
        flow_control={"key": "k", "parallelism": 3, "rate": 10, "period": "1h30m3s"},
    )  # fmt: skip
    server.wait_idle()
    message = client.message.get(published.message_id)

    assert (message.url, message.method, message.body) == (
        destination.url("/x?y=1"),
        "POST",
        "hello",
    )
    assert (message.max_retries, message.retry_delay_expression) == (1, "7000 * retried")
    assert (message.label, message.caller_ip) == ("l", "127.0.0.1")
    assert message.headers["X-A"] == ["1"]
    assert message.callback == destination.url("/cb")
    assert message.not_before == message.created_at
    assert (message.flow_control.parallelism, message.flow_control.rate) == (3, 10)
    assert message.flow_control.period == 5403


def test_binary_bodies_are_shown_in_base64(client, destination):
    published = client.message.publish(url=destination.url("/x"), body=b"\xff\x00")

    assert client.message.get(published.message_id).body_base64 == "/wA="


def test_redacted_fields_are_hashed_in_the_api_but_delivered(client, destination, server):
    published = client.message.publish(
        url=destination.url("/x"), body="secret", headers={"Authorization": "Bearer s", "X-A": "1"},
        redact={"body": True, "header": ["Authorization"]},
    )  # fmt: skip
    server.wait_idle()
    message = client.message.get(published.message_id)
    [request] = destination.received()

    assert message.body == f"REDACTED:{hashlib.sha256(b'secret').hexdigest()}"
    assert message.headers["Authorization"] == [
        f"REDACTED:{hashlib.sha256(b'Bearer s').hexdigest()}"
    ]
    assert message.headers["X-A"] == ["1"]
    assert (request.body, request.headers["authorization"]) == (b"secret", "Bearer s")


def test_a_cancelled_message_is_gone_and_never_delivered(client, destination, server):
    published = client.message.publish(url=destination.url("/x"), delay="1m")
    client.message.cancel(published.message_id)
    server.wait_idle()

    with pytest.raises(QStashError, match="404"):
        client.message.get(published.message_id)
    assert server.call("DELETE", f"/v2/messages/{published.message_id}").status == 404
    assert server.call("DELETE", "/v2/messages/").status == 404
    assert destination.received() == []


def test_an_attempt_under_way_is_broken_off_by_cancelling(
    client, destination, server, until, answer
):
    release = threading.Event()
    destination.answer("/slow", answer(200, until=release))
    published = client.message.publish(url=destination.url("/slow"))
    until(destination.received)
    client.message.cancel(published.message_id)
    server.wait_idle()
    release.set()

    states = {
        log.state for log in client.log.list(filter={"message_id": published.message_id}).logs
    }
    assert LogState.CANCELED in states
    assert LogState.DELIVERED not in states


def test_many_are_cancelled_by_id_and_an_empty_list_cancels_none(client, destination, server):
    ids = [
        client.message.publish(url=destination.url("/x"), delay="7d").message_id for _ in range(4)
    ]

    assert client.message.cancel_many([]) == 0
    assert client.message.cancel_many([*ids[:2], "msg_unknown"]) == 2
    assert client.message.cancel_many(ids[:2]) == 0
    assert server.call("DELETE", "/v2/messages?queueName=").content == {"cancelled": 0}
    assert client.message.cancel_all() == 2
    server.wait_idle()
    assert destination.received() == []


def test_messages_are_cancelled_by_filter(client, destination, server):
    for label in ("a", "a", "b"):
        client.message.publish(url=destination.url("/x"), delay="7d", label=label)

    assert server.call("DELETE", "/v2/messages?label=a").content == {"cancelled": 2}
    assert server.call("DELETE", "/v2/messages", body=b'{"label": "b"}').content == {"cancelled": 1}


def test_the_log_tells_the_life_of_a_message_newest_first(client, destination, server, answer):
    destination.answer("/x", answer(500, {"X-R": "1"}, b"oops"), answer(200))
    published = client.message.publish(
        url=destination.url("/x"), body="b", retries=2, retry_delay="1000"
    )
    server.wait_idle()
    logs = client.log.list(filter={"message_id": published.message_id}).logs

    assert [log.state.value for log in reversed(logs)] == [
        "CREATED", "ACTIVE", "ERROR", "RETRY", "ACTIVE", "DELIVERED",
    ]  # fmt: skip
    error = logs[3]
    assert (error.response_status, error.response_body) == (500, "b29wcw==")
    assert [log.response_status for log in logs if log is not error] == [None] * 5
    assert error.response_headers["X-R"] == ["1"]
    assert error.next_delivery_time >= error.time
    assert (logs[0].retry_delay_expression, logs[0].body_base64) == ("1000", "Yg==")


def test_the_log_is_filtered_and_paged(client, destination, server):
    ids = [
        client.message.publish(url=destination.url("/x"), label=f"l{number}").message_id
        for number in range(3)
    ]
    server.wait_idle()

    delivered = client.log.list(filter={"message_id": ids[0], "state": LogState.DELIVERED})
    labelled = client.log.list(filter={"label": "l1"})
    several = client.log.list(filter={"message_ids": ids[:2], "state": LogState.CREATED})
    first = client.log.list(count=5)
    second = client.log.list(count=5, cursor=first.cursor)
    assert len(delivered.logs) == 1
    assert {log.message_id for log in labelled.logs} == {ids[1]}
    assert {log.message_id for log in several.logs} == set(ids[:2])
    assert (len(first.logs), len(second.logs), second.cursor) == (5, 4, None)
    reply = server.call("GET", "/v2/logs?count=2").content
    assert reply["logs"] == reply["events"]
    assert len(reply["logs"]) == 2
