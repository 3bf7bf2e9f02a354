"""The life of messages under a clock that tests move: retries, reports, dead letters, cancelling, restarts."""

import base64
import hashlib
import json
from typing import Any

import jwt
import pytest

from local.qstash.errors import NotFoundError
from local.qstash.model.dedup import WINDOW_MS
from local.qstash.model.drafts import FlowControl, Hook
from local.qstash.model.messages import Message

HOOK = Hook(url="http://127.0.0.1/report")
REFUSED = {"Upstash-Nonretryable-Error": ["true"]}


def report_of(message: Message) -> Any:
    return json.loads(message.draft.body)


def test_a_delivered_message_is_logged_once_in_each_state(bench):
    message_id = bench.publish()
    assert bench.started() == [message_id]
    bench.conclude(message_id, 204)

    assert bench.states(message_id) == ["CREATED", "ACTIVE", "DELIVERED"]
    assert bench.started() == []


def test_a_failing_message_is_tried_once_and_retried_as_often_as_it_says(bench):
    message_id = bench.publish(max_retries=2, retry_delay="1000 * pow(2, retried)")
    attempts = []
    for _ in range(10):
        if bench.started():
            attempts.append((bench.message(message_id).retried, bench.clock.now))
            bench.conclude(message_id, 500)
        bench.clock.move(500)

    start = attempts[0][1]
    assert [(retried, at - start) for retried, at in attempts] == [(0, 0), (1, 1000), (2, 3000)]
    assert bench.states(message_id)[-3:] == ["ACTIVE", "ERROR", "FAILED"]
    assert len(bench.engine.store.dead_letters) == 1


def test_489_ends_in_the_dead_letter_queue_at_once(bench):
    message_id = bench.publish(failure_callback=HOOK)
    bench.started()
    bench.conclude(message_id, 489, REFUSED, b"no")

    [letter] = bench.engine.store.dead_letters
    assert (letter.message.id, letter.outcome.status, letter.outcome.body) == (
        message_id,
        489,
        b"no",
    )
    assert len(bench.children(message_id)) == 1


def test_retry_after_decides_the_next_attempt_and_uses_up_a_retry(bench):
    message_id = bench.publish(max_retries=1)
    bench.started()
    bench.conclude(message_id, 503, {"Retry-After": ["7"]})

    assert bench.message(message_id).next_ms == bench.clock.now + 7000
    bench.clock.move(7000)
    assert bench.started() == [message_id]
    bench.conclude(message_id, 503, {"Retry-After": ["7"]})
    assert bench.states(message_id)[-1] == "FAILED"


def test_a_callback_reports_every_attempt_and_the_failure_callback_only_the_end(bench):
    failed = Hook(url="http://127.0.0.1/failed", headers={"X-Topic": ["orders"]}, retries=0)
    message_id = bench.publish(
        max_retries=1, retry_delay="0", callback=HOOK, failure_callback=failed, body=b"\xff",
        headers={"Content-Type": ["text/plain"]},
    )  # fmt: skip
    for _ in range(2):
        assert message_id in bench.started()
        bench.conclude(message_id, 500, {"Content-Type": ["text/html"]}, b"oops")

    reports = {message.draft.url: message for message in bench.children(message_id)}
    attempts = [m for m in bench.children(message_id) if m.draft.url == HOOK.url]
    final = reports["http://127.0.0.1/failed"]
    assert [report_of(m)["retried"] for m in attempts] == [0, 1]
    assert all("dlqId" not in report_of(m) for m in attempts)
    assert final.draft.max_retries == 0
    assert final.draft.headers == {"Content-Type": ["application/json"], "X-Topic": ["orders"]}
    assert report_of(final) == {
        "status": 500,
        "header": {"Content-Type": ["text/html"]},
        "body": base64.b64encode(b"oops").decode(),
        "retried": 1,
        "maxRetries": 1,
        "dlqId": next(iter(bench.engine.store.dead_letters)).id,
        "sourceMessageId": message_id,
        "url": "http://127.0.0.1/hook",
        "method": "POST",
        "sourceHeader": {"Content-Type": ["text/plain"]},
        "sourceBody": base64.b64encode(b"\xff").decode(),
        "notBefore": bench.clock.now,
        "createdAt": bench.clock.now,
        "callerIP": "",
    }


