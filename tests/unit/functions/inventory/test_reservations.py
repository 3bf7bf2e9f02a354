"""A hold is kept line by line, and its shelves are looked at as after a sale."""

from typing import Any

import pytest

from tests.builders import answer_of, envelope, release_command, reserve_command, stock, units
from tests.pipeline import Pipeline
from tests.unit.functions.stock_reading import payloads, shelf


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(threshold=4), stock("cup", available=3, threshold=1))
    return pipeline


def verdict(*items: dict[str, Any], granted: bool = True, **changes: Any) -> dict[str, Any]:
    """An ``inventory.stock.reserved``."""
    lines = [{**item, "reserved": granted} for item in items]
    payload = {"orderId": "ord_1", "items": lines}
    return envelope("inventory.stock.reserved", payload, source="orders-service", **changes)


def alert(shop: Pipeline, sku: str = "mug") -> Any:
    row: Any = shop.memory.get("stock", {"sku": sku})
    return row["alert"]


def test_every_line_is_a_movement_of_nothing_with_its_verdict(shop):
    shop.deliver("commands", reserve_command(items=[units("mug", 2), units("cup")]))
    shop.drain()

    rows = sorted(shop.memory.all("movements"), key=lambda row: str(row["sku"]))
    assert [(m["sku"], m["reason"], m["delta"], m["quantity"], m["reserved"]) for m in rows] == [
        ("cup", "hold", 0, 1, True),
        ("mug", "hold", 0, 2, True),
    ]
    assert {row["orderId"] for row in rows} == {"ord_1"}


def test_a_refusal_is_kept_too_even_of_a_product_that_does_not_exist(shop):
    shop.deliver("commands", reserve_command(items=[units("mug", 2), units("unheard-of")]))
    assert {status for _, status in shop.drain()} == {200}

    rows = shop.memory.all("movements")
    assert {(m["sku"], m["reserved"]) for m in rows} == {("mug", False), ("unheard-of", False)}
    assert alert(shop) == "armed"


def test_lines_of_one_product_are_kept_each(shop):
    event = verdict(units("mug", 2), units("mug", 3))

    assert shop.deliver("inventory", event)["statusCode"] == 200

    assert sorted(int(str(m["quantity"])) for m in shop.memory.all("movements")) == [2, 3]


def test_a_hold_that_empties_shelves_raises_one_alert_for_each(shop):
    shop.deliver("commands", reserve_command(items=[units("mug", 6), units("cup", 2)]))
    shop.drain()

    lows = payloads(shop, "inventory.stock.low")
    assert [(p["productId"], p["currentStock"]) for p in lows] == [("mug", 4), ("cup", 1)]
    assert (alert(shop), alert(shop, "cup")) == ("raised", "raised")
    measured = [m.value for m in shop.telemetry.measures if m.name == "LowStockAlerts"]
    assert measured == [2]


def test_units_that_come_back_arm_the_alert_for_the_next_fall(shop):
    for number in range(2):
        hold = reserve_command(items=[units("mug", 6)], event_id=f"evt-hold-{number}")
        shop.deliver("commands", hold)
        shop.drain()
        assert alert(shop) == "raised"
        shop.deliver("commands", release_command(event_id=f"evt-release-{number}"))
        shop.drain()
        assert (shelf(shop), alert(shop)) == ((10, 0), "armed")

    assert len(payloads(shop, "inventory.stock.low")) == 2


def test_a_late_verdict_arms_and_raises_by_the_shelf_as_it_is(shop):
    shop.memory.seed("stock", stock(threshold=4, available=9, alert="raised"))

    shop.deliver("inventory", verdict(units("mug", 6)))

    assert alert(shop) == "armed"
    (told,) = payloads(shop, "analytics.audit")
    assert told["action"] == "stock.rearmed"
    assert (told["previousState"]["alert"], told["newState"]["alert"]) == ("raised", "armed")
    assert len(shop.outbox.messages) == 1


def test_the_same_verdict_twice_is_kept_once(shop):
    shop.redis.down = True
    for _ in range(2):
        assert shop.deliver("inventory", verdict(units("mug", 6)))["statusCode"] == 200

    assert len(shop.memory.all("movements")) == 1


def test_more_lines_than_one_transaction_takes_are_refused_for_good(shop):
    event = verdict(*(units(f"p{n}") for n in range(46)))

    response = shop.deliver("inventory", event)

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["field"] == "payload.items"


def test_forty_five_lines_that_all_raise_an_alert_fit_into_one_transaction(shop):
    shop.memory.seed("stock", *(stock(f"p{n}", available=1, threshold=2) for n in range(45)))

    response = shop.deliver("inventory", verdict(*(units(f"p{n}") for n in range(45))))

    assert response["statusCode"] == 200
    assert len(payloads(shop, "inventory.stock.low")) == 45
