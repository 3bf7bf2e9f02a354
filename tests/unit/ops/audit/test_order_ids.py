"""The audit knows both order ids that a payment can have, and finds a payment with two orders."""

from datetime import timedelta
from typing import Any

import pytest

from ops.audit.model import Moment
from ops.audit.run import Audit, Result
from shared.kernel.ids import OrderIds
from tests.order_ids import ORDER_IDS
from tests.unit.ops.audit.test_run import SOLD, Memory, lived

KEYED, PLAIN = ORDER_IDS.both("pay-1")


@pytest.fixture
def shop() -> Memory:
    return Memory(*lived())


def result(shop: Memory, check: str, order_ids: OrderIds | None = ORDER_IDS) -> Result:
    now = shop.clock.now() + timedelta(hours=1)
    moment = Moment(now, timedelta(minutes=20), order_ids=order_ids)
    return {found.name: found for found in Audit(shop, moment).run()}[check]


def renamed(shop: Memory, order_id: str) -> dict[str, Any]:
    """The order of pay-1 once more, under another id."""
    copy = dict(shop.one("orders", orderId=SOLD)) | {"orderId": order_id}
    shop.tables.seed("orders", copy)
    return copy


def test_a_payment_with_an_order_under_each_of_its_ids_is_found(shop):
    renamed(shop, PLAIN)

    found = result(shop, "one order per payment")

    assert SOLD == KEYED
    assert [(f.subject, f.says) for f in found.found] == [
        (KEYED, f"its payment has another order, {PLAIN}")
    ]


def test_without_the_key_two_orders_are_found_all_the_same(shop):
    renamed(shop, PLAIN)

    assert result(shop, "one order per payment", None).breaches == 1


def test_an_id_of_another_payment_or_key_is_a_breach(shop):
    other = OrderIds(b"another-key-0123456789abcdef-0123456")
    renamed(shop, other.of("pay-1"))

    found = result(shop, "one order per payment")

    assert [f.says for f in found.found] == ["is not an order id that its payment can have"]


def test_without_the_key_a_keyed_id_is_believed_and_no_other(shop):
    assert result(shop, "one order per payment", None).breaches == 0

    renamed(shop, "ord_of_nobody")

    assert result(shop, "one order per payment", None).breaches == 1