def test_a_callback_that_fails_ends_in_the_dead_letter_queue_and_reports_no_further(bench):
    message_id = bench.publish(callback=HOOK, max_retries=0)
    bench.started()
    bench.conclude(message_id)
    [callback] = bench.children(message_id)
    bench.started()
    bench.conclude(callback.id, 500)

    [letter] = bench.engine.store.dead_letters
    assert letter.message.id == callback.id
    assert bench.engine.store.unfinished() == []


def test_a_queue_waits_for_callbacks_but_not_for_a_revived_one(bench):
    first = bench.publish(queue="q", callback=HOOK, max_retries=0)
    second, third = bench.publish(queue="q"), bench.publish(queue="q")
    bench.started()
    bench.conclude(first)
    [callback] = bench.children(first)
    assert bench.started() == [callback.id]
    bench.conclude(callback.id, 500)
    assert bench.started() == [second]
    [letter] = bench.engine.store.dead_letters
    revived = bench.engine.revive(letter, letter.message.draft)
    assert bench.started() == [revived.message_id]
    bench.conclude(second)

    assert bench.started() == [third]
    bench.conclude(third)
    assert bench.engine.dispatcher.line_length("q") == 0


def test_the_same_key_within_ten_minutes_is_the_same_message(bench):
    first = bench.publish("id:a")
    bench.clock.move(WINDOW_MS - 1)
    assert bench.publish("id:a") == first
    bench.clock.move(1)
    second = bench.publish("id:a")

    assert second != first
    assert bench.publish("id:a") == second
    assert len(bench.engine.store.unfinished()) == 2


def test_expired_keys_are_forgotten(bench):
    bench.publish("id:a")
    bench.clock.move(WINDOW_MS)
    bench.publish("id:b")
    bench.engine.store.sweep(bench.clock.now)

    assert [key for key, _ in bench.engine.store.sightings.items()] == ["id:b"]


def test_a_cancelled_message_is_neither_delivered_nor_dead(bench):
    message_id = bench.publish(not_before_ms=bench.clock.now + 1000)

    assert bench.engine.cancel(bench.message(message_id))
    assert not bench.engine.cancel(bench.message(message_id))
    bench.clock.move(2000)
    assert bench.started() == []
    assert bench.states(message_id) == ["CREATED", "CANCEL_REQUESTED", "CANCELED"]
    assert len(bench.engine.store.dead_letters) == 0


def test_an_attempt_that_ends_after_its_message_was_cancelled_changes_nothing(bench):
    aborted: list[str] = []
    bench.engine.abort = aborted.append
    message_id = bench.publish()
    bench.started()
    bench.engine.cancel(bench.message(message_id))
    bench.conclude(message_id, 200)

    assert aborted == [message_id]
    assert bench.states(message_id)[-1] == "CANCELED"


def test_a_revived_letter_is_a_new_message_and_leaves_the_queue(bench):
    message_id = bench.publish(max_retries=0)
    bench.started()
    bench.conclude(message_id, 500)
    [letter] = bench.engine.store.dead_letters
    receipt = bench.engine.revive(letter, letter.message.draft)

    assert receipt.message_id != message_id
    assert bench.started() == [receipt.message_id]
    assert len(bench.engine.store.dead_letters) == 0
    with pytest.raises(NotFoundError):
        bench.engine.revive(letter, letter.message.draft)


