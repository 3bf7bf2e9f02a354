"""What the service refuses is refused here, by every way it may come in, and changes nothing."""

import json

import pytest

YEARLY = {"Upstash-Cron": "0 0 1 1 *"}


def ways_to_publish(server, destination, headers):
    """The same options by every way that takes them; each way's error, or None."""
    url = destination.url("/x")
    item = json.dumps([{"destination": url, "headers": headers}])
    query = "&".join(
        f"{name.lower()}={value.replace(' ', '%20')}" for name, value in headers.items()
    )
    return {
        "publish": server.call("POST", f"/v2/publish/{url}", headers=headers),
        "query": server.call("POST", f"/v2/publish/{url}?{query}"),
        "enqueue": server.call("POST", f"/v2/enqueue/q/{url}", headers=headers),
        "schedule": server.call("POST", f"/v2/schedules/{url}", headers={**YEARLY, **headers}),
        "scheduling publish": server.call(
            "POST", f"/v2/publish/{url}", headers={**YEARLY, **headers}
        ),
        "batch": server.call("POST", "/v2/batch", body=item),
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"Upstash-Deduplication-Id": "event:1"},
        {"Upstash-Label": "a b"},
        {"Upstash-Label": "a:b"},
        {"Upstash-Flow-Control-Key": "a:b", "Upstash-Flow-Control-Value": "rate=1"},
        {"Upstash-Workflow-RunId": "wfr_1"},
        {"Upstash-Callback": "http://127.0.0.1:1/", "Upstash-Callback-Workflow-Init": "true"},
        {"Upstash-Retries": "6"},
    ],
)
def test_what_the_service_refuses_is_refused_however_it_is_published(server, destination, headers):
    replies = ways_to_publish(server, destination, headers)
    batch = replies.pop("batch")

    assert {way: reply.status for way, reply in replies.items()} == dict.fromkeys(replies, 400)
    assert batch.status == 200
    assert [set(element) for element in batch.content] == [{"error"}]
    if "Upstash-Deduplication-Id" in headers:
        errors = [batch.content[0], *(reply.content for reply in replies.values())]
        assert errors == [{"error": "DeduplicationId cannot contain ':'"}] * 6
    assert server.health()["unfinished"] == 0
    assert server.call("GET", "/v2/schedules").content == []


@pytest.mark.parametrize("name", ["Upstash-Not-Before", "Upstash-Deduplication-Id"])
def test_a_schedule_refuses_what_it_cannot_honour(server, destination, name):
    reply = server.call(
        "POST", f"/v2/schedules/{destination.url('/x')}", headers={**YEARLY, name: "1999999999"}
    )

    assert (reply.status, reply.content) == (400, {"error": f"unsupported: {name} on a schedule"})


@pytest.mark.parametrize("name", ["Upstash-Label", "Upstash-Forward-X", "Upstash-Callback"])
def test_options_of_a_whole_batch_are_refused_for_its_items_have_their_own(
    server, destination, name
):
    body = json.dumps([{"destination": destination.url("/x")}])
    replies = [
        server.call("POST", "/v2/batch", headers={name: "a"}, body=body),
        server.call("POST", f"/v2/batch?{name.lower()}=a", body=body),
    ]

    assert [reply.status for reply in replies] == [400, 400]
    assert (
        server.call("POST", "/v2/batch", headers={"Upstash-Telemetry-Sdk": "x"}, body=body).status
        == 200
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/v2/messages"), ("GET", "/v2/logs"), ("GET", "/v2/events"), ("GET", "/v2/dlq"),
     ("DELETE", "/v2/dlq"), ("POST", "/v2/dlq/retry"), ("GET", "/_dev/deliveries")],
)  # fmt: skip
def test_an_unknown_filter_is_never_ignored(server, publish, method, path):
    publish(Upstash_Delay="1h")
    reply = server.call(method, f"{path}?lable=x")

    assert (reply.status, reply.content) == (400, {"error": "unknown filter: lable"})
    assert server.health()["unfinished"] == 1


@pytest.mark.parametrize("path", ["/v2/dlq/retry/{a}", "/v2/dlq/retry?label=x"])
@pytest.mark.parametrize(
    "headers",
    [{"Upstash-Retries": "9"}, {"Upstash-Label": "a b"}, {"Upstash-Cron": "* * * * *"},
     {"Upstash-Deduplication-Id": "a"}, {"Upstash-Callback-Retries": "1"}],
)  # fmt: skip
def test_a_retry_with_an_option_that_cannot_be_honoured_leaves_all_letters(
    server, labelled_letters, path, headers
):
    reply = server.call("POST", path.format(**labelled_letters), headers=headers)

    assert reply.status == 400
    assert len(server.dead_letters()) == 3


@pytest.mark.parametrize(
    "path",
    ["a:b/pause", "a%20b/resume", "%C3%A4/resetRate", "k/pin", "k/pin?parallelism=0", "k/pin?rate=x",
     "k/pin?parallelism=1&period=5", "k/pin?rate=1&period=0", "k/pin?rate=1&period=604801", "k/unpin?rate=yes"],
)  # fmt: skip
def test_a_flow_control_key_is_left_as_it_was_by_what_makes_no_sense(server, path):
    assert server.call("POST", f"/v2/flowControl/{path}").status == 400
    assert server.call("GET", "/v2/flowControl").content == []


