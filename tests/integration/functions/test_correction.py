"""A correction of contact data against a shipment, and many corrections at once, on real stores."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from shared.commerce.contact import MOST_BY_CUSTOMER
from shared.storage.writes import Item
from tests.builders import checkout_payload, line, stock
from tests.conformance.live import LivePipeline
from tests.integration.functions.test_cancellation import (
    UNITS,
    USER,
    _once_both_have_read,
    shipment,
)
from tests.integration.functions.world import Around, Gate, World, order_of, wait_for

NEW = {"customerEmail": "grace@example.org", "customerAddress": "7 Other Road, Elsewhere"}


@pytest.fixture
def pipeline(world: World) -> LivePipeline:
    """A shop whose shopper has signed in and ordered two mugs."""
    world.seed(stock(available=UNITS, threshold=0))
    pipeline = world.pipeline()
    pipeline.sign_in()
    pipeline.checkout(checkout_payload(items=[line(quantity=2)]), shopper=USER)
    pipeline.drain()
    return pipeline


def corrections(order: Item) -> list[Item]:
    timeline = cast("list[Item]", order["timeline"])
    return [entry for entry in timeline if entry["type"] == "order.corrected"]


@pytest.mark.parametrize("round_", range(3))
def test_a_correction_and_a_shipment_at_once_both_count_or_the_shipment_alone(
    world: World, pipeline: LivePipeline, round_: int
) -> None:
    """Both have read the order before either writes it: the parcel leaves as the row says."""
    shipped = shipment(world, pipeline)
    assert pipeline.correct(order_of(), NEW, shopper=USER)["statusCode"] == 202
    (corrected,) = pipeline.outbox.of("order.corrected")
    gate = Gate()
    racing = world.pipeline(tables=Around(world.tables, before=_once_both_have_read(gate)))
    racing.outbox, racing.publisher = pipeline.outbox, pipeline.outbox

    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(racing.send, message) for message in (shipped, corrected)]
        wait_for(lambda: gate.waiting == 2)
        gate.open()
        assert [answer.result()["statusCode"] for answer in answers] == [200, 200]

    (order,) = world.rows("orders")
    assert order["status"] == "SHIPPED"
    (entry,) = corrections(order)
    won = entry["verdict"] == "corrected"
    assert entry["verdict"] in {"corrected", "late"}
    assert order["customerEmail"] == (NEW["customerEmail"] if won else "ada@example.com")
    mails = [json.loads(mail.body)["payload"] for mail in pipeline.outbox.of("notification.email")]
    (parcel,) = [mail for mail in mails if mail["templateId"] == "order-shipped"]
    assert parcel["to"] == order["customerEmail"]
    told = Counter(mail["templateId"] for mail in mails)
    assert told["order-corrected"] == told["order-corrected-notice"] == int(won)


def test_clicks_at_once_are_one_correction(world: World, pipeline: LivePipeline) -> None:
    with ThreadPoolExecutor(10) as pool:
        clicks = [pool.submit(pipeline.correct, order_of(), NEW, shopper=USER) for _ in range(10)]
        assert {click.result()["statusCode"] for click in clicks} == {202}
        list(pool.map(pipeline.send, pipeline.outbox.of("order.corrected")))

    (order,) = world.rows("orders")
    assert [entry["verdict"] for entry in corrections(order)] == ["corrected"]
    assert len({message.event_id for message in pipeline.outbox.of("order.corrected")}) == 1
    assert {name: order[name] for name in NEW} == NEW


def test_more_corrections_at_once_than_a_customer_has_are_no_more_than_those(
    world: World, pipeline: LivePipeline
) -> None:
    for number in range(MOST_BY_CUSTOMER + 4):
        pipeline.correct(order_of(), {"customerName": f"Name {number}"}, shopper=USER)
        pipeline.clock.advance(1)
    messages = pipeline.outbox.of("order.corrected")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(pipeline.send, messages))
    pipeline.drain()

    (order,) = world.rows("orders")
    told = Counter(str(entry["verdict"]) for entry in corrections(order))
    assert order["customerCorrections"] == told["corrected"] <= MOST_BY_CUSTOMER
    assert sum(told.values()) == MOST_BY_CUSTOMER + 4
    assert not world.rows("dead_letters")
