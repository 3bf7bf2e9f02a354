"""Attempts, callbacks and dead letters, over real sockets and with the SDK's view of them."""

import base64
import json
import threading

import pytest

DEFAULTS = {"retries": 2, "retry_delay": "10000"}  # 10 ms, see --time-scale


def test_a_failing_destination_is_retried_with_a_fresh_signature_each_time(
    client, destination, server, receiver, answer
):
    destination.answer("/flaky", answer(500), answer(404), answer(200))
    url = destination.url("/flaky")
    client.message.publish(url=url, body="x", **DEFAULTS)
    server.wait_idle()
    requests = destination.received("/flaky")

    assert [request.headers["upstash-retried"] for request in requests] == ["0", "1", "2"]
    assert len({request.headers["upstash-message-id"] for request in requests}) == 1
    signatures = {request.headers["upstash-signature"] for request in requests}
    assert len(signatures) == 3
    for signature in signatures:
        receiver.verify(signature=signature, body="x", url=url)
    assert server.dead_letters() == []


def test_exhausted_retries_end_in_the_dlq_as_the_sdk_shows_it(client, destination, server, answer):
    destination.answer("/dead", answer(404, {"X-Why": "gone"}, b"404 Not Found"))
    published = client.message.publish(
        url=destination.url("/dead"),
        body="x",
        retries=0,
        label="orders",
        headers={"X-Event-ID": "e"},
    )
    server.wait_idle()
    [letter] = client.dlq.list().messages

    assert letter.message_id == published.message_id
    assert letter.response_status == 404
    assert letter.response_body == "404 Not Found"
    assert letter.response_headers["X-Why"] == ["gone"]
    assert letter.headers["X-Event-Id"] == ["e"]
    assert (letter.body, letter.label, letter.max_retries) == ("x", "orders", 0)
    assert client.dlq.get(letter.dlq_id) == letter


def test_a_destination_that_is_down_ends_in_the_dlq_with_status_0(client, server):
    client.message.publish(url="http://127.0.0.1:1/", body="x", retries=0)
    server.wait_idle()
    [letter] = client.dlq.list().messages

    assert letter.response_status == 0
    assert "ConnectError" in letter.response_body


def test_a_redirect_is_a_failure_and_is_not_followed(client, destination, server, answer):
    destination.answer("/moved", answer(302, {"Location": "/elsewhere"}))
    client.message.publish(url=destination.url("/moved"), retries=0)
    server.wait_idle()

    assert destination.received("/elsewhere") == []
    assert server.dead_letters()[0]["responseStatus"] == 302


def test_a_slow_destination_times_out(client, destination, server, answer):
    release = threading.Event()
    destination.answer("/slow", answer(200, until=release))
    server.call(
        "POST", f"/v2/publish/{destination.url('/slow')}",
        headers={"Upstash-Timeout": "100ms", "Upstash-Retries": "0"},
    )  # fmt: skip
    server.wait_idle()
    release.set()

    [letter] = server.dead_letters()
    assert letter["responseBody"] == "timeout after 100 ms"


def test_489_with_its_header_is_final(client, destination, server, answer):
    destination.answer("/never", answer(489, {"Upstash-NonRetryable-Error": "true"}, b"unreadable"))
    client.message.publish(url=destination.url("/never"), body="x", **DEFAULTS)
    server.wait_idle()

    assert len(destination.received("/never")) == 1
    assert server.dead_letters()[0]["responseStatus"] == 489


def test_retry_after_is_honoured_in_real_time(client, destination, server, answer):
    destination.answer("/busy", answer(503, {"Retry-After": "200ms"}), answer(200))
    client.message.publish(url=destination.url("/busy"), body="x")
    server.wait_idle()
    first, second = destination.received("/busy")

    assert second.at - first.at >= 0.2


def test_every_attempt_calls_back_and_the_failure_callback_names_the_dead_letter(
    client, destination, server, receiver, answer
):
    destination.answer("/bad?x=1", answer(500, {"Content-Type": "text/plain"}, b"oops"))
    published = client.message.publish_json(
        url=destination.url("/bad?x=1"),
        body={"n": 1},
        headers={"X-Event-ID": "e-1"},
        callback=destination.url("/attempts"),
        failure_callback=destination.url("/failures"),
        failure_callback_headers={"Forward-X-Topic": "orders"},
        **DEFAULTS,
    )
    server.wait_idle()

    reports = [json.loads(request.body) for request in destination.received("/attempts")]
    [final] = destination.received("/failures")
    content = json.loads(final.body)
    receiver.verify(
        signature=final.headers["upstash-signature"],
        body=final.body.decode(),
        url=destination.url("/failures"),
    )
    assert sorted(report["retried"] for report in reports) == [0, 1, 2]
    assert final.headers["x-topic"] == "orders"
    assert final.headers["content-type"] == "application/json"
    assert final.headers["upstash-message-id"] != published.message_id
    assert content["sourceMessageId"] == published.message_id
    assert content["dlqId"] == server.dead_letters()[0]["dlqId"]
    assert (content["status"], content["retried"], content["maxRetries"]) == (500, 2, 2)
    assert base64.b64decode(content["body"]) == b"oops"
    assert base64.b64decode(content["sourceBody"]) == b'{"n": 1}'
    assert content["sourceHeader"] == {"X-Event-Id": ["e-1"], "Content-Type": ["application/json"]}
    assert content["header"]["Content-Type"] == ["text/plain"]
    assert content["url"] == destination.url("/bad?x=1")


