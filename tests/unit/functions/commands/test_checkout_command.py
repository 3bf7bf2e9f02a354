"""From a paid cart to an order, or to a rejection; once, whole, and never below zero."""

from collections import deque
from decimal import Decimal
from typing import Any

import pytest

from shared.kernel.strict_json import loads
from tests.builders import (
    answer_of,
    checkout_command,
    checkout_payload,
    line,
    order_row,
    stock,
)
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline
from tests.unit.shared.faults import Faults

ORDER_ID = order_id_for("pay-1")


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(), stock("bowl", price=20))
    return pipeline


def payloads(shop: Pipeline, event_type: str) -> list[dict[str, Any]]:
    """What was published of a type."""
    bodies = [message.body.encode() for message in shop.outbox.of(event_type)]
    return [loads(body, max_bytes=100_000)["payload"] for body in bodies]


def types(shop: Pipeline) -> list[str]:
    return [message.event_type for message in shop.outbox.messages]


def available(shop: Pipeline, sku: str = "mug") -> object:
    row = shop.memory.get("stock", {"sku": sku})
    assert row is not None
    return row["available"]


# ------------------------------------------------------------------ confirmed
def test_order_is_stored_with_everything_that_was_sold(shop):
    items = [line(quantity=2), line("bowl", price=20), line(quantity=1)]

    assert shop.deliver("commands", checkout_command(items=items))["statusCode"] == 200

    (order,) = shop.memory.all("orders")
    assert order["orderId"] == ORDER_ID
    assert order["status"] == "PENDING"
    assert order["totalAmount"] == Decimal("57.5")
    assert order["customerEmail"] == "ada@example.com"
    assert order["correlationId"] == "corr-1"
    assert order["items"] == [
        {"productId": "mug", "quantity": 3, "price": Decimal("12.5"), "productName": "Mug"},
        {"productId": "bowl", "quantity": 1, "price": 20, "productName": "Bowl"},
    ]
    assert (available(shop), available(shop, "bowl")) == (7, 9)


def test_order_tells_the_four_other_topics_in_one_batch(shop):
    shop.deliver("commands", checkout_command(items=[line(), line("bowl", price=20)]))

    assert len(shop.outbox.batches) == 1
    assert types(shop) == [
        "order.created",
        "notification.email",
        "inventory.stock.updated",
        "inventory.stock.updated",
        "analytics.audit",
    ]


def test_each_stock_update_says_what_was_taken_of_which_product(shop):
    items = [line(quantity=3), line("bowl", price=20)]

    shop.deliver("commands", checkout_command(items=items))

    assert payloads(shop, "inventory.stock.updated") == [
        {
            "productId": product,
            "previousStock": 10,
            "newStock": 10 - taken,
            "reason": "sale",
            "orderId": ORDER_ID,
            "delta": -taken,
        }
        for product, taken in (("mug", 3), ("bowl", 1))
    ]


def test_customer_is_mailed_what_was_ordered(shop):
    shop.deliver("commands", checkout_command())

    (mail,) = payloads(shop, "notification.email")
    assert mail["to"] == "ada@example.com"
    assert mail["subject"] == f"Order Confirmation - {ORDER_ID}"
    assert mail["templateId"] == "order-confirmation"
    assert mail["templateData"]["totalAmount"] == Decimal("12.5")


def test_order_is_logged_with_its_references_and_measured(shop):
    shop.deliver("commands", checkout_command())

    processing = next(f for m, f in shop.telemetry.lines if m == "Processing checkout")
    assert (processing["user_id"], processing["payment_id"]) == ("user-1", "pay-1")
    assert "Created order" in shop.telemetry.messages()
    measures = {measure.name: measure.value for measure in shop.telemetry.measures}
    assert measures["OrdersCreated"] == 1
    assert measures["Revenue"] == Decimal("12.50")


def test_an_order_of_several_lines_is_measured_as_one_order(shop):
    items = [line(quantity=2), line("bowl", price=20, quantity=1)]

    shop.deliver("commands", checkout_command(items=items))

    measures = {measure.name: measure.value for measure in shop.telemetry.measures}
    assert (measures["OrdersCreated"], measures["Revenue"]) == (1, 45)


def test_an_order_comes_with_its_checkout_confirmed(shop):
    shop.deliver("commands", checkout_command())

    checkout = shop.memory.get("checkouts", {"orderId": ORDER_ID})
    assert checkout is not None
    assert checkout["status"] == "confirmed"


