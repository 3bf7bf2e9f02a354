"""The whole pipeline with QStash in the middle: signed, retried, duplicated, given up, replayed."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from functions.reconciler.settings import ReconcilerSettings
from functions.reconciler.wiring import build as build_reconciler
from shared.runtime import clients
from tests.builders import Context, body_of, checkout_payload, envelope, line, stock
from tests.conformance.endpoint import Answer, Seen
from tests.conformance.live import LivePipeline
from tests.conformance.messages import message, publisher_to
from tests.fakes.clock import ManualClock
from tests.integration.functions.world import World, command, order_of, units_sold, wait_for
from tests.pipeline import environment, no_parameters


class Shop:
    """A world whose events travel through QStash."""

    def __init__(self, world: World, pipeline: LivePipeline) -> None:
        self.world, self.pipeline = world, pipeline
        self.services = world.services
        self.services.endpoint.respond = pipeline.receive

    def settle(self) -> list[dict[str, Any]]:
        """Wait until nothing is left to deliver; every delivery there was."""
        wait_for(lambda: self.services.qstash_call("GET", "/_dev/health")["idle"], seconds=30)
        answer = self.services.qstash_call("GET", "/_dev/deliveries")
        found: list[dict[str, Any]] = answer["deliveries"]
        return found

    def statuses(self) -> set[int]:
        """What deliveries were answered with, once all is quiet."""
        return {delivery["status"] for delivery in self.settle()}

    def reconcile(self) -> dict[str, Any]:
        """One run of the reconciler, a minute and a half later."""
        self.pipeline.clock.advance(90)
        settings = ReconcilerSettings.load(
            {**environment(), "QSTASH_URL": self.services.qstash.url}, no_parameters
        )
        run = build_reconciler(settings, self.pipeline.core_ports())
        try:
            return run({}, Context())
        finally:
            # QStash signs with the time of the wall.
            self.pipeline.clock.advance(-90)


@pytest.fixture
def shop(world: World) -> Iterator[Shop]:
    world.services.reset_qstash()
    world.seed(stock(available=10, threshold=2))
    with ExitStack() as stack:
        publisher = stack.enter_context(publisher_to(world.services.qstash.url, ManualClock()))
        # A short lease: who meets a busy event is told to come back after at most two seconds.
        yield Shop(world, world.pipeline(publisher=publisher, milliseconds=1_500))
    world.services.reset_qstash()
    clients.http_pool().clear()


def assert_one_of_each(shop: Shop) -> None:
    assert len(shop.world.rows("orders")) == 1
    assert shop.world.available() == 9
    assert [mail.template_id for mail in shop.pipeline.mailer.sent] == ["order-confirmation"]
    assert len(shop.world.rows("movements")) == 1
    assert len(shop.world.rows("audit")) == 2
    assert {row["state"] for row in shop.world.rows("ledger")} == {"done"}


def test_a_checkout_goes_all_the_way_on_signed_deliveries(shop: Shop) -> None:
    shop.pipeline.checkout(checkout_payload())

    deliveries = shop.settle()

    assert [delivery["status"] for delivery in deliveries] == [200] * 6
    assert_one_of_each(shop)


def test_three_copies_of_every_delivery_at_once_change_nothing(shop: Shop) -> None:
    shop.services.qstash_call("POST", "/_dev/duplicate", {"copies": 3})
    shop.pipeline.checkout(checkout_payload())

    statuses = shop.statuses()

    assert statuses <= {200, 503}
    assert_one_of_each(shop)


def test_deliveries_that_fail_at_first_are_retried_until_all_is_done(shop: Shop) -> None:
    failed = set[str]()

    def unlucky_once(seen: Seen) -> Answer:
        name = seen.headers["x-event-id"]
        if name in failed:
            return shop.pipeline.receive(seen)
        failed.add(name)
        # Every other one takes effect before its answer is lost.
        return (
            Answer(lost=True) if len(failed) % 2 else (shop.pipeline.receive(seen), Answer(502))[1]
        )

    shop.services.endpoint.respond = unlucky_once
    shop.pipeline.checkout(checkout_payload())

    shop.settle()

    assert len(failed) == 6
    assert_one_of_each(shop)


def test_several_checkouts_under_way_at_once_do_not_mix(shop: Shop) -> None:
    for number in range(1, 5):
        payload = checkout_payload(paymentId=f"pay-{number}", items=[line(quantity=number)])
        shop.pipeline.checkout(payload)

    assert shop.statuses() == {200}

    orders = {row["orderId"]: row for row in shop.world.rows("orders")}
    assert orders.keys() == {order_of(number) for number in range(1, 5)}
    assert units_sold(list(orders.values())) == 10
    assert shop.world.available() == 0
    templates = [mail.template_id for mail in shop.pipeline.mailer.sent]
    assert sorted(templates) == ["low-stock-alert"] + ["order-confirmation"] * 4


# ------------------------------------------------------------------ what fails for good
def nonsense() -> dict[str, Any]:
    return envelope("command.unheard-of", {}, eventId="evt-nonsense")


def publish(shop: Shop, event: dict[str, Any]) -> None:
    body = body_of(event).decode()
    topic_message = message(str(event["eventId"]), body=body)
    shop.pipeline.publisher.publish([topic_message])


def test_an_event_that_can_never_work_is_delivered_once_and_becomes_one_dead_letter(
    shop: Shop,
) -> None:
    publish(shop, nonsense())

    deliveries = shop.settle()

    (letter,) = shop.world.rows("dead_letters")
    assert [(entry["status"], entry["callback"]) for entry in deliveries] == [
        (489, False),
        (200, True),
    ]
    assert letter["eventId"] == "evt-nonsense"
    assert json.loads(str(letter["originalEvent"])) == nonsense()


def failing_callbacks(shop: Shop) -> None:
    def respond(seen: Seen) -> Answer:
        return Answer(500) if seen.path == "/failures" else shop.pipeline.receive(seen)

    shop.services.endpoint.respond = respond


def test_a_failure_that_nobody_was_told_of_is_found_in_qstashs_own_queue(shop: Shop) -> None:
    failing_callbacks(shop)
    publish(shop, nonsense())
    shop.settle()
    before = shop.world.rows("dead_letters")

    shop.reconcile()

    (letter,) = shop.world.rows("dead_letters")
    assert before == []
    assert letter["eventId"] == "evt-nonsense"


def test_callback_and_queue_together_make_one_dead_letter(shop: Shop) -> None:
    publish(shop, nonsense())
    shop.settle()

    for _ in range(2):
        shop.reconcile()

    (letter,) = shop.world.rows("dead_letters")
    assert letter["eventId"] == "evt-nonsense"
    assert shop.services.qstash_call("GET", "/v2/dlq")["messages"] == []


def test_a_message_replayed_from_qstashs_queue_after_success_changes_nothing(shop: Shop) -> None:
    shop.services.endpoint.respond = lambda _seen: Answer(500)
    shop.pipeline.checkout(checkout_payload())
    shop.settle()
    shop.services.endpoint.respond = shop.pipeline.receive
    assert shop.pipeline.status_of("commands", first_command(shop)) == 200
    (entry,) = [
        found
        for found in shop.services.qstash_call("GET", "/v2/dlq")["messages"]
        if "commands" in found["url"]
    ]

    shop.services.qstash_call("POST", f"/v2/dlq/retry/{entry['dlqId']}")
    shop.settle()

    assert_one_of_each(shop)


def first_command(shop: Shop) -> bytes:
    seen = next(s for s in shop.services.endpoint.seen if s.headers["host"].startswith("commands"))
    return seen.body


# ------------------------------------------------------------------ what was left behind
def test_an_outbox_that_was_never_published_is_published_a_minute_later(shop: Shop) -> None:
    publisher = shop.pipeline.publisher
    shop.pipeline.outbox.failing = True
    shop.pipeline.publisher = shop.pipeline.outbox
    assert shop.pipeline.status_of("commands", command()) == 503
    shop.pipeline.publisher = publisher
    assert shop.settle() == []

    shop.reconcile()

    assert shop.statuses() == {200}
    assert_once_without_api(shop)
    assert shop.pipeline.status_of("commands", command()) == 200
    assert_once_without_api(shop)


def assert_once_without_api(shop: Shop) -> None:
    shop.settle()
    assert_one_of_each(shop)


def test_a_command_that_never_left_is_published_a_minute_later(shop: Shop) -> None:
    publisher = shop.pipeline.publisher
    shop.pipeline.outbox.failing = True
    shop.pipeline.publisher = shop.pipeline.outbox
    assert shop.pipeline.checkout(checkout_payload())["statusCode"] == 202
    shop.pipeline.publisher = publisher

    shop.reconcile()
    shop.reconcile()

    assert shop.statuses() == {200}
    assert_one_of_each(shop)
