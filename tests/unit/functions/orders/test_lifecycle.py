"""The life of an order: one table of transitions, and nothing outside it (I20)."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.orders.domain import Verdict, verdict_on
from shared.commerce.order_status import STEPS as TABLE
from tests.builders import answer_of, checkout_row, envelope, line, order_row, stock
from tests.pipeline import Pipeline

STATES = ("PENDING", "CONFIRMED", "PROCESSING", "SHIPPED", "DELIVERED", "CANCELLED")
STEPS = {
    "order.confirmed": {},
    "order.processing": {},
    "order.shipped": {"carrier": "Parcel Co", "trackingNumber": "PC-1"},
    "order.delivered": {"deliveredAt": "2026-03-03T10:00:00Z"},
    "order.cancelled": {"reason": "changed my mind", "cancelledBy": "user"},
}
EDGES = {
    ("PENDING", "order.confirmed"): "CONFIRMED",
    ("CONFIRMED", "order.processing"): "PROCESSING",
    ("CONFIRMED", "order.shipped"): "SHIPPED",
    ("PROCESSING", "order.shipped"): "SHIPPED",
    ("SHIPPED", "order.delivered"): "DELIVERED",
    ("PENDING", "order.cancelled"): "CANCELLED",
    ("CONFIRMED", "order.cancelled"): "CANCELLED",
    ("PROCESSING", "order.cancelled"): "CANCELLED",
}
# What an order may still get to: an event about it waits until then.
EARLY = {
    ("PENDING", "order.processing"),
    ("PENDING", "order.shipped"),
    ("PENDING", "order.delivered"),
    ("CONFIRMED", "order.delivered"),
    ("PROCESSING", "order.delivered"),
}
COUNTER = itertools.count()


def step(event_type: str, **changes: Any) -> dict[str, Any]:
    """A lifecycle event under an id of its own, whose payload is not to be believed."""
    payload = {
        name: value
        for name, value in order_row().items()
        if name
        in {"orderId", "userId", "customerName", "customerEmail", "customerAddress", "items"}
    }
    payload |= {"totalAmount": 1, "status": "PENDING", **STEPS[event_type], **changes}
    return envelope(event_type, payload, eventId=f"evt-step-{next(COUNTER)}", source="api")


@pytest.fixture
def shop() -> Pipeline:
    return shop_with("PENDING")


def shop_with(status: str) -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(available=8, threshold=0))
    pipeline.memory.seed("orders", order_row(status=status))
    pipeline.memory.seed("checkouts", checkout_row())
    return pipeline


def order(shop: Pipeline) -> Any:
    return shop.memory.get("orders", {"orderId": "ord_1"})


def shelf(shop: Pipeline) -> Any:
    row: Any = shop.memory.get("stock", {"sku": "mug"})
    return row["available"]


@pytest.mark.parametrize("status", STATES)
@pytest.mark.parametrize("event_type", STEPS)
def test_an_event_moves_the_order_along_an_edge_or_not_at_all(status, event_type):
    shop = shop_with(status)

    response = shop.deliver("orders", step(event_type))

    assert order(shop)["status"] == EDGES.get((status, event_type), status)
    if (status, event_type) in EARLY:
        assert (response["statusCode"], order(shop)["timeline"]) == (503, [])
        return
    assert response["statusCode"] == 200
    [entry] = order(shop)["timeline"]
    assert (entry["verdict"] == "applied") == ((status, event_type) in EDGES)


@pytest.mark.parametrize(
    ("status", "event_type", "verdict"),
    [
        ("CONFIRMED", "order.confirmed", Verdict.REPEATED),
        ("SHIPPED", "order.confirmed", Verdict.LATE),
        ("DELIVERED", "order.cancelled", Verdict.LATE),
        ("CANCELLED", "order.shipped", Verdict.LATE),
        ("CANCELLED", "order.cancelled", Verdict.REPEATED),
    ],
)
def test_what_does_not_apply_says_why(status, event_type, verdict):
    assert verdict_on(event_type, status) is verdict


def test_the_table_has_these_edges_and_no_others():
    edges = {(before, name): s.status for name, s in TABLE.items() for before in s.follows}

    assert edges == EDGES


def test_a_whole_life_is_told_by_mail_and_audit(shop):
    for event_type in ("order.confirmed", "order.processing", "order.shipped", "order.delivered"):
        shop.deliver("orders", step(event_type))
    shop.drain()

    assert order(shop)["status"] == "DELIVERED"
    assert order(shop)["trackingNumber"] == "PC-1"
    assert [mail.template_id for mail in shop.mailer.sent] == [
        "order-confirmed",
        "order-shipped",
        "order-delivered",
    ]
    assert {mail.to for mail in shop.mailer.sent} == {"ada@example.com"}
    trail = [e for e in shop.memory.all("audit") if e["entity"] == "order#ord_1"]
    assert [(e["previousState"]["status"], e["newState"]["status"]) for e in trail] == [
        ("PENDING", "CONFIRMED"),
        ("CONFIRMED", "PROCESSING"),
        ("PROCESSING", "SHIPPED"),
        ("SHIPPED", "DELIVERED"),
    ]


def test_a_cancellation_returns_stock_asks_the_money_back_and_tells_the_customer_once(shop):
    cancelled = step("order.cancelled")
    for event in (cancelled, cancelled, step("order.cancelled")):
        assert shop.deliver("orders", event)["statusCode"] == 200
    shop.drain()

    assert order(shop)["status"] == "CANCELLED"
    assert shelf(shop) == 10
    assert [m["delta"] for m in shop.memory.all("movements")] == [2]
    checkout: Any = shop.memory.get("checkouts", {"orderId": "ord_1"})
    assert (checkout["refundStatus"], checkout["refundAmount"]) == ("requested", 25)
    assert [mail.template_id for mail in shop.mailer.sent] == ["order-cancelled"]
    refunds = [e for e in shop.memory.all("audit") if e["action"] == "refund.requested"]
    assert len(refunds) == 1


def test_a_cancellation_returns_every_line_of_the_order_to_its_own_stock_row():
    lines = [line("mug", quantity=2), line("bowl", quantity=3)]
    shop = shop_with("PENDING")
    shop.memory.seed("stock", stock("bowl", available=1, threshold=0))
    shop.memory.seed("orders", order_row(items=lines))

    assert shop.deliver("orders", step("order.cancelled"))["statusCode"] == 200

    assert {row["sku"]: row["available"] for row in shop.memory.all("stock")} == {
        "mug": 10,
        "bowl": 4,
    }


def test_what_goes_back_is_what_is_stored_and_not_what_the_event_says(shop):
    lie = [{"productId": "mug", "quantity": 500, "price": 1}]

    shop.deliver("orders", step("order.cancelled", items=lie, totalAmount=500))
    shop.drain()

    checkout: Any = shop.memory.get("checkouts", {"orderId": "ord_1"})
    assert (shelf(shop), checkout["refundAmount"]) == (10, 25)


def test_a_cancellation_that_meets_a_shipment_lets_exactly_one_win(shop, monkeypatch):
    shop.deliver("orders", step("order.confirmed"))
    transact = shop.memory.transact
    raced: list[bool] = []

    def ship_first(writes):
        if not raced:
            raced.append(True)
            shop.deliver("orders", step("order.shipped"))
        return transact(writes)

    monkeypatch.setattr(shop.memory, "transact", ship_first)

    assert shop.deliver("orders", step("order.cancelled"))["statusCode"] == 200

    assert order(shop)["status"] == "SHIPPED"
    assert shelf(shop) == 8
    assert order(shop)["timeline"][-1]["verdict"] == "late"


def test_a_product_that_left_the_catalogue_does_not_keep_an_order_from_being_cancelled():
    shop = Pipeline()
    shop.memory.seed("orders", order_row())

    response = shop.deliver("orders", step("order.cancelled"))

    assert response["statusCode"] == 200
    assert order(shop)["status"] == "CANCELLED"


def test_a_tracking_link_of_another_scheme_is_refused(shop):
    response = shop.deliver("orders", step("order.shipped", trackingUrl="javascript:alert(1)"))

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["field"] == "payload.trackingUrl"


@given(
    st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 2)), min_size=1, max_size=12)
)
def test_any_walk_agrees_with_the_table_at_every_step(walk):
    """Events with duplicates, in any order: state, stock, mails and refunds as a model has them."""
    shop = shop_with("PENDING")
    state, mails, cancelled = "PENDING", 0, 0
    for event_type, copies in walk:
        event = step(event_type)
        expected = 503 if (state, event_type) in EARLY else 200
        for _ in range(copies + 1):
            assert shop.deliver("orders", event)["statusCode"] == expected
        reached = EDGES.get((state, event_type))
        if reached is not None:
            state = reached
            mails += event_type != "order.processing"
            cancelled += reached == "CANCELLED"
        shop.drain()

        assert order(shop)["status"] == state
        assert shelf(shop) == 8 + 2 * cancelled
        assert len(shop.mailer.sent) == mails
        refunds = [e for e in shop.memory.all("audit") if e["action"] == "refund.requested"]
        assert len(refunds) == cancelled
        assert len(order(shop)["timeline"]) == len(
            {entry["eventId"] for entry in order(shop)["timeline"]}
        )
