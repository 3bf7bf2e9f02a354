"""Keys, queues, schedules, flow control and access, as the SDK and strangers see them."""

import threading
import time

import pytest
from qstash import Receiver
from qstash.errors import QStashError, SignatureError

from local.qstash.http.options import DEV_CURRENT_SIGNING_KEY, DEV_NEXT_SIGNING_KEY, DEV_TOKEN


def test_keys_are_the_official_development_keys(client):
    keys = client.signing_key.get()

    assert (keys.current, keys.next) == (DEV_CURRENT_SIGNING_KEY, DEV_NEXT_SIGNING_KEY)


def test_rotation_takes_effect_for_what_is_already_waiting(
    client, destination, server, receiver, until
):
    url = destination.url("/x")
    server.call("POST", "/_dev/pause")
    client.message.publish(url=url, body="b")
    rotated = client.signing_key.rotate()
    server.call("POST", "/_dev/resume")
    [request] = until(destination.received)

    def verify(one: Receiver) -> None:
        one.verify(signature=request.headers["upstash-signature"], body="b", url=url)

    assert rotated.current == DEV_NEXT_SIGNING_KEY
    assert rotated.next.startswith("sig_")
    assert len(rotated.next) == 32
    verify(receiver)
    verify(Receiver(rotated.current, rotated.next))
    with pytest.raises(SignatureError):
        verify(Receiver(DEV_CURRENT_SIGNING_KEY, rotated.next))


def test_a_queue_delivers_one_after_the_other_in_order(client, destination, server, until, answer):
    release = threading.Event()
    destination.answer("/n0", answer(500), answer(200, until=release))
    for number in range(3):
        client.message.enqueue(
            queue="orders", url=destination.url(f"/n{number}"), retries=1, retry_delay="1000"
        )
    until(lambda: len(destination.received()) == 2)
    lag = client.queue.get("orders").lag
    release.set()
    server.wait_idle()

    assert lag == 3
    assert [r.path for r in destination.received()] == ["/n0", "/n0", "/n1", "/n2"]
    assert client.queue.get("orders").lag == 0


def test_a_delayed_message_is_delivered_at_once_when_told_to_hurry(client, destination, server):
    client.message.publish(url=destination.url("/later"), body="b", delay="1h")
    assert server.health()["due"] == 0

    assert server.call("POST", "/_dev/hurry").content == {"messages": 1}

    server.wait_idle()
    assert len(destination.received()) == 1


def test_a_paused_queue_waits_until_it_is_resumed(client, destination, server):
    client.queue.upsert("q", parallelism=2, paused=True)
    client.message.enqueue(queue="q", url=destination.url("/x"))
    queue = client.queue.get("q")

    assert (queue.name, queue.parallelism, queue.paused, queue.lag) == ("q", 2, True, 1)
    assert not server.health()["idle"]
    client.queue.resume("q")
    server.wait_idle()
    assert len(destination.received()) == 1
    assert [one.name for one in client.queue.list()] == ["q"]
    client.queue.delete("q")
    client.queue.delete("q")
    assert client.queue.list() == []


def test_url_groups_are_kept(client, destination):
    client.url_group.delete("g")
    client.url_group.upsert_endpoints(
        "g", [{"url": destination.url("/a"), "name": "a"}, {"url": destination.url("/b")}]
    )
    client.url_group.remove_endpoints("g", [{"name": "a"}])

    assert [e.url for e in client.url_group.get("g").endpoints] == [destination.url("/b")]
    assert [group.name for group in client.url_group.list()] == ["g"]
    client.url_group.remove_endpoints("g", [{"url": destination.url("/b")}])
    assert client.url_group.list() == []


def test_schedules_are_kept_and_planned(client, destination):
    schedule_id = client.schedule.create_json(
        destination=destination.url("/tick"), cron="*/5 * * * *", body={"a": 1}, retries=2, delay=10,
        timeout="30s", schedule_id="tick", label="l",
    )  # fmt: skip
    schedule = client.schedule.get(schedule_id)

    assert (schedule.schedule_id, schedule.destination) == ("tick", destination.url("/tick"))
    assert (schedule.cron, schedule.method, schedule.retries) == ("*/5 * * * *", "POST", 2)
    assert (schedule.body, schedule.timeout, schedule.label) == ('{"a": 1}', 30, "l")
    assert schedule.next_schedule_time > time.time() * 1000
    client.schedule.pause("tick")
    assert client.schedule.get("tick").paused
    client.schedule.resume("tick")
    assert not client.schedule.get("tick").paused
    client.schedule.create(
        destination=destination.url("/tock"), cron="1 1 1 1 1", schedule_id="tick"
    )
    assert [one.destination for one in client.schedule.list()] == [destination.url("/tock")]
    client.schedule.delete("tick")
    with pytest.raises(QStashError, match="404"):
        client.schedule.get("tick")


