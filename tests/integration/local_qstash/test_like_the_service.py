"""Answers that programs written for the service rely on, endpoint by endpoint."""

import json

import pytest

YEARLY = {"Upstash-Cron": "0 0 1 1 *"}


def test_a_publish_with_a_cron_makes_a_schedule_and_delivers_nothing(server, publish, destination):
    made = publish(Upstash_Cron="0 0 1 1 *", Upstash_Schedule_Id="yearly")
    server.wait_idle()

    assert made == {"scheduleId": "yearly"}
    assert destination.received() == []


def test_a_schedule_has_every_field_that_is_documented_as_required(server, destination):
    server.call(
        "POST",
        f"/v2/schedules/{destination.url('/x')}",
        headers={**YEARLY, "Upstash-Schedule-Id": "s", "Upstash-Retries": "0"},
    )
    [schedule] = server.call("GET", "/v2/schedules/").content

    assert schedule.keys() >= {"scheduleId", "cron", "destination", "createdAt", "method"}
    assert (schedule["isPaused"], schedule["retries"]) == (False, 0)
    assert schedule["callerIp"] == schedule["callerIP"] == "127.0.0.1"
    server.call("POST", "/v2/schedules/s/pause/")
    assert server.call("GET", "/v2/schedules/s/").content["isPaused"] is True


def test_every_form_of_cancelling_answers_how_many(server, publish):
    ids = [publish(Upstash_Delay="1h")["messageId"] for _ in range(6)]

    assert server.call("DELETE", f"/v2/messages/{ids[0]}").content == {"cancelled": 1}
    assert server.call("DELETE", f"/v2/messages/{ids[0]}").status == 404
    assert server.call("DELETE", f"/v2/messages?messageIds={ids[0]},{ids[1]}").content == {
        "cancelled": 1
    }
    body = json.dumps({"messageIds": ids[1:3]})
    assert server.call("DELETE", "/v2/messages", body=body).content == {"cancelled": 1}
    assert server.call("DELETE", "/v2/messages?count=2").content == {"cancelled": 2}
    assert server.call("DELETE", "/v2/messages/").status == 404
    assert server.call("DELETE", "/v2/messages").content == {"cancelled": 1}
    assert server.call("DELETE", "/v2/messages").content == {"cancelled": 0}


def test_a_message_that_is_delivered_is_not_cancelled(server, publish):
    message_id = publish()["messageId"]
    server.wait_idle()

    assert server.call("DELETE", f"/v2/messages/{message_id}").content == {"cancelled": 0}


@pytest.mark.parametrize(
    ("query", "cancelled"),
    [("host=127.0.0.1", 3), ("host=localhost", 0), ("path=/a", 1), ("path=/a,/b", 2), ("path=/a&path=/b", 2),
     ("label=one,two", 2), ("label=one&label=two", 2), ("label=both", 2), ("label=both&path=/a", 1)],
)  # fmt: skip
def test_cancelling_by_filters(server, publish, query, cancelled):
    publish("/a", Upstash_Delay="1h", Upstash_Label="one,both")
    publish("/b", Upstash_Delay="1h", Upstash_Label="both,two")
    publish("/c", Upstash_Delay="1h")

    reply = server.call("DELETE", f"/v2/messages?{query}")

    assert reply.content == {"cancelled": cancelled}
    assert server.health()["unfinished"] == 3 - cancelled


def test_the_log_is_filtered_by_label_path_host_and_either_spelling_of_cancelled(server, publish):
    one = publish("/one", Upstash_Label="order-1,stage", Upstash_Delay="1h")["messageId"]
    publish("/two", Upstash_Label="stage", Upstash_Delay="1h")
    server.call("DELETE", f"/v2/messages/{one}")

    def found(query):
        return {e["messageId"] for e in server.call("GET", f"/v2/logs?{query}").content["logs"]}

    for query in ("label=order-1", "path=/one", "path=/one&host=127.0.0.1", "label=x,order-1",
                  "state=CANCELLED", "state=CANCELED", "state=CANCELED,CANCEL_REQUESTED"):  # fmt: skip
        assert found(query) == {one}, query
    assert len(found("label=stage")) == len(found("host=127.0.0.1")) == 2
    assert found("host=localhost") == set()
    entry = server.call("GET", "/v2/logs?label=order-1").content["logs"][0]
    assert (entry["label"], entry["labels"]) == ("order-1", ["order-1", "stage"])


def test_a_page_of_the_log_has_at_most_a_hundred_entries(server, publish):
    for _ in range(101):
        publish(Upstash_Delay="1h")

    for asked in ("", "count=100", "count=1000"):
        page = server.call("GET", f"/v2/logs?{asked}").content
        assert len(page["logs"]) == 100
        rest = server.call("GET", f"/v2/logs?{asked}&cursor={page['cursor']}").content
        assert (len(rest["logs"]), "cursor" in rest) == (1, False)
    assert server.call("GET", "/v2/logs?count=1001").status == 400


def test_a_log_entry_has_the_documented_shape(server, publish, destination, answer):
    destination.answer("/x", answer(500, {"X-Why": "w"}, b"plain \xff text"))
    message_id = publish(Upstash_Retries="0", Upstash_Timeout="30s")["messageId"]
    server.wait_idle()
    logs = server.call("GET", f"/v2/events?messageId={message_id}").content["events"]
    error = next(entry for entry in logs if entry["state"] == "ERROR")

    assert (error["maxRetries"], error["timeout"], error["responseStatus"]) == (0, 30_000, 500)
    assert error["responseBody"] == "cGxhaW4g/yB0ZXh0"
    assert error["responseHeaders"] == error["responseHeader"]
    assert error["responseHeaders"]["X-Why"] == ["w"]
    assert all("responseStatus" not in entry for entry in logs if entry is not error)


