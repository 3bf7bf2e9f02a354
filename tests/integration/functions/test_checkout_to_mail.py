"""One checkout through every function, on real tables and a real Redis."""

from decimal import Decimal
from typing import Any

import pytest

from shared.storage.writes import Item
from tests.builders import answer_of, checkout_payload, line, stock
from tests.conformance.live import LivePipeline
from tests.integration.functions.world import World, command, distinct, order_of, units_sold

EVENTS_OF_ONE_ORDER = [
    "analytics.audit",
    "analytics.audit",
    "command.checkout",
    "inventory.stock.updated",
    "notification.email",
    "order.created",
]


@pytest.fixture
def pipeline(world: World) -> LivePipeline:
    world.seed(stock(available=10))
    return world.pipeline()


def test_a_checkout_becomes_one_order_one_mail_and_its_audit_trail(
    world: World, pipeline: LivePipeline
) -> None:
    answer = pipeline.checkout(checkout_payload(items=[line(quantity=2)]))

    statuses = pipeline.drain()

    assert answer["statusCode"] == 202
    assert sorted(statuses) == [(event_type, 200) for event_type in EVENTS_OF_ONE_ORDER]
    (order,) = world.rows("orders")
    assert (order["orderId"], order["status"]) == (order_of(), "PENDING")
    assert order["totalAmount"] == Decimal(25)
    assert world.available() == 8
    (mail,) = pipeline.mailer.sent
    assert mail.to == "ada@example.com"
    assert order_of() in mail.subject
    actions = [entry["action"] for entry in world.rows("audit")]
    assert sorted(map(str, actions)) == ["email.sent", "order.created"]
    assert world.rows("dead_letters") == []


def test_its_status_says_confirmed_once_it_is(pipeline: LivePipeline) -> None:
    pipeline.checkout(checkout_payload())
    before = pipeline.status(order_of())

    pipeline.drain()

    assert answer_of(before)["data"]["status"] == "accepted"
    assert answer_of(pipeline.status(order_of()))["data"]["status"] == "confirmed"


def test_every_hop_is_found_by_its_correlation_and_none_is_left_pending(
    world: World, pipeline: LivePipeline
) -> None:
    pipeline.checkout(checkout_payload())
    pipeline.drain()

    trace = world.tables.query("ledger", order_of(), index="trace")

    assert sorted(str(record["eventType"]) for record in trace) == EVENTS_OF_ONE_ORDER
    assert {record["state"] for record in trace} == {"done"}
    assert not any("pendingShard" in row for row in world.rows("ledger"))
    assert not any("pendingShard" in row for row in world.rows("checkouts"))


@pytest.mark.parametrize("forget", [False, True], ids=["redis-remembers", "redis-forgot"])
def test_delivering_everything_again_changes_nothing(
    world: World, pipeline: LivePipeline, forget: bool
) -> None:
    pipeline.checkout(checkout_payload())
    pipeline.drain()
    before, published = snapshot(world), len(pipeline.outbox.messages)
    if forget:
        world.flush_redis()

    answers = [pipeline.send(message) for message in pipeline.outbox.messages for _ in range(2)]

    assert {answer["statusCode"] for answer in answers} == {200}
    assert all(answer_of(answer)["duplicate"] for answer in answers)
    assert snapshot(world) == before
    assert len(pipeline.outbox.messages) == published
    assert len(pipeline.mailer.sent) == 1


def test_the_order_of_arrival_does_not_matter(world: World, pipeline: LivePipeline) -> None:
    pipeline.checkout(checkout_payload(items=[line(quantity=9)]))

    statuses = drain_newest_first(pipeline)

    assert statuses == {200}
    assert len(world.rows("orders")) == 1
    assert world.available() == 1
    assert len(world.rows("movements")) == 1
    assert sorted(mail.template_id for mail in pipeline.mailer.sent) == [
        "low-stock-alert",
        "order-confirmation",
    ]


