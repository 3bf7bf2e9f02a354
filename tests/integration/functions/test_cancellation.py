"""A customer's cancellation against a shipment, and against the customer's own impatience."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest

from shared.commerce.lifecycle_events import step_of
from shared.contracts.orders import OrderShipped
from shared.messaging.outbox import Outbound
from shared.storage.records.order import OrderRow
from shared.storage.writes import Item, Update
from tests.builders import answer_of, checkout_payload, line, stock
from tests.conformance.live import LivePipeline
from tests.integration.functions.world import Around, Gate, World, distinct, order_of, wait_for

UNITS = 10
USER = "user-1"


@pytest.fixture
def pipeline(world: World) -> LivePipeline:
    """A shop whose shopper has signed in, ordered two mugs and had them confirmed."""
    world.seed(stock(available=UNITS, threshold=0))
    pipeline = world.pipeline()
    pipeline.sign_in()
    pipeline.checkout(checkout_payload(items=[line(quantity=2)]), shopper=USER)
    pipeline.drain()
    return pipeline


def shipment(world: World, pipeline: LivePipeline) -> Outbound:
    """What the warehouse says, of the order as it is now confirmed."""
    (order,) = world.rows("orders")
    confirm = Update("orders", {"orderId": order_of()}, set={"status": "CONFIRMED"})
    world.tables.transact([confirm])
    facts = {"carrier": "post", "trackingNumber": "1"}
    event = step_of(
        OrderShipped,
        OrderRow.from_item(order),
        facts,
        event_id="evt-ship",
        source="api",
        at=pipeline.clock.now(),
    )
    return Outbound.of(event)


def cancellations(pipeline: LivePipeline) -> list[Outbound]:
    return pipeline.outbox.of("order.cancelled")


def order_status(pipeline: LivePipeline) -> str:
    data = answer_of(pipeline.status(order_of(), shopper=USER))["data"]
    return str(data["orderStatus"])


def assert_all_of_it_is_true(world: World, pipeline: LivePipeline) -> None:
    """Whoever won: shelf, refund and mail say the same as the order."""
    pipeline.drain()
    cancelled = order_status(pipeline) == "CANCELLED"
    refunds = distinct(pipeline.outbox.of("order.refund.requested"))
    mails = [mail.template_id for mail in pipeline.mailer.sent]
    assert world.available() == (UNITS if cancelled else UNITS - 2)
    assert len(refunds) == (1 if cancelled else 0)
    assert mails.count("order-cancelled") == (1 if cancelled else 0)
    assert mails.count("order-shipped") == (0 if cancelled else 1)


@pytest.mark.parametrize("round_", range(4))
def test_cancellation_and_shipment_at_once_one_of_them_wins(
    world: World, pipeline: LivePipeline, round_: int
) -> None:
    """Both have read the order before either writes it."""
    shipped = shipment(world, pipeline)
    assert pipeline.cancel(order_of(), shopper=USER)["statusCode"] == 202
    (cancelled,) = cancellations(pipeline)
    gate = Gate()
    racing = world.pipeline(tables=Around(world.tables, before=_once_both_have_read(gate)))
    racing.outbox, racing.publisher = pipeline.outbox, pipeline.outbox

    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(racing.send, message) for message in (shipped, cancelled)]
        wait_for(lambda: gate.waiting == 2)
        gate.open()
        statuses = [answer.result()["statusCode"] for answer in answers]

    assert statuses == [200, 200]
    (order,) = world.rows("orders")
    verdicts = Counter(str(entry["verdict"]) for entry in _steps(order))
    assert verdicts == {"applied": 1, "late": 1}
    assert order_status(pipeline) in {"SHIPPED", "CANCELLED"}
    assert_all_of_it_is_true(world, pipeline)


@pytest.mark.parametrize("first", ["shipment", "cancellation"])
def test_whoever_comes_first_wins(world: World, pipeline: LivePipeline, first: str) -> None:
    shipped = shipment(world, pipeline)
    pipeline.cancel(order_of(), shopper=USER)
    messages = [shipped, *cancellations(pipeline)]

    for message in messages if first == "shipment" else reversed(messages):
        assert pipeline.send(message)["statusCode"] == 200

    assert order_status(pipeline) == ("SHIPPED" if first == "shipment" else "CANCELLED")
    assert_all_of_it_is_true(world, pipeline)
    again = pipeline.cancel(order_of(), shopper=USER)
    assert again["statusCode"] == (409 if first == "shipment" else 200)


def test_twenty_impatient_clicks_cancel_once(world: World, pipeline: LivePipeline) -> None:
    with ThreadPoolExecutor(20) as pool:
        clicks = [
            pool.submit(pipeline.cancel, order_of(), {"reason": f"click {n}"}, shopper=USER)
            for n in range(20)
        ]
        assert {click.result()["statusCode"] for click in clicks} == {202}
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(pipeline.send, cancellations(pipeline)))

    assert len({message.event_id for message in cancellations(pipeline)}) == 1
    (order,) = world.rows("orders")
    assert [entry["verdict"] for entry in _steps(order)] == ["applied"]
    assert world.available() == UNITS
    assert len(distinct(pipeline.outbox.of("order.refund.requested"))) == 1


def test_shopper_who_cancels_as_soon_as_they_may_is_heard(world: World) -> None:
    """Clicking from the first 202 on: refused while undecided, then promised, then kept."""
    world.seed(stock(available=UNITS, threshold=0))
    pipeline = world.pipeline()
    pipeline.sign_in()
    pipeline.checkout(checkout_payload(), shopper=USER)

    early = pipeline.cancel(order_of(), shopper=USER)
    pipeline.send(pipeline.outbox.messages[0])
    later = pipeline.cancel(order_of(), shopper=USER)
    pipeline.drain()

    assert (early["statusCode"], later["statusCode"]) == (409, 202)
    assert json.loads(early["body"])["error"]["code"] == "checkout_undecided"
    assert order_status(pipeline) == "CANCELLED"
    assert world.rows("dead_letters") == []
    assert world.available() == UNITS


def _once_both_have_read(gate: Gate) -> Callable[[str], None]:
    waited: list[str] = []

    def before(name: str) -> None:
        # Each of the two once: who loses writes a second time, and alone.
        if name == "transact" and len(waited) < 2:
            waited.append(name)
            gate.pass_through()

    return before


def _steps(order: Item) -> Iterator[Item]:
    timeline = cast("list[Item]", order["timeline"])
    return (e for e in timeline if e["type"] in {"order.shipped", "order.cancelled"})
