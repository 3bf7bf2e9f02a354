"""A parcel gets another number: the customer follows the right one, whatever order the news has."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.functions.orders.test_lifecycle import order, shop_with, step

FIRST = {"carrier": "Parcel Co", "trackingNumber": "PC-1"}
PAGE = "https://parcel.example/PC-1"


def told(minute: int, **facts: Any) -> dict[str, Any]:
    """An announcement written at that minute."""
    event = step("order.shipped", **{"carrier": None, "trackingNumber": None, **facts})
    event["payload"] = {name: v for name, v in event["payload"].items() if v is not None}
    return event | {"timestamp": f"2026-03-02T12:{minute:02d}:00.000Z"}


@pytest.fixture
def shop():
    pipeline = shop_with("CONFIRMED")
    pipeline.deliver("orders", told(0, **FIRST, trackingUrl=PAGE))
    return pipeline


def mails(shop) -> list[dict[str, Any]]:
    return emitted(shop, "notification.email")


def emitted(shop, event_type: str) -> list[dict[str, Any]]:
    return [json.loads(message.body)["payload"] for message in shop.outbox.of(event_type)]


def tracking(shop) -> tuple[Any, ...]:
    row = order(shop)
    return row.get("carrier"), row.get("trackingNumber"), row.get("trackingUrl")


def test_another_number_is_stored_and_the_customer_hears_of_it(shop):
    shop.deliver("orders", told(5, carrier="Parcel Co", trackingNumber="PC-2"))

    assert tracking(shop) == ("Parcel Co", "PC-2", None)
    assert order(shop)["status"] == "SHIPPED"
    (_, mail) = mails(shop)
    assert mail["templateId"] == "order-shipped"
    assert mail["templateData"]["trackingNumber"] == "PC-2"
    assert "trackingUrl" not in mail["templateData"]


def test_the_audit_trail_tells_the_old_and_the_new(shop):
    shop.deliver("orders", told(5, trackingNumber="PC-2"))

    (_, entry) = emitted(shop, "analytics.audit")
    assert entry["action"] == "order.shipped.corrected"
    assert entry["previousState"] == {"status": "SHIPPED", **FIRST, "trackingUrl": PAGE}
    assert entry["newState"] == {"status": "SHIPPED", **FIRST, "trackingNumber": "PC-2"}


@pytest.mark.parametrize("facts", [{}, FIRST, {"trackingNumber": "PC-1"}, {"trackingUrl": PAGE}])
def test_what_is_known_already_changes_nothing(shop, facts):
    before = tracking(shop)

    shop.deliver("orders", told(5, **facts))

    assert tracking(shop) == before
    assert len(mails(shop)) == 1


def test_a_page_that_comes_later_is_added(shop):
    url = "https://parcel.example/new"

    shop.deliver("orders", told(5, trackingUrl=url))

    assert tracking(shop) == ("Parcel Co", "PC-1", url)


@pytest.mark.parametrize("minute", [0, -1])
def test_news_that_is_older_than_what_is_known_changes_nothing(minute):
    shop = shop_with("CONFIRMED")
    shop.deliver("orders", told(1, trackingNumber="PC-2"))

    shop.deliver("orders", told(1 + minute, trackingNumber="PC-1"))

    assert order(shop)["trackingNumber"] == "PC-2"
    assert len(mails(shop)) == 1


@pytest.mark.parametrize("status", ["DELIVERED", "CANCELLED"])
def test_an_order_that_is_past_it_is_not_corrected(status):
    shop = shop_with(status)

    shop.deliver("orders", told(5, trackingNumber="PC-2"))

    assert "trackingNumber" not in order(shop)
    assert mails(shop) == []


def test_an_order_from_before_its_row_said_when_takes_a_correction():
    shop = shop_with("SHIPPED")

    shop.deliver("orders", told(5, trackingNumber="PC-2"))

    assert order(shop)["trackingNumber"] == "PC-2"


@given(order_of_news=st.permutations([1, 2, 3, 4]), again=st.lists(st.integers(0, 3), max_size=4))
def test_the_newest_number_counts_in_whatever_order_the_news_arrives(order_of_news, again):
    shop = shop_with("CONFIRMED")
    news = [told(minute, trackingNumber=f"PC-{minute}") for minute in order_of_news]

    for event in [*news, *(news[i] for i in again)]:
        assert shop.deliver("orders", event)["statusCode"] == 200

    assert order(shop)["trackingNumber"] == "PC-4"
    # Each delivery that was newer than all before it told the customer once, and no other did.
    records = sum(m > max(order_of_news[:i], default=0) for i, m in enumerate(order_of_news))
    assert len(mails(shop)) == records


def test_any_number_of_corrections_leaves_room_for_the_next_step(shop):
    for minute, second in itertools.product(range(1, 3), range(60)):
        event = told(minute, trackingNumber=f"PC-{minute}-{second}")
        event["timestamp"] = f"2026-03-02T12:{minute:02d}:{second:02d}.000Z"
        shop.deliver("orders", event)

    row = order(shop)
    assert len(row["timeline"]) + len(row["timelineNewest"]) < 50
    assert shop.deliver("orders", step("order.delivered"))["statusCode"] == 200
    assert order(shop)["status"] == "DELIVERED"
