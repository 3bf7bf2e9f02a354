"""However often it is delivered, and however many want it: once, and never below zero."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from tests.e2e.stack_client import cart, line, wait_for

pytestmark = pytest.mark.e2e

# A burst on two cores is slow but true: each concurrent invocation is a process of its own.
AT_ONCE = 8


@pytest.fixture
def flushed(stack):
    """Empties Redis on demand."""
    connection = redis.Redis.from_url(stack.redis_url)
    yield connection.flushall
    connection.close()


@pytest.fixture
def frozen_redis(stack):
    """Redis that accepts connections and answers nobody, for the time of a test."""
    pid = stack.pids["redis"]
    os.kill(pid, signal.SIGSTOP)
    yield
    os.kill(pid, signal.SIGCONT)


def _command(client, sku):
    body = cart(line(sku))
    event = {
        "eventId": f"evt-{body['paymentId']}",
        "eventType": "command.checkout",
        "timestamp": "2026-01-01T00:00:00Z",
        "version": "1.0",
        "source": "checkout-api",
        "payload": body,
    }
    return body, json.dumps(event).encode()


def _deliver_many(client, raw, times):
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda _: client.deliver("commands", raw), range(times)))


def test_twenty_deliveries_at_once_and_after_losing_redis_make_one_order(client, flushed, request):
    sku = client.shelf("e2e-once", 10)
    body, raw = _command(client, sku)

    answers = _deliver_many(client, raw, 20)
    flushed()
    answers += _deliver_many(client, raw, 3)
    request.getfixturevalue("frozen_redis")
    without_redis = _deliver_many(client, raw, 3)

    statuses = [answer.status_code for answer in answers]
    first = [a.json() for a in answers if a.status_code == 200 and not a.json()["duplicate"]]
    assert set(statuses) <= {200, 503}, statuses
    assert [answer.status_code for answer in without_redis] == [200] * 3
    assert all(answer.json()["duplicate"] for answer in without_redis)
    assert len(first) <= 1
    client.quiet()
    orders = [o for o in client.items("orders") if o["paymentId"] == body["paymentId"]]
    assert len(orders) == 1
    assert client.item("stock", sku=sku)["available"] == 9
    client.mail(body["customerEmail"])
    client.quiet()
    assert len(client.mails(body["customerEmail"])) == 1


def test_a_hundred_and_twenty_checkouts_for_twenty_units_make_exactly_twenty_orders(client):
    sku = client.shelf("e2e-race", 20)
    bodies = [cart(line(sku)) for _ in range(120)]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(client.check_out, bodies))

    assert {answer.status_code for answer in answers} <= {202, 409}
    refused = [answer.json()["error"]["code"] for answer in answers if answer.status_code == 409]
    assert set(refused) <= {"out_of_stock"}
    accepted = [answer.json()["data"]["orderId"] for answer in answers if answer.status_code == 202]
    settled = [client.settled(order_id, limit=180) for order_id in accepted]
    confirmed = [data for data in settled if data["status"] == "confirmed"]
    rejected = [data for data in settled if data["status"] == "rejected"]
    assert len(confirmed) == 20
    assert {data["reason"] for data in rejected} <= {"out_of_stock"}
    assert len(confirmed) + len(rejected) + len(refused) == 120
    assert client.item("stock", sku=sku)["available"] == 0
    orders = [o for o in client.items("orders") if o["items"][0]["productId"] == sku]
    assert len(orders) == 20
    client.quiet(limit=180)
    told = wait_for(
        lambda: len([b for b in bodies if client.mails(b["customerEmail"])]) == len(accepted),
        "everybody who got an answer got their mail",
        limit=60,
    )
    assert told
