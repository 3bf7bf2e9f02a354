"""The server as a process: restarts, signals, the delivery log and the knobs for chaos."""

import json
import signal
import threading

import pytest


def test_the_delivery_log_tells_each_events_deliveries(client, destination, server, answer):
    destination.answer("/x", answer(500), answer(200))
    client.message.publish(
        url=destination.url("/x"), headers={"X-Event-ID": "e-1", "X-Event-Type": "order.created"},
        retry_delay="1000", callback=destination.url("/cb"),
    )  # fmt: skip
    client.message.publish(url=destination.url("/other"))
    server.wait_idle()
    first, second = server.deliveries("?eventId=e-1")

    assert (first["attempt"], first["status"]) == (0, 500)
    assert (second["attempt"], second["status"]) == (1, 200)
    assert first["eventType"] == "order.created"
    assert first["startedAt"] <= first["finishedAt"] <= second["startedAt"]
    assert len(server.deliveries()) == 5
    assert [one["callback"] for one in server.deliveries(f"?url={destination.url('/cb')}")] == [
        True,
        True,
    ]
    assert len(server.deliveries(f"?after={second['number']}")) == 5 - second["number"]


def test_duplicates_are_delivered_at_once_under_the_same_message_id(
    client, destination, server, until, answer
):
    release = threading.Event()
    destination.answer("/x", answer(200, until=release))
    server.call("POST", "/_dev/duplicate", body=b'{"copies": 3}')
    published = client.message.publish(url=destination.url("/x"), body="b")
    until(lambda: len(destination.received()) == 3)
    release.set()
    server.wait_idle()
    requests = destination.received()

    assert {request.headers["upstash-message-id"] for request in requests} == {published.message_id}
    assert len({request.headers["upstash-signature"] for request in requests}) == 3
    assert sorted(one["copy"] for one in server.deliveries()) == [0, 1, 2]
    delivered = client.log.list(filter={"message_id": published.message_id}).logs
    assert [log.state.value for log in delivered].count("DELIVERED") == 1


def test_a_paused_server_accepts_and_delivers_later(client, destination, server):
    server.call("POST", "/_dev/pause")
    client.message.publish(url=destination.url("/x"))
    health = server.health()

    assert (health["paused"], health["due"], health["inFlight"]) == (True, 1, 0)
    server.call("POST", "/_dev/resume")
    server.wait_idle()
    assert len(destination.received()) == 1


def test_no_more_deliveries_run_at_once_than_allowed(start_server, destination, answer, until):
    server = start_server("--parallelism", "2")
    release = threading.Event()
    destination.answer("/x", answer(200, until=release))
    for _ in range(5):
        server.call("POST", f"/v2/publish/{destination.url('/x')}")
    until(lambda: len(destination.received()) == 2)

    assert server.health()["inFlight"] == 2
    release.set()
    server.wait_idle()
    assert len(destination.received()) == 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_was_accepted_is_delivered_after_a_restart(
    start_server, make_client, destination, tmp_path, number, answer
):
    state = str(tmp_path / "state")
    server = start_server("--state-file", state)
    client = make_client(server)
    destination.answer("/dead", answer(500))
    client.message.publish(url=destination.url("/dead"), retries=0)
    client.message.publish(url=destination.url("/done"), deduplication_id="done")
    server.wait_idle()
    keys = client.signing_key.rotate()
    server.call("POST", "/_dev/pause")
    waiting = [
        client.message.publish(
            url=destination.url("/wait"), body=str(one), deduplication_id=str(one)
        )
        for one in range(20)
    ]
    server.stop(number)
    assert destination.received("/wait") == []

    again = start_server("--state-file", state)
    again_client = make_client(again)
    again.wait_idle()

    assert sorted(int(request.body) for request in destination.received("/wait")) == list(range(20))
    assert {r.headers["upstash-message-id"] for r in destination.received("/wait")} == {
        one.message_id for one in waiting
    }
    assert again_client.signing_key.get() == keys
    assert [letter.url for letter in again_client.dlq.list().messages] == [destination.url("/dead")]
    repeated = again_client.message.publish(url=destination.url("/done"), deduplication_id="done")
    assert repeated.deduplicated
    assert len(destination.received("/done")) == 1


def test_an_attempt_cut_off_by_a_kill_is_made_again(
    start_server, destination, tmp_path, until, answer
):
    state = str(tmp_path / "state")
    server = start_server("--state-file", state)
    release = threading.Event()
    destination.answer("/x", answer(200, until=release))
    reply = server.call("POST", f"/v2/publish/{destination.url('/x')}", body=b"b")
    until(destination.received)
    server.stop(signal.SIGKILL)
    release.set()
    start_server("--state-file", state).wait_idle()

    ids = [request.headers["upstash-message-id"] for request in destination.received("/x")]
    assert ids == [reply.content["messageId"]] * 2


def test_sigterm_lets_an_attempt_end_first(start_server, destination, tmp_path, until, answer):
    state = str(tmp_path / "state")
    server = start_server("--state-file", state)
    release = threading.Event()
    destination.answer("/x", answer(200, until=release))
    server.call("POST", f"/v2/publish/{destination.url('/x')}")
    until(destination.received)
    server.process.send_signal(signal.SIGTERM)
    release.set()

    assert server.stop() == 0
    start_server("--state-file", state).wait_idle()
    assert len(destination.received("/x")) == 1


def test_sigterm_does_not_wait_for_an_attempt_that_hangs(
    start_server, destination, tmp_path, until, answer
):
    state = str(tmp_path / "state")
    server = start_server("--state-file", state)
    release = threading.Event()
    destination.answer("/x", answer(200, until=release))
    server.call("POST", f"/v2/publish/{destination.url('/x')}")
    until(destination.received)

    assert server.stop() == 0
    release.set()
    start_server("--state-file", state).wait_idle()
    assert len(destination.received("/x")) == 2


def test_the_server_says_where_it_listens(start_server):
    server = start_server()

    assert server.process.stdout.readline() == f"QStash dev server listening on {server.url}\n"


def test_a_second_server_on_the_same_state_file_refuses_to_start(start_server, tmp_path):
    state = str(tmp_path / "state")
    start_server("--state-file", state)

    with pytest.raises(AssertionError, match="did not start"):
        start_server("--state-file", state)


def test_a_burst_is_delivered_completely(client, destination, server):
    responses = client.message.batch(
        [{"url": destination.url("/burst"), "body": str(number)} for number in range(300)]
    )
    server.wait_idle()

    assert len({response.message_id for response in responses}) == 300
    assert sorted(int(r.body) for r in destination.received("/burst")) == list(range(300))
    states = [json.dumps(one["status"]) for one in server.deliveries()]
    assert states == ["200"] * 300
