"""A hold whose own end never arrives is ended by the reconciler, once it is long over."""

from typing import Any

import pytest

from functions.reconciler.dead_letter_store import DueDeadLetterTables
from functions.reconciler.domain import Report
from functions.reconciler.failed_messages import QStashFailedMessages
from functions.reconciler.service import Reconciler
from functions.reconciler.store import (
    PendingCheckoutTables,
    ReservationTables,
    UnconfirmedOrderTables,
)
from shared.kernel.clock import Deadline
from shared.kernel.ids import expiry_event_id_for
from tests.builders import checkout_command, line, reserve_command, stock, units
from tests.fakes.failed_messages import InMemoryQueue
from tests.order_ids import order_id_for
from tests.pipeline import URLS, Pipeline
from tests.unit.functions.stock_reading import outcome, reservation, shelf

EXPIRES = "2026-03-01T12:15:00.000Z"


@pytest.fixture
def shop() -> Pipeline:
    """Ten orders hold a mug each, and the ends that they sent along are lost."""
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock())
    for number in range(10):
        pipeline.deliver("commands", reserve_command(f"ord_{number}"))
    pipeline.outbox.batches.clear()
    return pipeline


def run(shop: Pipeline) -> Report:
    queue: Any = InMemoryQueue()
    reconciler = Reconciler(
        checkouts=PendingCheckoutTables(shop.tables),
        reservations=ReservationTables(shop.tables),
        orders=UnconfirmedOrderTables(shop.tables),
        failed=QStashFailedMessages(
            queue,
            addresses=frozenset(URLS.values()),
            callbacks=frozenset(),
            now=shop.clock.now,
        ),
        dead_letters=DueDeadLetterTables(shop.tables, shop.publisher, shop.clock),
        ports=shop.core_ports(),
        unconfirmed_order_seconds=None,
    )
    return reconciler.run(Deadline.after(shop.clock, 50))


def test_what_is_over_for_a_minute_goes_back_on_the_shelf(shop):
    shop.clock.advance(960)

    report = run(shop)
    shop.drain()

    assert (report.holds, report.oldest_pending_seconds) == (10, 60)
    assert shelf(shop) == (10, 0)
    assert reservation(shop, "ord_3")["releaseReason"] == "timeout"
    assert run(shop).holds == 0


def test_what_may_still_end_by_itself_is_left_alone(shop):
    shop.clock.advance(959)

    assert run(shop).holds == 0
    assert shop.outbox.messages == []


def test_every_run_asks_in_the_same_words(shop):
    shop.clock.advance(960)
    run(shop)
    shop.clock.advance(60)
    run(shop)

    messages = shop.outbox.messages
    first, second = messages[: len(messages) // 2], messages[len(messages) // 2 :]
    assert first == second
    assert expiry_event_id_for("ord_3", EXPIRES) in {m.event_id for m in first}


def test_an_order_that_used_its_hold_is_not_asked_about(shop):
    order_id = order_id_for("pay-1")
    shop.memory.seed("stock", stock(available=1, reserved=10))
    shop.deliver("commands", reserve_command(order_id, items=[units("mug", 1)]))
    shop.deliver("commands", checkout_command(items=[line()]))
    shop.outbox.batches.clear()
    shop.clock.advance(960)

    run(shop)

    assert len(shop.outbox.messages) == 10
    assert reservation(shop, order_id)["status"] == "consumed"


def test_an_index_that_lags_ends_nothing_that_is_over(shop):
    row = reservation(shop, "ord_3")
    shop.memory.seed("reservations", {**row, "status": "consumed"})
    shop.clock.advance(960)

    assert run(shop).holds == 9


def test_an_end_that_arrives_after_a_new_hold_began_ends_nothing(shop):
    shop.clock.advance(960)
    run(shop)
    late = next(m for m in shop.outbox.messages if '"ord_3"' in m.body)
    shop.send(late)
    shop.deliver("commands", reserve_command("ord_3", event_id="evt-new"))
    shop.redis.down = True

    again = {"eventId": late.event_id}
    shop.send(late, retried=1)

    assert outcome(shop, again) == "released"
    assert reservation(shop, "ord_3")["status"] == "held"