def test_flow_control_limits_a_key_and_can_be_pinned(client, destination, server, until, answer):
    release = threading.Event()
    destination.answer("/x", answer(200, until=release))
    for _ in range(3):
        client.message.publish(
            url=destination.url("/x"), flow_control={"key": "k", "parallelism": 1}
        )
    until(destination.received)
    info = client.flow_control.get("k")

    assert (info.parallelism_max, info.parallelism_count, info.wait_list_size) == (1, 1, 2)
    assert client.flow_control.get_global_parallelism().parallelism_count == 1
    client.flow_control.pin("k", {"parallelism": 3})
    until(lambda: len(destination.received()) == 3)
    assert client.flow_control.get("k").is_pinned_parallelism
    client.flow_control.unpin("k", {"parallelism": True})
    assert not client.flow_control.get("k").is_pinned_parallelism
    release.set()
    server.wait_idle()


@pytest.mark.parametrize("token", [None, "", "wrong", DEV_TOKEN + "x"])
def test_strangers_are_refused(server, destination, token):
    for method, path in (
        ("POST", f"/v2/publish/{destination.url('/x')}"),
        ("GET", "/v2/keys"),
        ("POST", "/_dev/reset"),
    ):
        reply = server.call(method, path, token=token)
        assert reply.status == 401
        assert set(reply.content) == {"error"}
    assert destination.received() == []


def test_the_token_may_stand_in_the_query(server, destination, until):
    url = destination.url("/x")
    reply = server.call("POST", f"/v2/publish/{url}?qstash_token={DEV_TOKEN}&a=1", token=None)
    [request] = until(destination.received)

    assert reply.status == 201
    assert request.path == "/x?a=1"


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:3000"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Host": "evil.example"},
    {"Host": "localhost.evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_dev/reset"),
        ("POST", "/v2/publish/http://127.0.0.1:1/"),
        ("GET", "/v2/keys"),
        ("GET", "/_dev/health"),
        ("GET", "/v2/nothing"),
        ("OPTIONS", "/v2/keys"),
    ],
)
def test_what_a_page_of_another_site_sends_reads_and_changes_nothing(server, headers, method, path):
    reply = server.call(method, path, headers=headers)

    assert reply.status == (421 if "Host" in headers else 403)
    assert set(reply.content) == {"error"}


def test_the_servers_own_pages_and_typed_addresses_are_answered(server):
    own = {"Origin": f"http://localhost:{server.port}", "Host": f"localhost:{server.port}"}

    assert server.call("GET", "/v2/keys", headers=own).status == 200
    assert server.call("GET", "/v2/keys", headers={"Sec-Fetch-Site": "none"}).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v2/nothing", 404),
        ("PUT", "/v2/keys", 405),
        ("POST", "/v2/messages", 405),
    ],
)
def test_unknown_paths_and_methods_get_an_error_in_the_wire_shape(server, method, path, status):
    reply = server.call(method, path)

    assert reply.status == status
    assert set(reply.content) == {"error"}


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v2/batch", b"{}"), ("/v2/batch", b"["), ("/v2/queues", b"[]"), ("/v2/queues", b'{"queueName": "a b"}'),
     ("/v2/queues", b'{"queueName": "q", "parallelism": 0}'), ("/v2/topics/g/endpoints", b'{"endpoints": [1]}'),
     ("/v2/topics/g/endpoints", b'{"endpoints": [{"url": "https://example.com"}]}'),
     ("/_dev/duplicate", b'{"copies": 0}')],
)  # fmt: skip
def test_malformed_bodies_are_400(server, path, body):
    reply = server.call("POST", path, body=body)

    assert reply.status == 400
    assert set(reply.content) == {"error"}
