"""Commands that contradict themselves are refused for good; the largest cart still fits."""

from decimal import Decimal

import pytest

from tests.builders import answer_of, checkout_command, line, stock
from tests.pipeline import Pipeline


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock())
    return pipeline


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"totalAmount": Decimal("12.49")}, "payload.totalAmount"),
        ({"items": [line(), line(price=1)], "totalAmount": 1}, "payload.items[1].price"),
        ({"items": [line(quantity=600)] * 2}, "payload.items[1].quantity"),
        ({"items": [line(f"p{n}") for n in range(51)]}, "payload.items"),
    ],
)
def test_cart_that_contradicts_itself_is_refused_for_good(shop, changes, field):
    response = shop.deliver("commands", checkout_command(**changes))

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["field"] == field
    assert shop.memory.all("ledger") == []
    assert shop.outbox.messages == []


def test_fifty_products_fit_into_one_transaction(shop):
    shop.memory.seed("stock", *(stock(f"p{index}") for index in range(50)))
    items = [line(f"p{index}") for index in range(50)]

    assert shop.deliver("commands", checkout_command(items=items))["statusCode"] == 200

    assert len(shop.outbox.of("inventory.stock.updated")) == 50
    left = {row["sku"]: row["available"] for row in shop.memory.all("stock")}
    assert all(left[f"p{index}"] == 9 for index in range(50))
