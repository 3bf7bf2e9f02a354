"""The same id with other content is refused by name, never answered as a duplicate (I29)."""

from typing import Any

import pytest

from shared.contracts.topics import topic_of
from shared.messaging.claims import ClaimFormat
from tests.builders import Context, answer_of, checkout_command, envelope, line, stock
from tests.contracts.samples import sample
from tests.pipeline import Pipeline
from tests.unit.shared.bench import Bench


@pytest.fixture(params=["redis", "no redis"])
def shop(request: pytest.FixtureRequest) -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(), stock("shirt#red-m", productId="shirt"))
    pipeline.redis.down = request.param == "no redis"
    return pipeline


def told(response: dict[str, Any]) -> tuple[int, str]:
    return response["statusCode"], answer_of(response).get("error", {}).get("code", "")


REUSED = (489, "event_id_reused")


@pytest.mark.parametrize("forget", [True, False])
@pytest.mark.parametrize(
    "other",
    [
        checkout_command(items=[line(quantity=2)]),
        checkout_command(paymentId="pay-2"),
        checkout_command(customerAddress="2 Test Street"),
        envelope("command.inventory.reserve", sample("command.inventory.reserve")["payload"]),
        envelope("command.inventory.release", sample("command.inventory.release")["payload"]),
    ],
)
def test_another_payload_or_type_under_a_known_id_changes_nothing_and_says_why(shop, other, forget):
    assert told(shop.deliver("commands", checkout_command())) == (200, "")
    shop.drain()
    tables = ("orders", "stock", "checkouts", "reservations", "ledger", "audit")
    before = [shop.memory.all(table) for table in tables], shop.outbox.ids()
    if forget:
        shop.redis.flush()

    for _ in range(2):
        response = shop.deliver("commands", other)
        assert told(response) == REUSED
        assert answer_of(response)["error"]["field"] == "eventId"

    assert ([shop.memory.all(table) for table in tables], shop.outbox.ids()) == before
    # And the one whose id it is stays a duplicate.
    assert answer_of(shop.deliver("commands", checkout_command()))["duplicate"] is True


@pytest.mark.parametrize(
    ("event_type", "change"),
    [
        ("notification.email", {"to": "eva@example.com"}),
        ("notification.sms", {"phoneNumber": "+4915100000000"}),
        ("notification.push", {"userId": "user-2"}),
        ("analytics.metric", {"value": 99}),
        ("analytics.audit", {"action": "order.cancelled"}),
        ("inventory.stock.low", {"currentStock": 0}),
    ],
)
def test_every_topic_refuses_it(shop, event_type, change):
    event, topic = sample(event_type), topic_of(event_type).value
    assert told(shop.deliver(topic, event)) == (200, "")
    sent = (len(shop.mailer.sent), len(shop.texts.sent), len(shop.pushes.sent))

    other = event | {"payload": event["payload"] | change}

    assert told(shop.deliver(topic, other)) == REUSED
    assert (len(shop.mailer.sent), len(shop.texts.sent), len(shop.pushes.sent)) == sent


def test_a_direct_caller_is_told_409():
    bench = Bench()
    bench.deliver()
    call = bench.call(checkout_command(paymentId="pay-2"), message_id=None)

    assert told(bench.consumer()(call, Context())) == (409, "event_id_reused")


def test_a_plain_duplicate_costs_one_call_to_redis_and_none_to_the_tables():
    bench = Bench()
    bench.deliver()
    bench.redis.calls.clear()
    bench.memory.calls.clear()

    assert answer_of(bench.deliver())["duplicate"] is True
    assert (bench.redis.calls, bench.memory.calls) == (["claim"], [])


@pytest.mark.parametrize("redis", [True, False])
def test_record_and_mark_from_before_there_were_digests_count_as_the_same(redis):
    """A deployment meets records and marks of the version before (I25)."""
    bench = Bench()
    bench.deliver()
    old = bench.record() or {}
    del old["content"]
    bench.memory.seed("ledger", old)
    bench.redis.flush()
    if redis:
        bench.redis.poison("evt-1", ClaimFormat("test/consumer", b"secret").done("evt-1"))

    for event in (checkout_command(), checkout_command(paymentId="pay-2")):
        assert answer_of(bench.deliver(event))["duplicate"] is True


def test_other_content_that_comes_while_the_first_is_undecided_is_busy_and_then_refused():
    bench = Bench()
    bench.redis.claim("evt-1", lease_seconds=30, content="whatever")

    assert told(bench.deliver(checkout_command(paymentId="pay-2"))) == (503, "busy")
    bench.redis.flush()
    bench.deliver()
    assert told(bench.deliver(checkout_command(paymentId="pay-2"))) == REUSED


def test_an_id_whose_event_was_refused_is_still_free():
    """Nothing was recorded of it: whoever mends an event may keep its id."""
    shop = Pipeline()
    shop.memory.seed("stock", stock())
    broken = checkout_command(totalAmount=1)

    assert shop.deliver("commands", broken)["statusCode"] == 489
    assert told(shop.deliver("commands", checkout_command())) == (200, "")