def test_last_units_can_be_sold_and_none_beyond(shop):
    shop.deliver("commands", checkout_command(items=[line(quantity=10)]))
    late = checkout_command(items=[line()], paymentId="pay-2", event_id="evt-2")

    assert shop.deliver("commands", late)["statusCode"] == 200

    assert available(shop) == 0
    assert len(shop.memory.all("orders")) == 1


# ------------------------------------------------------------------ rejected
@pytest.mark.parametrize(
    ("items", "reason", "skus"),
    [
        ([line(quantity=11)], "out_of_stock", ["mug"]),
        ([line(), line("bowl", price=20, quantity=11)], "out_of_stock", ["bowl"]),
        ([line(price=Decimal("0.01"))], "price_changed", ["mug"]),
        ([line(price=0)], "price_changed", ["mug"]),
        ([line(), line("ghost")], "unknown_product", ["ghost"]),
        ([line(variationId="xl")], "unknown_product", ["mug#xl"]),
    ],
)
def test_cart_that_cannot_be_served_is_rejected_whole(shop, items, reason, skus):
    """A command that came past the API is checked against the catalogue like any other (I19)."""
    response = shop.deliver("commands", checkout_command(items=items))

    assert response["statusCode"] == 200
    assert shop.memory.all("orders") == []
    assert (available(shop), available(shop, "bowl")) == (10, 10)
    (rejected,) = payloads(shop, "order.rejected")
    assert (rejected["reason"], rejected["skus"]) == (reason, skus)
    (row,) = shop.memory.all("checkouts")
    assert (row["status"], row["reason"], row["skus"]) == ("rejected", reason, skus)


def test_rejection_tells_customer_audit_and_whoever_refunds(shop):
    shop.deliver("commands", checkout_command(items=[line(quantity=11)]))

    (mail,) = payloads(shop, "notification.email")
    (audit,) = payloads(shop, "analytics.audit")
    assert (mail["to"], mail["templateId"]) == ("ada@example.com", "order-rejected")
    assert mail["templateData"]["reason"] == "out_of_stock"
    assert (audit["action"], audit["entityId"]) == ("checkout.rejected", ORDER_ID)
    assert audit["newState"]["reason"] == "out_of_stock"
    (refund,) = payloads(shop, "order.refund.requested")
    assert (refund["paymentId"], refund["amount"]) == ("pay-1", Decimal("137.5"))
    assert "order.created" not in types(shop)
    assert "inventory.stock.updated" not in types(shop)


def test_no_confirmation_is_mailed_for_a_rejected_checkout(shop):
    shop.checkout(checkout_payload(items=[line(quantity=2)]))
    shop.memory.seed("stock", stock(available=1))

    shop.drain()

    assert [mail.template_id for mail in shop.mailer.sent] == ["order-rejected"]


def test_rejected_checkout_stays_rejected_after_a_restock(shop):
    late = checkout_command(items=[line(quantity=11)])
    shop.deliver("commands", late)
    sent = len(shop.outbox.messages)
    shop.memory.seed("stock", stock(available=100))

    response = shop.deliver("commands", late | {"eventId": "evt-2"})

    assert response["statusCode"] == 200
    assert shop.memory.all("orders") == []
    assert len(shop.outbox.messages) == sent, "no second mail, and no second refund"


# ------------------------------------------------------------------ repeated
def test_payment_that_has_its_order_makes_no_second_one_under_any_event(shop):
    shop.deliver("commands", checkout_command())
    sent = len(shop.outbox.messages)
    shop.clock.advance(40 * 86_400)
    shop.redis.flush()

    again = shop.deliver("commands", checkout_command(event_id="evt-2"))

    assert again["statusCode"] == 200
    assert len(shop.memory.all("orders")) == 1
    assert available(shop) == 9
    assert len(shop.outbox.messages) == sent
    record = shop.memory.get("ledger", {"id": "commands#evt-2"})
    assert record is not None
    assert record["outcome"] == "already_confirmed"


