"""Whatever is ordered in whatever order: stock is never negative, and nothing is lost or doubled."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import checkout_command, line, stock
from tests.pipeline import Pipeline

PRODUCTS = ["a", "b", "c"]
carts = st.lists(
    st.builds(line, st.sampled_from(PRODUCTS), quantity=st.integers(1, 4)), min_size=1, max_size=4
)
commands = st.lists(st.tuples(st.integers(0, 9), carts, st.integers(0, 3)), max_size=15)


@given(st.tuples(*[st.integers(0, 8)] * 3), commands, st.booleans())
def test_stock_sold_and_left_always_add_up(initial, orders, redis_is_down):
    """Several carts per payment, several events per cart, with and without Redis (I1-I3, I6)."""
    shop = Pipeline()
    shop.redis.down = redis_is_down
    for product, units in zip(PRODUCTS, initial, strict=True):
        shop.memory.seed("stock", stock(product, available=units))

    for payment, items, repetition in orders:
        event = checkout_command(
            items=items, paymentId=f"pay-{payment}", event_id=f"evt-{payment}-{repetition}"
        )
        assert shop.deliver("commands", event)["statusCode"] in {200, 489}
        for product, units in zip(PRODUCTS, initial, strict=True):
            assert units == _left(shop, product) + _sold(shop, product)
            assert _left(shop, product) >= 0

    payments = [order["paymentId"] for order in shop.memory.all("orders")]
    assert len(payments) == len(set(payments))
    assert len(shop.outbox.of("order.created")) == len(payments)


def _left(shop: Pipeline, product: str) -> int:
    row: Any = shop.memory.get("stock", {"sku": product})
    return int(row["available"])


def _sold(shop: Pipeline, product: str) -> int:
    orders: Any = shop.memory.all("orders")
    return sum(
        int(item["quantity"])
        for order in orders
        for item in order["items"]
        if item["productId"] == product
    )
