"""Publishing through the official SDK: what arrives at the destination, and what the publisher is told."""

import json
import socket
import time

import pytest
from qstash.errors import QStashError

from local.qstash.http.options import DEV_TOKEN


def test_a_published_message_arrives_signed_and_complete(client, destination, receiver, until):
    url = destination.url("/hook?a=1&b=%2F")
    published = client.message.publish_json(
        url=url, body={"orderId": "o-1", "name": "Ünï"}, headers={"X-Event-ID": "e-1"}
    )
    [request] = until(destination.received)

    receiver.verify(
        signature=request.headers["upstash-signature"], body=request.body.decode(), url=url
    )
    assert (request.method, request.path) == ("POST", "/hook?a=1&b=%2F")
    assert json.loads(request.body) == {"orderId": "o-1", "name": "Ünï"}
    assert request.headers["host"] == f"127.0.0.1:{destination.port}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-event-id"] == "e-1"
    assert request.headers["upstash-message-id"] == published.message_id
    assert request.headers["upstash-retried"] == "0"
    assert request.headers["upstash-caller-ip"] == "127.0.0.1"
    assert request.headers["upstash-region"] == "US-EAST-1"
    assert request.headers["user-agent"] == "Upstash-QStash"
    assert "authorization" not in request.headers
    assert not published.deduplicated


def test_a_routed_https_url_reaches_the_emulator_and_keeps_host_path_and_subject(
    client, destination, receiver, until
):
    url = "https://abc123.lambda-url.us-east-1.on.aws/api/webhooks/orders?x=1"
    client.message.publish(url=url, body="raw text", content_type="text/plain")
    [request] = until(destination.received)

    assert request.headers["host"] == "abc123.lambda-url.us-east-1.on.aws"
    assert request.path == "/api/webhooks/orders?x=1"
    receiver.verify(signature=request.headers["upstash-signature"], body="raw text", url=url)


def test_the_destination_in_the_path_is_taken_literally(server, destination, until):
    path = "/a//b/%2e%2e/c%20d/"
    reply = server.call(
        "POST",
        f"/v2/publish/{destination.url(path)}?z=1&upstash-forward-x=y&qstash_token=t&w=//",
        body=b"\x00\xff",
    )
    [request] = until(destination.received)

    assert reply.status == 201
    assert set(reply.content) == {"messageId"}
    assert request.path == f"{path}?z=1&w=//"
    assert request.headers["x"] == "y"
    assert request.body == b"\x00\xff"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_the_method_is_the_publishers_choice(client, destination, until, method):
    client.message.publish(url=destination.url("/m"), method=method, body="x")
    [request] = until(destination.received)

    assert (request.method, request.body) == (method, b"x")


def test_a_repeated_deduplication_id_is_answered_with_the_first_message(
    client, destination, server
):
    url = destination.url("/once")
    first = client.message.publish(url=url, body="a", deduplication_id="order-1")
    second = client.message.publish(url=url, body="b", deduplication_id="order-1")
    server.wait_idle()

    assert (second.message_id, second.deduplicated) == (first.message_id, True)
    assert [request.body for request in destination.received()] == [b"a"]


def test_a_duplicate_is_202_and_says_so(server, destination):
    replies = [
        server.call(
            "POST",
            f"/v2/publish/{destination.url('/x')}",
            headers={"Upstash-Deduplication-Id": "d"},
            body=b"1",
        )
        for _ in range(2)
    ]

    assert [reply.status for reply in replies] == [201, 202]
    assert replies[1].content == {**replies[0].content, "deduplicated": True}


def test_content_based_deduplication_compares_body_destination_and_headers(client, destination):
    def publish(path: str = "/c", body: str = "1", **headers: str) -> str:
        published = client.message.publish(
            url=destination.url(path), body=body, headers=headers, content_based_deduplication=True
        )
        return str(published.message_id)

    first = publish()
    assert publish() == first
    assert len({first, publish(body="2"), publish(path="/d"), publish(X="1")}) == 4


def test_a_batch_goes_to_many_topics_in_one_call_and_keeps_the_order_of_its_answers(
    client, destination, server
):
    responses = client.message.batch_json(
        [
            {
                "url": destination.url(f"/topic-{n}"),
                "body": {"n": n},
                "deduplication_id": str(n % 4),
            }
            for n in range(5)
        ]
    )
    server.wait_idle()

    assert responses[4].message_id == responses[0].message_id
    assert [response.deduplicated for response in responses] == [False, False, False, False, True]
    arrived = {
        request.headers["upstash-message-id"]: json.loads(request.body)
        for request in destination.received()
    }
    assert [arrived[response.message_id]["n"] for response in responses[:4]] == [0, 1, 2, 3]


