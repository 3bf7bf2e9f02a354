"""What is held for an order counts when its cart is checked, and nobody else's does."""

import pytest

from tests.builders import (
    answer_of,
    checkout_payload,
    line,
    release_command,
    reserve_command,
    stock,
    units,
)
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline
from tests.unit.functions.stock_reading import shelf

ORDER = order_id_for("pay-1")


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(available=5))
    pipeline.deliver("commands", reserve_command(ORDER, items=[units("mug", 4)]))
    return pipeline


@pytest.mark.parametrize(("quantity", "status"), [(4, 202), (5, 202), (6, 409)])
def test_held_units_and_those_on_the_shelf_can_be_bought(shop, quantity, status):
    response = shop.checkout(checkout_payload(items=[line(quantity=quantity)]))

    assert response["statusCode"] == status
    if status == 409:
        assert answer_of(response)["error"]["available"] == "5"


def test_units_held_for_another_order_cannot_be_bought(shop):
    cart = checkout_payload(items=[line(quantity=2)], paymentId="pay-2")

    response = shop.checkout(cart)

    assert answer_of(response)["error"]["code"] == "out_of_stock"
    assert answer_of(response)["error"]["available"] == "1"


def test_units_that_were_given_back_do_not_count_twice(shop):
    shop.deliver("commands", release_command(ORDER))

    response = shop.checkout(checkout_payload(items=[line(quantity=6)]))

    assert answer_of(response)["error"]["available"] == "5"


def test_the_check_reads_once(shop):
    shop.memory.calls.clear()

    shop.checkout(checkout_payload(items=[line(quantity=4)]))

    assert shop.memory.calls == ["get_many", "transact"]


def test_from_hold_to_order_in_one_go(shop):
    assert shop.checkout(checkout_payload(items=[line(quantity=5)]))["statusCode"] == 202

    assert {status for _, status in shop.drain()} == {200}

    assert shelf(shop) == (0, 0)
    assert answer_of(shop.status(ORDER))["data"]["status"] == "confirmed"
