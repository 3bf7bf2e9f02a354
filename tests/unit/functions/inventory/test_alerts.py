"""Low stock: one alert per fall to the threshold, judged by the shelf and never by a late event."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.strict_json import loads
from tests.builders import answer_of, envelope, stock
from tests.contracts.samples import sample
from tests.pipeline import Pipeline
from tests.unit.shared.faults import Faults


def moved(event_id: str, previous: int = 10, new: int = 9, **changes: Any) -> dict[str, Any]:
    """An ``inventory.stock.updated``."""
    payload = {
        "productId": "mug",
        "previousStock": previous,
        "newStock": new,
        "reason": "sale",
        **changes,
    }
    return envelope("inventory.stock.updated", payload, eventId=event_id)


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(available=10, threshold=2))
    return pipeline


def shelf(shop: Pipeline, **changes: Any) -> None:
    """Somebody sold or restocked; the alert stays as it is."""
    row: Any = shop.memory.get("stock", {"sku": "mug"})
    shop.memory.seed("stock", {**row, **changes})


def alerts(shop: Pipeline) -> int:
    return len(shop.outbox.of("inventory.stock.low"))


# ------------------------------------------------------------------ movements
def test_movement_is_kept_under_its_product_in_time_order(shop):
    sold = {"orderId": "ord_1", "delta": -2}

    assert shop.deliver("inventory", moved("evt-1", 10, 9, **sold))["statusCode"] == 200

    assert shop.memory.all("movements") == [
        {
            "sku": "mug",
            "movementId": "2026-03-01T12:00:00.000Z#evt-1",
            "reason": "sale",
            "delta": -2,
            "previousStock": 10,
            "newStock": 9,
            "orderId": "ord_1",
            "eventId": "evt-1",
        }
    ]


def test_movement_without_an_exact_delta_has_the_difference_that_was_seen(shop):
    shop.deliver("inventory", moved("evt-1", 3, 10, reason="restock"))

    (movement,) = shop.memory.all("movements")
    assert (movement["delta"], movement["reason"]) == (7, "restock")
    assert "orderId" not in movement


@pytest.mark.parametrize("with_redis", [True, False])
def test_movement_delivered_twice_is_kept_once(shop, with_redis):
    shop.redis.down = not with_redis
    for _ in range(3):
        assert shop.deliver("inventory", moved("evt-1"))["statusCode"] == 200

    assert len(shop.memory.all("movements")) == 1


def test_movement_does_not_move_the_stock_itself(shop):
    shop.deliver("inventory", moved("evt-1", 10, 3))

    row: Any = shop.memory.get("stock", {"sku": "mug"})
    assert row["available"] == 10


def test_movement_of_a_product_that_is_not_imported_yet_waits_for_the_import(shop):
    early = shop.deliver("inventory", moved("evt-1", productId="ghost"))
    assert early["statusCode"] == 503
    assert answer_of(early)["error"]["code"] == "awaiting_predecessor"
    assert shop.memory.all("movements") == []

    shop.memory.seed("stock", stock("ghost"))

    assert shop.deliver("inventory", moved("evt-1", productId="ghost"))["statusCode"] == 200
    assert [row["sku"] for row in shop.memory.all("movements")] == ["ghost"]


def test_repeated_movement_of_a_product_that_left_the_catalogue_is_a_duplicate(shop, monkeypatch):
    shop.redis.down = True
    shop.deliver("inventory", moved("evt-1"))
    get = shop.memory.get
    monkeypatch.setattr(
        shop.memory, "get", lambda table, key: None if table == "stock" else get(table, key)
    )

    again = shop.deliver("inventory", moved("evt-1"))

    assert (again["statusCode"], answer_of(again)["duplicate"]) == (200, True)


# ------------------------------------------------------------------ alerts
def test_fall_to_the_threshold_raises_one_alert(shop):
    shelf(shop, available=2)

    for number in range(5):
        shop.deliver("inventory", moved(f"evt-{number}"))

    (message,) = shop.outbox.of("inventory.stock.low")
    assert loads(message.body.encode(), max_bytes=10_000)["payload"] == {
        "productId": "mug",
        "currentStock": 2,
        "threshold": 2,
        "productName": "Mug",
    }
    assert [m.name for m in shop.telemetry.measures] == ["LowStockAlerts"]


def test_stock_above_the_threshold_raises_none(shop):
    shelf(shop, available=3)

    shop.deliver("inventory", moved("evt-1", 3, 0))

    assert alerts(shop) == 0


def test_stale_event_that_speaks_of_little_stock_raises_no_alert_on_a_full_shelf(shop):
    shop.deliver("inventory", moved("evt-1", 1, 0))

    assert alerts(shop) == 0


def test_restock_arms_the_alert_again(shop):
    for number, available in enumerate([2, 50, 2, 1, 4, 0]):
        shelf(shop, available=available)
        shop.deliver("inventory", moved(f"evt-{number}"))

    assert alerts(shop) == 3


def test_shelf_that_swings_around_the_threshold_alerts_once(shop):
    for number, available in enumerate([2, 3, 2, 3, 0, 3, 1]):
        shelf(shop, available=available)
        shop.deliver("inventory", moved(f"evt-{number}"))

    assert alerts(shop) == 1


def test_shelf_that_fell_from_clearly_above_while_it_was_to_be_armed_is_not_armed(shop):
    """Still above the threshold when it is written, but not clearly any more."""
    shelf(shop, available=4, alert="raised")
    faults = Faults()

    def watch(name: str) -> None:
        if name == "tables.transact":
            faults.watch = lambda _: None
            shelf(shop, available=3)

    faults.watch = watch
    shop.tables = faults.wrap("tables", shop.memory)

    assert shop.deliver("inventory", moved("evt-1"))["statusCode"] == 200

    row: Any = shop.memory.get("stock", {"sku": "mug"})
    assert row["alert"] == "raised"


def test_event_delivered_again_after_a_restock_raises_nothing(shop):
    shelf(shop, available=2)
    low = moved("evt-1", 3, 2)
    shop.deliver("inventory", low)
    shelf(shop, available=50)
    shop.deliver("inventory", moved("evt-2", 2, 50, reason="restock"))
    shelf(shop, available=1)
    shop.redis.flush()

    assert answer_of(shop.deliver("inventory", low))["duplicate"] is True
    assert alerts(shop) == 1


@pytest.mark.parametrize(("now", "expected"), [(2, 1), (1, 1), (50, 0)])
def test_shelf_that_changes_while_the_alert_is_decided_is_judged_again(shop, now, expected):
    """Another run raises the alert, or a restock comes, between reading and writing."""
    shelf(shop, available=2)
    faults = Faults()

    def watch(name: str) -> None:
        if name == "tables.transact":
            faults.watch = lambda _: None
            shelf(shop, available=now)

    faults.watch = watch
    shop.tables = faults.wrap("tables", shop.memory)

    assert shop.deliver("inventory", moved("evt-1"))["statusCode"] == 200

    assert alerts(shop) == expected
    assert len(shop.memory.all("movements")) == 1


def test_shelf_that_falls_again_while_it_is_armed_stays_as_it_was(shop):
    """The restock was sold between reading and writing: nobody saw it above the threshold."""
    shelf(shop, available=50, alert="raised")
    faults = Faults()

    def watch(name: str) -> None:
        if name == "tables.transact":
            faults.watch = lambda _: None
            shelf(shop, available=1)

    faults.watch = watch
    shop.tables = faults.wrap("tables", shop.memory)

    assert shop.deliver("inventory", moved("evt-1"))["statusCode"] == 200

    row: Any = shop.memory.get("stock", {"sku": "mug"})
    assert row["alert"] == "raised"
    assert alerts(shop) == 0
    assert len(shop.memory.all("movements")) == 1


def test_two_sales_across_the_threshold_at_once_raise_one_alert(shop):
    shelf(shop, available=1)
    faults = Faults()

    def watch(name: str) -> None:
        if name == "tables.transact":
            faults.watch = lambda _: None
            shop.deliver("inventory", moved("evt-2"))

    faults.watch = watch
    shop.tables = faults.wrap("tables", shop.memory)

    shop.deliver("inventory", moved("evt-1"))

    assert alerts(shop) == 1
    assert len(shop.memory.all("movements")) == 2


steps = st.lists(
    st.tuples(st.just("stock"), st.integers(0, 16))
    | st.tuples(st.just("event"), st.integers(0, 9)),
    max_size=30,
)


@given(steps, st.sampled_from([(0, 2), (2, 4), (8, 10), (12, 15)]), st.booleans())
def test_alerts_are_the_falls_that_were_seen_whatever_the_order_of_events(
    script, levels, redis_is_down
):
    """Stock changes and deliveries, late, repeated and out of order (I22): an alert is a shelf
    seen at its threshold or below, after one seen at its rearm level or above."""
    threshold, clearly_above = levels
    shop = Pipeline()
    shop.redis.down = redis_is_down
    shop.memory.seed("stock", stock(available=16, threshold=threshold))
    available, armed, falls, seen = 16, True, 0, set()

    for kind, number in script:
        if kind == "stock":
            available = number
            shelf(shop, available=available)
            continue
        shop.deliver("inventory", moved(f"evt-{number}", 10 - number, number))
        if number not in seen:
            falls += armed and available <= threshold
            armed = available > threshold and (armed or available >= clearly_above)
            seen.add(number)

    row: Any = shop.memory.get("stock", {"sku": "mug"})
    assert alerts(shop) == falls
    assert (row["alert"] == "armed") is armed
    assert len(shop.memory.all("movements")) == len(seen)


# ------------------------------------------------------------------ telling the shop
def test_an_alert_tells_what_the_row_says_now_and_not_what_the_event_claims(shop):
    """Any program that may publish could have our shop mail its words (S31)."""
    event = sample("inventory.stock.low")
    claims = {"productName": "Visit evil.example", "currentStock": 0, "threshold": 99}
    shop.memory.seed(
        "stock", stock("shirt#red-m", productId="shirt", name="T-Shirt", available=1, threshold=2)
    )

    shop.deliver("inventory", event | {"payload": event["payload"] | claims})

    mail, audit = (loads(m.body.encode(), max_bytes=10_000) for m in shop.outbox.messages)
    assert mail["payload"]["subject"] == "Low stock - T-Shirt"
    assert mail["payload"]["templateData"] == {
        "productName": "T-Shirt",
        "sku": "shirt#red-m",
        "currentStock": 1,
        "threshold": 2,
    }
    assert audit["payload"]["newState"]["currentStock"] == 1


@pytest.mark.parametrize(
    ("available", "alert", "mails"),
    [
        (10, "armed", 0),
        (3, "armed", 0),
        (10, "", 0),
        (2, "armed", 1),
        (0, "", 1),
        (2, "raised", 1),
        (3, "raised", 1),
        (10, "raised", 1),
    ],
)
def test_whether_a_product_runs_low_is_what_its_row_says(shop, available, alert, mails):
    """An event that claims it of a full one mails nothing, and no fall that was seen goes untold."""
    event = sample("inventory.stock.low")
    claims = {"productId": "mug", "variationId": None, "currentStock": 0, "threshold": 99}
    strange = event | {"causationId": None, "payload": event["payload"] | claims}
    shelf(shop, available=available, alert=alert)

    answer = shop.deliver("inventory", strange)

    assert answer["statusCode"] == 200
    assert len(shop.outbox.of("notification.email")) == mails
    assert len(shop.outbox.of("analytics.audit")) == mails


def test_an_alert_of_ours_is_in_the_trail_though_units_came_before_its_mail(shop):
    shelf(shop, available=2)
    shop.deliver("inventory", moved("evt-fall"))
    shelf(shop, available=9)
    shop.deliver("inventory", moved("evt-rise", 2, 9, reason="restock"))

    assert {status for _, status in shop.drain()} == {200}

    assert not shop.mailer.sent, "9 left is not low"
    trail = [
        loads(m.body.encode(), max_bytes=10_000)["payload"]
        for m in shop.outbox.of("analytics.audit")
    ]
    (low,) = [entry for entry in trail if entry["action"] == "stock.low"]
    assert low["newState"]["currentStock"] == 2


@given(st.integers(0, 50), st.integers(0, 50), st.sampled_from(["armed", "raised", ""]))
def test_no_alert_tells_of_numbers_that_the_row_does_not_have(available, threshold, alert):
    shop = Pipeline()
    row = stock(available=available, threshold=threshold, alert=alert)
    shop.memory.seed("stock", row)
    event = sample("inventory.stock.low")
    claims = {"productId": "mug", "variationId": None, "currentStock": 77, "threshold": 88}

    shop.deliver("inventory", event | {"payload": event["payload"] | claims})

    told = [loads(m.body.encode(), max_bytes=10_000) for m in shop.outbox.of("notification.email")]
    assert len(told) == (available <= threshold or alert == "raised")
    for mail in told:
        data = mail["payload"]["templateData"]
        assert (data["currentStock"], data["threshold"]) == (available, threshold)


def test_an_alert_about_no_product_of_ours_waits_for_its_import(shop):
    answer = shop.deliver("inventory", sample("inventory.stock.low"))

    assert answer["statusCode"] == 503
    assert answer_of(answer)["error"]["code"] == "awaiting_predecessor"
    assert not shop.outbox.messages


def test_alert_mails_the_shop_and_the_audit_trail(shop):
    shop.memory.seed(
        "stock", stock("shirt#red-m", productId="shirt", name="T-Shirt", available=2, threshold=2)
    )
    shop.deliver("inventory", sample("inventory.stock.low"))

    mail, audit = (loads(m.body.encode(), max_bytes=10_000) for m in shop.outbox.messages)
    assert mail["payload"]["to"] == "stock@shop.example"
    assert mail["payload"]["templateId"] == "low-stock-alert"
    assert mail["payload"]["templateData"] == {
        "productName": "T-Shirt",
        "sku": "shirt#red-m",
        "currentStock": 2,
        "threshold": 2,
    }
    assert (audit["payload"]["action"], audit["payload"]["entityType"]) == ("stock.low", "stock")


def test_whole_alert_reaches_the_shops_mailbox_once(shop):
    shelf(shop, available=2, price=Decimal("12.50"))
    shop.deliver("inventory", moved("evt-1"))

    assert {status for _, status in shop.drain()} == {200}

    (mail,) = shop.mailer.sent
    assert (mail.to, mail.subject) == ("stock@shop.example", "Low stock - Mug")
    assert "2 left of Mug (mug)" in mail.text


HIDDEN = "\u202e\u2066\u200b\u200e\ufeff\u2028\x85"


def test_name_with_something_invisible_on_the_shelf_is_an_alert_without_it(shop):
    shelf(shop, name=f"Mug {HIDDEN}gpj.exe", available=2)

    assert shop.deliver("inventory", moved("evt-1"))["statusCode"] == 200

    assert {status for _, status in shop.drain()} == {200}
    (mail,) = shop.mailer.sent
    assert "gpj. exe" in mail.subject
    assert not set(mail.subject + mail.text + mail.html) & set(HIDDEN)
    told = [loads(m.body.encode(), max_bytes=10_000)["payload"] for m in shop.outbox.messages]
    assert not set("".join(str(value) for value in _values(told))) & set(HIDDEN)


def _values(data: Any) -> list[Any]:
    if isinstance(data, dict):
        data = list(data.values())
    return [v for child in data for v in _values(child)] if isinstance(data, list) else [data]