def test_a_callback_that_fails_is_retried_and_then_dead_itself(client, destination, server, answer):
    destination.answer("/cb", answer(500))
    client.message.publish(
        url=destination.url("/fine"), callback=destination.url("/cb"), retries=1,
        callback_headers={"Retry-Delay": "0"},
    )  # fmt: skip
    server.wait_idle()

    assert len(destination.received("/cb")) == 2
    [letter] = server.dead_letters()
    assert letter["url"] == destination.url("/cb")


@pytest.fixture
def letters(client, destination, server, answer):
    """Five dead letters on paths /d0 to /d4, oldest first."""
    for number in range(5):
        destination.answer(f"/d{number}", answer(500 + number % 2))
        client.message.publish(
            url=destination.url(f"/d{number}"),
            body=f"body {number}",
            retries=0,
            label=f"l{number % 2}",
        )
        server.wait_idle()
    destination.forget()
    return [letter["dlqId"] for letter in server.dead_letters("?order=earliestFirst")]


def test_the_dlq_lists_newest_first_in_pages(client, letters):
    first = client.dlq.list(count=3)
    second = client.dlq.list(count=3, cursor=first.cursor)

    assert [letter.dlq_id for letter in first.messages + second.messages] == letters[::-1]
    assert second.cursor is None


def test_the_dlq_is_filtered(client, letters, destination):
    def found(**filters) -> list[str]:
        return [letter.dlq_id for letter in client.dlq.list(filter=filters).messages][::-1]

    assert found(label="l1") == [letters[1], letters[3]]
    assert found(response_status=501) == [letters[1], letters[3]]
    assert found(url=destination.url("/d2")) == [letters[2]]
    assert found(label="l0", response_status=501) == []


def test_letters_are_deleted_by_id_and_an_empty_list_deletes_none(client, server, letters):
    assert client.dlq.delete_many([]) == 0
    client.dlq.delete(letters[0])
    assert client.dlq.delete_many(letters[:2]) == 1
    assert server.call("DELETE", f"/v2/dlq?dlqIds={letters[2]},unknown").content == {"deleted": 1}
    assert server.call("DELETE", "/v2/dlq?dlqIds=").content == {"deleted": 0}
    assert server.call("DELETE", "/v2/dlq/").status == 404
    assert server.call("DELETE", f"/v2/dlq/{letters[0]}").status == 404
    assert server.call("DELETE", "/v2/dlq?lable=l1").status == 400
    assert [letter["dlqId"] for letter in server.dead_letters()] == [letters[4], letters[3]]


def test_letters_are_deleted_by_filter(server, letters):
    assert server.call("DELETE", "/v2/dlq?label=l0&count=2").content["deleted"] == 2
    assert server.call("DELETE", "/v2/dlq?label=l0").content == {"deleted": 1}
    assert len(server.dead_letters()) == 2


def test_a_retried_letter_is_a_new_message_with_the_old_content(server, destination, letters):
    reply = server.call("POST", f"/v2/dlq/retry/{letters[3]}", headers={"Content-Type": "text/odd"})
    server.wait_idle()
    [request] = destination.received()

    assert reply.status == 201
    assert request.headers["upstash-message-id"] == reply.content["messageId"]
    assert (request.path, request.body) == ("/d3", b"body 3")
    assert "content-type" not in request.headers
    assert server.call("GET", f"/v2/dlq/{letters[3]}").status == 404
    assert server.call("POST", f"/v2/dlq/retry/{letters[3]}").status == 404


def test_a_retry_may_override_options(server, destination, letters):
    headers = {
        "Upstash-Method": "PUT",
        "Upstash-Forward-X-Replay": "1",
        "Upstash-Label": "replayed",
    }
    reply = server.call("POST", f"/v2/dlq/retry/{letters[0]}", headers=headers)
    server.wait_idle()
    [request] = destination.received()
    message = server.call("GET", f"/v2/messages/{reply.content['messageId']}").content

    assert (request.method, request.headers["x-replay"]) == ("PUT", "1")
    assert message["label"] == "replayed"


def test_letters_are_retried_by_id_all_or_none(server, destination, letters):
    unknown = server.call("POST", f"/v2/dlq/retry?dlqIds={letters[0]}&dlqIds=1-1")
    none = server.call("POST", "/v2/dlq/retry", body=b'{"dlqIds": []}')
    reply = server.call("POST", f"/v2/dlq/retry?dlqIds={letters[0]},{letters[1]}")
    server.wait_idle()

    assert unknown.status == 404
    assert none.content == {"responses": []}
    assert reply.status == 201
    assert len(reply.content["responses"]) == 2
    assert sorted(request.path for request in destination.received()) == ["/d0", "/d1"]


def test_letters_are_retried_by_filter(server, destination, letters):
    reply = server.call("POST", "/v2/dlq/retry?label=l0&count=2")
    server.wait_idle()

    assert len(reply.content["responses"]) == 2
    assert reply.content["cursor"] == letters[2]
    assert sorted(request.path for request in destination.received()) == ["/d2", "/d4"]
    assert len(server.dead_letters()) == 3
