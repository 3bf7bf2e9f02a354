"""What became of a checkout: three answers, and one for everything that is none."""

import pytest

from tests.builders import answer_of, checkout_payload, line, stock
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline

ORDER_ID = order_id_for("pay-1")


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock())
    pipeline.checkout(checkout_payload(items=[line(quantity=2)]))
    return pipeline


def test_undecided_checkout_is_accepted_and_says_when_to_ask_again(shop):
    response = shop.status(ORDER_ID)

    assert response["statusCode"] == 200
    assert answer_of(response)["data"] == {"orderId": ORDER_ID, "status": "accepted"}
    assert response["headers"]["retry-after"] == "1"


def test_ordered_checkout_is_confirmed_and_tells_its_order_s_state(shop):
    shop.drain()

    response = shop.status(ORDER_ID)

    assert answer_of(response)["data"] == {
        "orderId": ORDER_ID,
        "status": "confirmed",
        "orderStatus": "PENDING",
    }
    assert "retry-after" not in response["headers"]


def test_checkout_that_came_too_late_is_rejected_with_its_reason(shop):
    shop.memory.seed("stock", stock(available=1))
    shop.drain()

    assert answer_of(shop.status(ORDER_ID))["data"] == {
        "orderId": ORDER_ID,
        "status": "rejected",
        "reason": "out_of_stock",
    }


def test_status_says_nothing_of_the_customer(shop):
    shop.drain()
    body = shop.status(ORDER_ID)["body"].lower()

    assert not any(word in body for word in ("ada", "example", "street", "pay-1", "user-1", "mug"))


@pytest.mark.parametrize(
    "order_id",
    [
        order_id_for("pay-2"),
        "ord_" + "0" * 32,
        "ord_1",
        "1",
        "../ord",
        ORDER_ID.upper(),
        ORDER_ID + "0",
        ORDER_ID[:-1],
        "ord_" + "g" * 32,
        "x" * 10_000,
        "ord_\u0660" + "0" * 31,
        "{{7*7}}",
        "pay-1",
    ],
    ids=lambda order_id: ascii(order_id)[:20],
)
def test_every_id_that_is_none_gets_the_same_bytes(shop, order_id):
    known_shape = shop.status(order_id_for("pay-unheard"))

    response = shop.status(order_id)

    assert response["statusCode"] == 404
    assert response == known_shape


def test_ids_are_not_sequential_and_tell_nothing_of_the_payment():
    first, second = order_id_for("pay-1001"), order_id_for("pay-1002")

    assert sum(a == b for a, b in zip(first[4:], second[4:], strict=True)) < 16
    assert "1001" not in first


def test_status_may_not_be_cached(shop):
    assert shop.status(ORDER_ID)["headers"]["cache-control"] == "no-store"