@pytest.mark.parametrize(
    "other",
    [{"items": [line(quantity=2)]}, {"userId": "user-2"}, {"items": [line("bowl", price=20)]}],
)
@pytest.mark.parametrize("through_api", [True, False])
def test_payment_of_another_cart_is_refused_for_good_and_the_first_order_stays(
    shop, other, through_api
):
    if through_api:
        shop.checkout(checkout_payload())
        shop.drain()
    else:
        shop.deliver("commands", checkout_command())
    before = (shop.memory.all("orders"), shop.memory.all("stock"), shop.outbox.ids())

    response = shop.deliver("commands", checkout_command(event_id="evt-2", **other))

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["code"] == "payment_reused"
    assert (shop.memory.all("orders"), shop.memory.all("stock"), shop.outbox.ids()) == before


def test_other_cart_cannot_overtake_the_one_that_the_api_accepted(shop):
    shop.checkout(checkout_payload())

    response = shop.deliver("commands", checkout_command(items=[line(quantity=2)]))

    assert response["statusCode"] == 489
    assert shop.drain()[0] == ("command.checkout", 200)
    (order,) = shop.memory.all("orders")
    assert order["totalAmount"] == Decimal("12.5")


# ------------------------------------------------------------------ overtaken
def test_stock_sold_between_reading_and_writing_ends_in_a_rejection(shop):
    faults = Faults()

    def watch(name: str) -> None:
        if name == "tables.transact":
            faults.watch = lambda _: None
            shop.memory.seed("stock", stock(available=1))

    faults.watch = watch
    shop.tables = faults.wrap("tables", shop.memory)

    response = shop.deliver("commands", checkout_command(items=[line(quantity=2)]))

    assert response["statusCode"] == 200
    assert faults.calls.count("tables.get_many") == 2
    assert available(shop) == 1
    assert shop.memory.all("orders") == []
    assert payloads(shop, "order.rejected")[0]["reason"] == "out_of_stock"


def test_enough_left_after_another_sale_is_still_sold(shop):
    """The condition is on what is needed, not on what was seen."""
    faults = Faults()

    def watch(name: str) -> None:
        if name == "tables.transact":
            faults.watch = lambda _: None
            shop.memory.seed("stock", stock(available=5))

    faults.watch = watch
    shop.tables = faults.wrap("tables", shop.memory)

    shop.deliver("commands", checkout_command(items=[line(quantity=2)]))

    assert faults.calls.count("tables.get_many") == 1
    assert available(shop) == 3


def test_two_commands_of_one_payment_at_once_make_one_order(shop):
    answers: list[dict[str, Any]] = []
    faults = Faults()

    def watch(name: str) -> None:
        if name == "tables.transact" and not answers:
            faults.watch = lambda _: None
            answers.append(shop.deliver("commands", checkout_command(event_id="evt-2")))

    faults.watch = watch
    shop.tables = faults.wrap("tables", shop.memory)

    late = shop.deliver("commands", checkout_command())

    assert [a["statusCode"] for a in (*answers, late)] == [200, 200]
    assert len(shop.memory.all("orders")) == 1
    assert available(shop) == 9
    assert len(shop.outbox.of("order.created")) == 1


def test_order_that_appears_between_reading_and_writing_is_never_overwritten(shop):
    """Even where no checkout row stands in the way."""
    first = order_row(orderId=ORDER_ID, cartDigest="another cart", customerName="First")
    faults = Faults()

    def watch(name: str) -> None:
        if name == "tables.transact":
            faults.watch = lambda _: None
            shop.memory.seed("orders", first)

    faults.watch = watch
    shop.tables = faults.wrap("tables", shop.memory)

    response = shop.deliver("commands", checkout_command())

    assert answer_of(response)["error"]["code"] == "payment_reused"
    assert shop.memory.all("orders") == [first]
    assert available(shop) == 10


def test_command_past_the_api_does_not_overwrite_a_cart_accepted_in_the_same_moment(monkeypatch):
    """Read, then the API accepts another cart for the payment, then the commit (I4)."""
    shop = Pipeline()
    shop.memory.seed("stock", stock(available=9, threshold=0))
    transact, accepted = shop.memory.transact, deque[Any]()
    once = iter([True])

    def accept_another_cart_first(writes):
        if next(once, False):
            accepted.append(shop.checkout(checkout_payload(items=[line(quantity=2)])))
        return transact(writes)

    monkeypatch.setattr(shop.memory, "transact", accept_another_cart_first)

    response = shop.deliver("commands", checkout_command(items=[line(quantity=1)]))

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["code"] == "payment_reused"
    assert accepted[0]["statusCode"] == 202
    shop.drain()
    orders: Any = shop.memory.all("orders")
    assert [order["items"][0]["quantity"] for order in orders] == [2]