def test_dead_letters_are_listed_by_ids_and_labels(server, labelled_letters):
    def found(query):
        return {one["dlqId"] for one in server.dead_letters(query)}

    assert found(f"?dlqIds={labelled_letters['a']}") == {labelled_letters["a"]}
    assert found(f"?dlqIds={labelled_letters['a']},{labelled_letters['b']}&label=c") == {
        labelled_letters["a"],
        labelled_letters["b"],
    }
    assert found("?dlqIds=") == found("?dlqIds=1-1") == set()
    assert (
        found("?label=a,c")
        == found("?label=a&label=c")
        == {labelled_letters["a"], labelled_letters["c"]}
    )
    assert found("?label=x&responseStatus=500,503") == set(labelled_letters.values())
    for query in ("?host=127.0.0.1", "?path=/a", "?count=101", "?cursor=x", "?cursor=²-1"):
        quoted = query.replace("²", "%C2%B2")
        assert server.call("GET", f"/v2/dlq{quoted}").status == 400, query


def test_dead_letters_are_deleted_by_label(server, labelled_letters):
    assert server.call("DELETE", "/v2/dlq?label=a,b").content == {"deleted": 2}
    assert [one["dlqId"] for one in server.dead_letters()] == [labelled_letters["c"]]


def test_a_dead_letter_tells_how_many_attempts_there_were(server, publish, destination, answer):
    destination.answer("/never", answer(489, {"Upstash-NonRetryable-Error": "true"}))
    destination.answer("/down", answer(503))
    publish("/never", Upstash_Retries="5")
    publish("/down", Upstash_Retries="2", Upstash_Retry_Delay="1")
    server.wait_idle()
    seen = {
        one["url"][-5:]: (one["responseStatus"], one["retried"], one["maxRetries"])
        for one in server.dead_letters()
    }

    assert seen == {"never": (489, 0, 5), "/down": (503, 2, 2)}
    assert len(destination.received("/never")) == 1
    assert len(destination.received("/down")) == 3


def test_a_retry_may_change_the_options_of_a_callback(server, publish, destination, answer, until):
    destination.answer("/x", answer(503))
    destination.answer("/failed", answer(503))
    publish(Upstash_Retries="0", Upstash_Failure_Callback=destination.url("/failed"))
    server.wait_idle()
    letter = next(one for one in server.dead_letters() if one["url"].endswith("/x"))
    destination.forget()
    destination.answer("/x", answer(503))
    destination.answer("/failed", answer(503))
    server.call(
        "POST",
        f"/v2/dlq/retry/{letter['dlqId']}",
        headers={
            "Upstash-Failure-Callback-Retries": "1",
            "Upstash-Failure-Callback-Retry-Delay": "1",
        },
    )
    server.wait_idle()

    assert len(destination.received("/failed")) == 2


def test_a_rate_is_kept(server, publish, destination):
    for _ in range(3):
        publish(Upstash_Flow_Control_Key="k", Upstash_Flow_Control_Value="rate=1, period=1s")
    server.wait_idle()
    times = [request.at for request in destination.received()]

    assert len(times) == 3
    assert min(times[1] - times[0], times[2] - times[1]) > 0.9


def test_flow_control_keys_can_be_paused_and_pinned_before_their_first_message(
    server, publish, destination
):
    assert server.call("GET", "/v2/flowControl").content == []
    for action in ("pause", "resume", "pause", "pin?parallelism=2&rate=9&period=60", "resetRate",
                   "unpin?rate=true"):  # fmt: skip
        assert server.call("POST", f"/v2/flowControl/new/{action}").status == 200, action
    publish(Upstash_Flow_Control_Key="new", Upstash_Flow_Control_Value="parallelism=7,rate=1")
    key = server.call("GET", "/v2/flowControl/new").content

    assert (key["isPaused"], key["isPinnedParallelism"], key["isPinnedRate"]) == (True, True, False)
    assert (key["parallelismMax"], key["rateMax"], key["waitListSize"]) == (2, 1, 1)
    assert server.call("GET", "/v2/flowControl/?search=e").content == [key]
    assert server.call("GET", "/v2/flowControl?search=x").content == []
    assert destination.received() == []
    server.call("POST", "/v2/flowControl/new/resume")
    server.wait_idle()
    assert len(destination.received()) == 1


def test_a_queue_can_be_paused_before_its_first_message_and_stays_paused(server, destination):
    assert server.call("POST", "/v2/queues/q/resume").status == 200
    assert server.call("POST", "/v2/queues/q/pause/").status == 200
    upsert = json.dumps({"queueName": "q", "parallelism": 5})
    assert server.call("POST", "/v2/queues/", body=upsert).status == 200
    queue = server.call("GET", "/v2/queues/q").content

    assert (queue["parallelism"], queue["paused"]) == (5, True)
    assert server.call("GET", "/v2/queues/a%20b").status == 400
    assert server.call("POST", "/v2/queues/a%20b/pause").status == 400
    assert server.call("POST", "/v2/queues", body=upsert.replace("5", "101")).status == 412