def test_each_attempt_is_signed_afresh_by_the_key_that_is_current_then(bench):
    message_id = bench.publish(url="https://x.test/a//b?c=1", body=b"\x00raw")
    keys = bench.engine.store.keys
    first = dict(bench.engine.delivery_headers(bench.message(message_id)))
    bench.engine.store.replace_keys(keys.rotated(bench.engine.random))
    bench.clock.move(1000)
    second = dict(bench.engine.delivery_headers(bench.message(message_id)))

    def claims(headers: dict[str, str], key: str) -> dict[str, Any]:
        return jwt.decode(
            headers["Upstash-Signature"],
            key,
            algorithms=["HS256"],
            options={"verify_exp": False, "verify_iat": False},
        )

    old, new = claims(first, keys.current), claims(second, keys.next)
    now = bench.clock.now // 1000
    assert old["jti"] != new["jti"]
    assert (new["iat"], new["exp"], new["nbf"]) == (now, now + 300, 0)
    assert (new["iss"], new["sub"]) == ("Upstash", "https://x.test/a//b?c=1")
    assert new["body"] == base64.urlsafe_b64encode(hashlib.sha256(b"\x00raw").digest()).decode()


def test_forwarded_headers_cannot_pose_as_ours(bench):
    message_id = bench.publish(
        headers={"Upstash-Signature": ["forged"], "Upstash-Retried": ["9"], "X": ["1", "2"]}
    )
    headers = bench.engine.delivery_headers(bench.message(message_id))

    assert [value for name, value in headers if name == "X"] == ["1", "2"]
    assert [value for name, value in headers if name == "Upstash-Retried"] == ["0"]
    assert "forged" not in [value for _, value in headers]


def test_what_was_accepted_survives_a_kill(open_bench, clock, tmp_path):
    state = tmp_path / "state"
    bench = open_bench(state)
    done = bench.publish("id:done")
    bench.started()
    bench.conclude(done)
    retrying = bench.publish(max_retries=3, retry_delay="5000", body=b"\xff", callback=HOOK)
    bench.started()
    bench.conclude(retrying, 500)
    dead = bench.publish(max_retries=0)
    bench.started()
    bench.conclude(dead, 500)
    active = bench.publish(flow_control=FlowControl("k", 1), labels=("a", "b"))
    assert active in bench.started()
    rotated = bench.engine.store.keys.rotated(bench.engine.random)
    bench.engine.store.replace_keys(rotated)

    # No goodbye: the file is what a killed process leaves behind.
    again = open_bench(state)

    store = again.engine.store
    assert store.keys == rotated
    assert [letter.message.id for letter in store.dead_letters] == [dead]
    assert again.publish("id:done") == done
    assert again.states(done) == ["CREATED", "ACTIVE", "DELIVERED"]
    assert again.message(active).draft == bench.message(active).draft
    assert active in again.started()
    assert again.message(retrying).retried == 1
    clock.move(5000)
    assert again.started() == [retrying]
    assert again.message(retrying).draft == bench.message(retrying).draft


def test_a_queue_keeps_its_order_across_a_restart(open_bench, clock, tmp_path):
    bench = open_bench(tmp_path / "state")
    first, second = bench.publish(queue="q", retry_delay="5000"), bench.publish(queue="q")
    bench.started()
    bench.conclude(first, 500)

    again = open_bench(tmp_path / "state")

    assert again.started() == []
    clock.move(5000)
    assert again.started() == [first]
    again.conclude(first)
    assert again.started() == [second]


def test_reset_forgets_everything_also_in_the_file(open_bench, tmp_path):
    bench = open_bench(tmp_path / "state")
    bench.publish("id:a", flow_control=FlowControl("k", 1))
    bench.started()
    keys = bench.engine.store.keys
    bench.engine.store.replace_keys(keys.rotated(bench.engine.random))
    bench.engine.reset()

    for one in (bench, open_bench(tmp_path / "state")):
        assert one.engine.store.unfinished() == []
        assert one.engine.store.keys == keys
        assert list(one.engine.store.log.oldest_first()) == []
        assert one.engine.dispatcher.running == 0
