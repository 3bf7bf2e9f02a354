"""Many more buyers than units, all at once."""

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.kernel.errors import ContentionError
from tests.builders import answer_of, line, stock
from tests.conformance.live import LivePipeline
from tests.integration.functions.world import (
    Around,
    Gate,
    World,
    command,
    distinct,
    order_of,
    units_sold,
    wait_for,
)

BUYERS, UNITS = 120, 20
DELIVERIES = 40


class Conflicts:
    """The transaction conflicts that the emulator, which does one thing at a time, never has."""

    def __init__(self, share: float) -> None:
        self._share, self._random, self._lock = share, random.Random(11), threading.Lock()

    def __call__(self, name: str) -> None:
        with self._lock:
            unlucky = name == "transact" and self._random.random() < self._share
        if unlucky:
            raise ContentionError("another writer was faster")


def deliver_until_done(pipeline: LivePipeline, number: int, quantity: int = 1) -> list[int]:
    """As QStash does: again after every answer that is not a success."""
    statuses: list[int] = []
    while len(statuses) < DELIVERIES:
        event = command(number, items=[line(quantity=quantity)])
        statuses.append(pipeline.status_of("commands", event, retried=len(statuses)))
        if statuses[-1] == 200:
            break
        time.sleep(0.01)
    return statuses


@pytest.fixture(scope="module")
def conflicts() -> Conflicts:
    return Conflicts(0.2)


def test_a_hundred_and_twenty_buyers_of_twenty_units_get_exactly_those(
    world: World, conflicts: Conflicts
) -> None:
    world.seed(stock(available=UNITS))
    pipeline = world.pipeline(tables=Around(world.tables, before=conflicts))

    with ThreadPoolExecutor(BUYERS) as pool:
        answers = list(pool.map(lambda n: deliver_until_done(pipeline, n), range(BUYERS)))

    orders = world.rows("orders")
    assert {status for statuses in answers for status in statuses} <= {200, 503}
    assert all(statuses[-1] == 200 for statuses in answers)
    assert len(orders) == UNITS
    assert world.available() == 0
    assert units_sold(orders) == UNITS
    assert_every_buyer_has_one_final_answer(pipeline)
    assert_everybody_was_told_once(pipeline)


def assert_every_buyer_has_one_final_answer(pipeline: LivePipeline) -> None:
    finals = [answer_of(pipeline.status(order_of(n)))["data"] for n in range(BUYERS)]
    assert Counter((final["status"], final.get("reason")) for final in finals) == {
        ("confirmed", None): UNITS,
        ("rejected", "out_of_stock"): BUYERS - UNITS,
    }


def assert_everybody_was_told_once(pipeline: LivePipeline) -> None:
    events = distinct(pipeline.outbox.messages).values()
    told = Counter(event.event_type for event in events)
    assert told["order.created"] == UNITS
    assert told["inventory.stock.updated"] == UNITS
    assert told["order.rejected"] == BUYERS - UNITS
    assert told["notification.email"] == told["analytics.audit"] == BUYERS


def test_carts_of_several_units_never_take_more_than_there_is(
    world: World, conflicts: Conflicts
) -> None:
    world.seed(stock(available=UNITS))
    pipeline = world.pipeline(tables=Around(world.tables, before=conflicts))

    with ThreadPoolExecutor(24) as pool:
        list(pool.map(lambda n: deliver_until_done(pipeline, n, 1 + n % 3), range(24)))

    orders = world.rows("orders")
    assert units_sold(orders) + world.available() == UNITS
    assert world.available() >= 0
    # Nobody was turned away while what they wanted was still there.
    rejected = [row for row in world.rows("checkouts") if row["status"] == "rejected"]
    assert len(orders) + len(rejected) == 24
    assert rejected


def test_one_low_stock_alert_goes_out_however_many_sales_cross_the_threshold(
    world: World,
) -> None:
    world.seed(stock(available=12, threshold=8))
    selling, gate = world.pipeline(), Gate()
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda n: deliver_until_done(selling, n), range(10)))
    moved = selling.outbox.of("inventory.stock.updated")

    def once_all_have_looked(name: str) -> None:
        if name == "transact":
            gate.pass_through()

    telling = world.pipeline(tables=Around(world.tables, before=once_all_have_looked))
    with ThreadPoolExecutor(11) as pool:
        answers = [pool.submit(telling.send, message) for message in moved]
        wait_for(lambda: gate.waiting == 10)
        gate.open()
        statuses = {answer.result()["statusCode"] for answer in answers}

    telling.drain()
    assert statuses == {200}
    assert len(distinct(telling.outbox.of("inventory.stock.low"))) == 1
    assert [mail.template_id for mail in telling.mailer.sent] == ["low-stock-alert"]
    assert world.available() == 2
