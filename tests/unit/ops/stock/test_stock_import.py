"""A catalogue is brought in product by product: what differs, once, and carried on after a crash."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.stock.catalogue_diff import summary_of
from ops.stock.catalogue_file import parse
from ops.stock.view import changes, summary
from tests.builders import checkout_payload, line, stock
from tests.unit.functions.stock_reading import payloads
from tests.unit.ops.stock.stock_shop import StockShop

HEADER = "sku,name,price,available,threshold\n"
FILE = HEADER + "mug,Mug,12.50,10,2\ncup#red,Cup,4,0,1\njar,Jar,9.90,,\n"


@pytest.fixture
def shop() -> StockShop:
    return StockShop()


def stored(shop: StockShop) -> dict[str, Any]:
    """Every table but what only counts time."""
    return {name: shop.memory.all(name) for name in ("stock", "ledger", "movements", "audit")}


def test_new_products_are_made_with_their_first_units_as_a_movement(shop):
    found = shop.bring_in(FILE)
    shop.drain()

    assert (summary_of(found).new, summary_of(found).units) == (3, 10)
    row = shop.row("cup#red")
    assert (row["productId"], row["variationId"], row["price"]) == ("cup", "red", 4)
    assert (row["alert"], shop.row("mug")["alert"]) == ("raised", "armed")
    assert (shop.row("jar")["available"], shop.row("jar")["threshold"]) == (0, 0)
    assert (shop.deltas("mug"), shop.deltas("cup#red")) == ([("restock", 10)], [])
    assert {a["action"] for a in payloads(shop, "analytics.audit")} == {"catalogue.created"}
    assert payloads(shop, "inventory.stock.low") == []
    assert shop.broken_promises() == set()


def test_a_second_import_of_the_same_file_changes_nothing(shop):
    shop.bring_in(FILE)
    shop.drain()
    before, sent = stored(shop), shop.outbox.ids()

    found = shop.bring_in(FILE)

    assert summary_of(found).unchanged == 3
    assert (stored(shop), shop.outbox.ids()) == (before, sent)


def test_a_second_import_does_not_bring_back_what_was_sold_since(shop):
    shop.bring_in(FILE)
    shop.checkout(checkout_payload(items=[line(quantity=4)]))
    shop.drain()

    again = shop.bring_in(FILE)
    assert (shop.row("mug")["available"], summary_of(again).counted_before) == (6, 1)
    assert "--key" in summary(summary_of(again))

    shop.clock.advance(1)
    shop.bring_in(FILE, key="a-new-count")
    shop.drain()
    assert shop.row("mug")["available"] == 10
    assert shop.deltas("mug")[-1] == ("adjustment", 4)
    assert shop.broken_promises() == set()


def test_a_count_that_was_right_is_applied_too_and_not_again_after_a_sale(shop):
    shop.memory.seed("stock", stock())
    shop.bring_in(HEADER + "mug,Mug,12.50,10,2\n")
    shop.checkout(checkout_payload(items=[line(quantity=4)]))
    shop.drain()

    shop.bring_in(HEADER + "mug,Mug,12.50,10,2\n")

    assert shop.row("mug")["available"] == 6


def test_what_differs_is_changed_told_and_nothing_else(shop):
    shop.memory.seed("stock", stock(reserved=3), stock("cup"), stock("jar"))
    text = HEADER + "mug,Big mug,13,8,4\ncup,Cup,12.50,,2\njar,Jar,12.50,,\n"

    seen = list(shop.importer().look(parse(text.encode())))
    assert [tuple(change.fields()) for change in seen] == [
        (
            ("name", "Mug", "Big mug"),
            ("price", "12.50", "13.00"),
            ("threshold", "2", "4"),
            ("stock", "10", "8 (-2)"),
        ),
        (),
        (),
    ]
    assert shop.row("mug") == stock(reserved=3)
    shop.bring_in(text)
    shop.drain()

    row = shop.row("mug")
    assert (row["name"], row["price"], row["available"], row["reserved"], row["threshold"]) == (
        "Big mug",
        13,
        8,
        3,
        4,
    )
    [audit] = payloads(shop, "analytics.audit")
    assert audit["previousState"] == {
        "name": "Mug",
        "price": Decimal("12.5"),
        "available": 10,
        "threshold": 2,
    }
    assert shop.deltas("mug") == [("adjustment", -2)]
    assert (shop.deltas("cup"), shop.deltas("jar")) == ([], [])


@pytest.mark.parametrize(
    ("before", "threshold", "alerts", "after"),
    [("armed", 10, 1, "raised"), ("raised", 3, 0, "armed")],
)
def test_a_new_threshold_is_looked_at_at_once(shop, before, threshold, alerts, after):
    shop.memory.seed("stock", stock(alert=before))

    shop.bring_in(HEADER + f"mug,Mug,12.50,,{threshold}\n")
    shop.drain()

    assert len(payloads(shop, "inventory.stock.low")) == alerts
    assert shop.row("mug")["alert"] == after
    assert shop.deltas("mug") == [("adjustment", 0)]


# ------------------------------------------------------------------ what is printed
def test_the_plan_is_a_table_with_nothing_for_the_terminal_to_obey(shop):
    shop.memory.seed("stock", stock(name="Mug\x1b[2J"))
    seen = list(shop.importer().look(parse((HEADER + "mug,Mug,13,,\ncup,Cup,1,3,\n").encode())))

    printed = changes(seen)

    assert printed.splitlines()[2:] == [
        "2     mug  name   Mug\\x1b[2J  Mug",
        "2     mug  price  12.50       13.00",
        "3     cup  new                Cup, 1.00, 3 units, threshold 0",
    ]
    assert summary(summary_of(seen)) == (
        "2 products: 1 new, 1 changed (1 name, 1 price), 0 unchanged; +3 units"
    )


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers(0, 3)), max_size=6)
)
def test_whatever_is_imported_every_unit_is_a_movement(script):
    shop = StockShop()
    for number, (sku, available, threshold) in enumerate(script):
        shop.clock.advance(1)
        shop.bring_in(f"{HEADER}{sku},Name,1,{available},{threshold}\n", key=f"file-{number}")
        shop.drain()
        assert shop.row(sku)["available"] == available

    for row in shop.memory.all("stock"):
        assert sum(delta for _, delta in shop.deltas(str(row["sku"]))) == row["available"]
    assert shop.broken_promises() == set()