def test_one_bad_item_of_a_batch_does_not_stop_the_others(server, destination):
    good = {
        "destination": destination.url("/ok"),
        "headers": {"Upstash-Retries": "1"},
        "body": "x",
        "queue": None,
    }
    items = [
        good,
        {**good, "headers": {"Upstash-Retries": "9"}},
        {**good, "destination": "https://example.com/"},
        {**good, "headers": {"X\r\nY": "1"}},
        {**good, "body": 7},
        "nonsense",
        good,
    ]
    reply = server.call("POST", "/v2/batch", body=json.dumps(items))
    server.wait_idle()

    assert reply.status == 200
    assert [sorted(element) for element in reply.content] == [
        ["messageId"], ["error"], ["error"], ["error"], ["error"], ["error"], ["messageId"],
    ]  # fmt: skip
    assert reply.content[1] == {"error": "quota maxRetries exceeded"}
    assert len(destination.received("/ok")) == 2


def test_a_delayed_message_waits(server, destination):
    # A thousandth of the delay, see --time-scale; the message is not even due before.
    reply = server.call(
        "POST",
        f"/v2/publish/{destination.url('/late')}",
        headers={"Upstash-Delay": "2m"},
        body=b"x",
    )
    published = time.monotonic()
    server.wait_idle()
    [request] = destination.received("/late")

    assert reply.status == 201
    assert request.at - published >= 0.1


def test_not_before_is_a_date_and_shows_in_the_message(client, destination, server):
    moment = int(time.time()) + 3600
    published = client.message.publish(url=destination.url("/later"), body="x", not_before=moment)
    message = client.message.get(published.message_id)

    assert message.not_before == moment * 1000
    assert destination.received() == []


@pytest.mark.parametrize(
    ("destination_url", "message"),
    [
        ("https://example.com/hook", "neither a loopback address nor a routed host"),
        ("no-such-group", "endpoint has invalid scheme, add http:// or https://"),
        ("https%3A%2F%2Fx.on.aws%2F", "endpoint has invalid scheme"),
        ("", "endpoint has invalid scheme"),
    ],
)
def test_a_destination_that_cannot_be_delivered_to_is_refused_at_once(
    server, destination_url, message
):
    reply = server.call("POST", f"/v2/publish/{destination_url}", body=b"x")

    assert reply.status == 400
    assert reply.content["error"].startswith("invalid destination url: ")
    assert message in reply.content["error"]


def test_the_sdk_reports_a_refusal_as_its_own_error(client, destination):
    with pytest.raises(QStashError, match="quota maxRetries exceeded"):
        client.message.publish(url=destination.url("/x"), retries=6)


def test_a_message_over_the_plans_size_is_413(server, destination):
    ten_megabytes = 10 * 1024 * 1024
    url = f"/v2/publish/{destination.url('/x')}"
    reply = server.call("POST", url, body=b"x" * (ten_megabytes + 1))

    assert reply.status == 413
    assert "maxMessageSize" in reply.content["error"]


def test_a_url_group_reaches_every_endpoint(client, destination, server):
    client.url_group.upsert_endpoints(
        "orders",
        [{"url": destination.url("/one"), "name": "first"}, {"url": destination.url("/two")}],
    )
    responses = client.message.publish(url_group="orders", body="x", deduplication_id="g")
    again = client.message.publish(url_group="orders", body="x", deduplication_id="g")
    server.wait_idle()

    assert [response.url for response in responses] == [
        destination.url("/one"),
        destination.url("/two"),
    ]
    assert [r.message_id for r in again] == [r.message_id for r in responses]
    assert all(response.deduplicated for response in again)
    assert {request.headers["upstash-topic-name"] for request in destination.received()} == {
        "orders"
    }
    assert len(destination.received()) == 2


def test_a_group_with_a_new_endpoint_is_only_partly_a_duplicate(client, server, destination):
    path, headers = "/v2/publish/g", {"Upstash-Deduplication-Id": "d"}
    client.url_group.upsert_endpoints("g", [{"url": destination.url("/a")}])
    server.call("POST", path, headers=headers)
    client.url_group.upsert_endpoints("g", [{"url": destination.url("/b")}])
    partly, wholly = (server.call("POST", path, headers=headers) for _ in range(2))

    assert (partly.status, wholly.status) == (201, 202)
    assert ["deduplicated" in one for one in partly.content] == [True, False]


def test_half_a_request_is_not_taken_for_a_message(server, destination, until):
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(
            f"POST /v2/publish/{destination.url('/x')} HTTP/1.1\r\nHost: x\r\n"
            f"Authorization: Bearer {DEV_TOKEN}\r\nContent-Length: 100\r\n\r\nonly this".encode()
        )
    server.call("POST", f"/v2/publish/{destination.url('/whole')}")
    until(lambda: destination.received("/whole"))

    assert len(server.call("GET", "/v2/events?state=CREATED").content["events"]) == 1
    assert destination.received("/x") == []
