"""Imports among sales, other imports and crashes: what the file says, once."""

from decimal import Decimal
from typing import Any

import pytest

from ops.stock.catalogue_file import parse
from shared.kernel.errors import ContentionError, DependencyError
from tests.builders import checkout_payload, line, stock
from tests.unit.functions.stock_reading import payloads
from tests.unit.ops.stock.stock_shop import StockShop, interrupted
from tests.unit.shared.faults import Faults, Killed

HEADER = "sku,name,price,available,threshold\n"
FILE = HEADER + "mug,Mug,12.50,10,2\ncup#red,Cup,4,0,1\njar,Jar,9.90,,\n"


@pytest.fixture
def shop() -> StockShop:
    return StockShop()


# ------------------------------------------------------------------ others at work


def test_a_sale_between_looking_and_writing_makes_it_look_again(shop):
    shop.memory.seed("stock", stock())

    def sell() -> None:
        shop.checkout(checkout_payload(items=[line(quantity=4)]))
        shop.drain()

    [change] = shop.bring_in(HEADER + "mug,Mug,12.50,9,2\n", tables=interrupted(shop, sell))
    shop.drain()

    assert change.delta == 3
    assert shop.row("mug")["available"] == 9


def test_a_price_alone_is_changed_however_fast_the_shelf_sells(shop):
    shop.memory.seed("stock", stock())

    def sell() -> None:
        shop.checkout(checkout_payload(items=[line(quantity=4)]))
        shop.drain()

    tables = interrupted(shop, sell)
    shop.bring_in(HEADER + "mug,Mug,13,,\n", tables=tables)

    assert (shop.row("mug")["price"], shop.row("mug")["available"]) == (13, 6)
    assert shop.clock.slept == []


def test_a_count_that_was_right_until_a_sale_came_is_counted_again(shop):
    shop.memory.seed("stock", stock())

    def sell() -> None:
        shop.checkout(checkout_payload(items=[line(quantity=4)]))
        shop.drain()

    shop.bring_in(HEADER + "mug,Mug,12.50,10,2\n", tables=interrupted(shop, sell))

    assert shop.row("mug")["available"] == 10


def test_the_audit_trail_names_the_price_that_was_there_last(shop):
    shop.memory.seed("stock", stock())
    theirs = HEADER + "mug,Mug,11,,\n"

    tables = interrupted(shop, lambda: shop.bring_in(theirs, key="theirs"))
    shop.bring_in(HEADER + "mug,Mug,13,,\n", tables=tables)

    told = [(a["previousState"]["price"], a["newState"]["price"]) for a in _audits(shop)]
    assert told == [(Decimal("12.5"), 11), (11, 13)]


def _audits(shop: StockShop) -> list[Any]:
    return payloads(shop, "analytics.audit")


def test_two_imports_of_one_file_at_once_count_once(shop):
    shop.memory.seed("stock", stock())
    text = HEADER + "mug,Mug,12.50,15,2\n"

    shop.bring_in(text, tables=interrupted(shop, lambda: shop.bring_in(text)))
    shop.drain()

    assert shop.deltas("mug") == [("adjustment", 5)]
    assert shop.row("mug")["available"] == 15


def test_a_product_that_somebody_else_makes_in_this_moment_is_not_overwritten(shop):
    theirs = stock(available=3, reserved=1, price=Decimal("12.50"))

    shop.bring_in(
        HEADER + "mug,Mug,12.50,,\n",
        tables=interrupted(shop, lambda: shop.memory.seed("stock", theirs)),
    )

    assert shop.row("mug") == theirs


def test_a_shelf_that_never_stands_still_stops_the_import_by_its_line(shop):
    shop.memory.seed("stock", stock(available=100))
    faults = Faults()

    def watch(name: str) -> None:
        if name == "tables.transact":
            row = shop.row()
            shop.memory.seed("stock", {**row, "available": row["available"] - 1})

    faults.watch = watch

    with pytest.raises(ContentionError, match="line 2: others keep moving mug"):
        shop.bring_in(HEADER + "mug,Mug,12.50,5,2\n", tables=faults.wrap("tables", shop.memory))


# ------------------------------------------------------------------ crashes
@pytest.mark.parametrize("call", range(1, 4))
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("fault", [Killed, lambda: DependencyError("DynamoDB: timeout")])
def test_an_import_that_died_anywhere_is_carried_on_by_the_same_file(shop, call, moment, fault):
    faults = Faults({(call, moment): fault})
    with pytest.raises((Killed, DependencyError)):
        shop.bring_in(FILE, tables=faults.wrap("tables", shop.memory))
    shop.checkout(checkout_payload(items=[line(quantity=4)]))
    shop.drain()
    sold = 4 * len(shop.memory.all("orders"))

    shop.bring_in(FILE)
    _publish_what_is_pending(shop)
    shop.drain()

    assert shop.row("mug")["available"] == 10 - sold
    assert shop.deltas("mug").count(("restock", 10)) == 1
    assert {row["sku"] for row in shop.memory.all("stock")} == {"mug", "cup#red", "jar"}
    assert shop.broken_promises() == set()


def _publish_what_is_pending(shop: StockShop) -> None:
    ledger = shop.ledger()
    records = [ledger.find(str(r["eventId"])) for r in shop.memory.all("ledger")]
    assert ledger.publish([record for record in records if record is not None]) is None


def test_what_qstash_does_not_take_is_asked_of_it_once_and_left_to_the_reconciler(shop):
    shop.outbox.failing = True
    faults = Faults()
    shop.publisher = faults.wrap("publisher", shop.outbox)
    importer = shop.importer()
    rows = "".join(f"p{n},P,1,1,0\n" for n in range(50))

    list(importer.run(parse((HEADER + rows).encode())))

    assert importer.unpublished is not None
    assert faults.calls == ["publisher.publish"]
    owing = [row for row in shop.memory.all("ledger") if row["state"] == "committed"]
    assert len(owing) == 50
    shop.outbox.failing = False
    _publish_what_is_pending(shop)
    shop.drain()
    assert shop.broken_promises() == set()


def test_events_of_many_products_travel_together(shop):
    rows = "".join(f"p{n},P,1,1,0\n" for n in range(45))

    shop.bring_in(HEADER + rows)

    assert [len(batch) for batch in shop.outbox.batches] == [40, 40, 10]