def test_the_plans_number_of_queues_schedules_and_groups_is_a_limit(start_server, destination):
    server = start_server("--quota", "free")
    url = destination.url("/x")
    for number in range(10):
        assert server.call("POST", f"/v2/enqueue/q{number}/{url}").status == 201
        assert server.call("POST", f"/v2/schedules/{url}", headers=YEARLY).status == 201
    endpoints = json.dumps({"endpoints": [{"url": url}]})
    assert server.call("POST", "/v2/topics/g0/endpoints", body=endpoints).status == 200

    for reply in (
        server.call("POST", f"/v2/enqueue/q10/{url}"),
        server.call("POST", "/v2/queues/q10/pause"),
        server.call("POST", "/v2/queues", body='{"queueName": "q10"}'),
        server.call("POST", f"/v2/schedules/{url}", headers=YEARLY),
        server.call(
            "POST", f"/v2/schedules/{url}", headers={**YEARLY, "Upstash-Queue-Name": "q10"}
        ),
        server.call("POST", "/v2/topics/g1/endpoints", body=endpoints),
    ):
        assert reply.status == 412
        assert "current limit: " in reply.content["error"]
    assert server.call("POST", f"/v2/enqueue/q0/{url}").status == 201
    assert server.call("POST", "/v2/topics/g0/endpoints", body=endpoints).status == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v2/queues", '{"queueName": 7}'),
        ("POST", "/v2/queues", '{"queueName": null}'),
        ("POST", "/v2/queues", '{"queueName": "q", "parallelism": true}'),
        ("POST", "/v2/queues", '{"queueName": "q", "parallelism": "5"}'),
        ("POST", "/v2/queues", '{"queueName": "q", "paused": 1}'),
        ("POST", "/v2/queues", '{"queueName": "q", "queueName": "r"}'),
        ("POST", "/v2/queues", '{"queueName": "\\ud800"}'),
        ("POST", "/v2/queues", '{"queueName": "q", "parallelism": NaN}'),
        ("POST", "/v2/queues", '{"queueName": "q", "parallelism": 1e999}'),
        ("POST", "/v2/topics/g/endpoints", "{}"),
        ("POST", "/v2/topics/g/endpoints", '{"endpoints": []}'),
        ("POST", "/v2/topics/g/endpoints", '{"endpoints": [{}]}'),
        ("POST", "/v2/topics/g/endpoints", '{"endpoints": [{"name": "n"}]}'),
        ("POST", "/v2/topics/g/endpoints", '{"endpoints": [{"url": ["http://127.0.0.1"]}]}'),
        ("POST", "/v2/topics/g/endpoints", '{"endpoints": [{"url": "http://127.0.0.1/\\udc00"}]}'),
        ("POST", "/v2/batch", "[" * 100_000),
        ("POST", "/v2/batch", '{"a":' * 100_000),
        ("POST", "/v2/batch", b"\xff"),
        ("POST", "/v2/batch", ""),
        ("POST", "/v2/batch", '[{"destination": "a", "destination": "b"}]'),
        ("POST", "/v2/batch", "[" + "9" * 5000 + "]"),
        ("DELETE", "/v2/messages", '{"messageIds": null}'),
        ("DELETE", "/v2/messages", "[" * 100_000),
        ("DELETE", "/v2/dlq", '{"dlqIds": [{"id": "1"}]}'),
        ("DELETE", "/v2/dlq", '{"dlqIds": ["a"], "dlqIds": ["b"]}'),
        ("POST", "/v2/dlq/retry", '{"dlqIds": false}'),
        ("POST", "/_dev/duplicate", '{"copies": 1e999}'),
    ],
)
def test_a_body_that_is_not_what_it_should_be_is_400(server, publish, method, path, body):
    publish(Upstash_Delay="1h")
    reply = server.call(method, path, body=body)

    assert reply.status == 400
    assert set(reply.content) == {"error"}
    assert server.health()["unfinished"] == 1


@pytest.mark.parametrize(
    "item",
    ["null", "[]", "{}", '{"destination": 5}', '{"destination": "%s/\\ud800"}',
     '{"destination": "%s", "body": {"a": 1}}', '{"destination": "%s", "body": "\\udfff"}',
     '{"destination": "%s", "headers": []}', '{"destination": "%s", "headers": {"Upstash-Retries": 3}}',
     '{"destination": "%s", "headers": {"X\\ud800": "a"}}', '{"destination": "%s", "headers": {"X": "\\ud800"}}',
     '{"destination": "%s", "queue": "a b"}', '{"destination": "%s", "queue": 1}',
     '{"destination": "http://127.0.0.1:1:2/"}', '{"destination": "http://[::1%%25lo]/"}',
     '{"destination": "http://[/"}', '{"destination": ""}'],
)  # fmt: skip
def test_a_bad_item_of_a_batch_is_an_error_element(server, destination, item):
    url = destination.url("/x")
    bad = item.replace("%s", url).replace("%%", "%")
    reply = server.call("POST", "/v2/batch", body=f'[{bad}, {{"destination": "{url}"}}]')

    assert reply.status == 200
    assert [set(element) for element in reply.content] == [{"error"}, {"messageId"}]
