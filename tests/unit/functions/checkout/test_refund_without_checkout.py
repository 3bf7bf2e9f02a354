"""A row from before refunds waited for their checkout has nothing but a refund: it is no checkout yet."""

import pytest

from tests.builders import MOMENT, answer_of, checkout_payload, stock
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline

ORDER_ID = order_id_for("pay-1")
REFUND = {
    "refundStatus": "requested",
    "refundAmount": 20,
    "refundReason": "out_of_stock",
    "refundRequestedAt": MOMENT,
    "refundEventId": "evt-refund",
}


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock())
    pipeline.memory.seed("checkouts", {"orderId": ORDER_ID, "paymentId": "pay-1", **REFUND})
    return pipeline


def test_the_paid_cart_is_accepted_and_the_refund_stays(shop):
    response = shop.checkout(checkout_payload())

    assert response["statusCode"] == 202
    assert answer_of(response)["data"]["status"] == "accepted"
    (row,) = shop.memory.all("checkouts")
    assert row["status"] == "accepted"
    assert {name: row[name] for name in REFUND} == REFUND
    assert len(shop.outbox.messages) == 1


def test_the_same_cart_again_is_the_same_checkout_and_another_cart_is_refused_by_name(shop):
    shop.checkout(checkout_payload())

    assert shop.checkout(checkout_payload())["statusCode"] == 202
    other = shop.checkout(checkout_payload(customerName="Someone Else"))
    assert other["statusCode"] == 409
    assert answer_of(other)["error"]["code"] == "payment_reused"