def test_posting_the_same_checkout_again_leads_to_nothing_new(
    world: World, pipeline: LivePipeline
) -> None:
    first = pipeline.checkout(checkout_payload())
    second = pipeline.checkout(checkout_payload())
    pipeline.drain()
    third = pipeline.checkout(checkout_payload())
    pipeline.drain()

    assert [answer["statusCode"] for answer in (first, second, third)] == [202] * 3
    assert answer_of(third)["data"]["status"] == "confirmed"
    assert len(world.rows("orders")) == len(pipeline.mailer.sent) == 1
    assert world.available() == 9


def test_a_payment_with_another_cart_is_refused_and_the_first_order_stays(
    world: World, pipeline: LivePipeline
) -> None:
    pipeline.checkout(checkout_payload())
    pipeline.drain()
    before = world.rows("orders")

    by_api = pipeline.checkout(checkout_payload(items=[line(quantity=2)]))
    by_command = pipeline.status_of(
        "commands", {**command(items=[line(quantity=2)]), "eventId": "evt-tampered"}
    )

    assert by_api["statusCode"] == 409
    assert by_command == 489
    assert world.rows("orders") == before
    assert world.available() == 9


def test_out_of_stock_is_a_final_answer_with_one_apology_and_no_order(
    world: World, pipeline: LivePipeline
) -> None:
    status = pipeline.status_of("commands", command(items=[line(quantity=11)]))
    pipeline.drain()

    assert status == 200
    assert world.rows("orders") == []
    assert world.available() == 10
    assert [mail.template_id for mail in pipeline.mailer.sent] == ["order-rejected"]
    assert answer_of(pipeline.status(order_of()))["data"] == {
        "orderId": order_of(),
        "status": "rejected",
        "reason": "out_of_stock",
    }


def test_a_cart_of_many_products_takes_all_of_them_or_none(world: World) -> None:
    products = [f"p{n}" for n in range(50)]
    world.seed(*(stock(product, available=1) for product in products))
    cart = [line(product) for product in products]
    pipeline = world.pipeline()

    first = pipeline.status_of("commands", command(1, items=cart))
    second = pipeline.status_of("commands", command(2, items=cart[:1] + cart[1:2]))

    assert (first, second) == (200, 200)
    assert [world.available(product) for product in products] == [0] * 50
    assert units_sold(world.rows("orders")) == 50
    # Of the order: one movement per product, and order, mail and audit; of the rejection: order,
    # refund, mail and audit.
    assert len(distinct(pipeline.outbox.messages)) == 53 + 4


def test_a_body_that_arrives_as_base64_is_verified_and_handled(
    world: World, pipeline: LivePipeline
) -> None:
    answer = pipeline.post("commands", command(customerName="Zoë Größer ☕"), encoded=True)

    assert answer["statusCode"] == 200
    (order,) = world.rows("orders")
    assert order["customerName"] == "Zoë Größer ☕"


@pytest.mark.parametrize("encoded", [True, False])
def test_a_body_that_was_changed_on_the_way_is_refused_whatever_its_form(
    world: World, pipeline: LivePipeline, encoded: bool
) -> None:
    genuine, forged = command(), command(customerEmail="eve@example.com")

    answer = pipeline.post("commands", genuine, encoded=encoded, sent=forged)

    assert answer["statusCode"] == 401
    assert world.rows("ledger") == []


def drain_newest_first(pipeline: LivePipeline) -> set[int]:
    sent, statuses = set[int](), set[int]()
    while len(sent) < len(pipeline.outbox.messages):
        newest = max(set(range(len(pipeline.outbox.messages))) - sent)
        sent.add(newest)
        statuses.add(int(pipeline.send(pipeline.outbox.messages[newest])["statusCode"]))
    return statuses


def snapshot(world: World) -> dict[str, list[Item]]:
    def by_key(rows: list[Item]) -> list[Any]:
        return sorted(rows, key=repr)

    return {table: by_key(world.rows(table)) for table in world.names}
