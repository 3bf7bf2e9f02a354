"""A catalogue is brought in product by product: what differs, once, and carried on after a crash."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.stock.catalogue_file import parse
from ops.stock.plan import summary_of
from ops.stock.showing import changes, summary
from shared.errors import ContentionError, DependencyError
from tests.builders import checkout_payload, line, stock
from tests.unit.functions.shelves import payloads
from tests.unit.ops.stock_shop import StockShop
from tests.unit.shared.faults import Faults, Killed

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


# ------------------------------------------------------------------ others at work
def _interrupted(shop: StockShop, deed: Any) -> Any:
    faults = Faults()

    def watch(name: str) -> None:
        if name == "tables.transact":
            faults.watch = lambda _: None
            deed()

    faults.watch = watch
    return faults.wrap("tables", shop.memory)


def test_a_sale_between_looking_and_writing_makes_it_look_again(shop):
    shop.memory.seed("stock", stock())

    def sell() -> None:
        shop.checkout(checkout_payload(items=[line(quantity=4)]))
        shop.drain()

    [change] = shop.bring_in(HEADER + "mug,Mug,12.50,9,2\n", tables=_interrupted(shop, sell))
    shop.drain()

    assert change.delta == 3
    assert shop.row("mug")["available"] == 9


def test_a_price_alone_is_changed_however_fast_the_shelf_sells(shop):
    shop.memory.seed("stock", stock())

    def sell() -> None:
        shop.checkout(checkout_payload(items=[line(quantity=4)]))
        shop.drain()

    tables = _interrupted(shop, sell)
    shop.bring_in(HEADER + "mug,Mug,13,,\n", tables=tables)

    assert (shop.row("mug")["price"], shop.row("mug")["available"]) == (13, 6)
    assert shop.clock.slept == []


def test_a_count_that_was_right_until_a_sale_came_is_counted_again(shop):
    shop.memory.seed("stock", stock())

    def sell() -> None:
        shop.checkout(checkout_payload(items=[line(quantity=4)]))
        shop.drain()

    shop.bring_in(HEADER + "mug,Mug,12.50,10,2\n", tables=_interrupted(shop, sell))

    assert shop.row("mug")["available"] == 10


def test_the_audit_trail_names_the_price_that_was_there_last(shop):
    shop.memory.seed("stock", stock())
    theirs = HEADER + "mug,Mug,11,,\n"

    tables = _interrupted(shop, lambda: shop.bring_in(theirs, key="theirs"))
    shop.bring_in(HEADER + "mug,Mug,13,,\n", tables=tables)

    told = [(a["previousState"]["price"], a["newState"]["price"]) for a in _audits(shop)]
    assert told == [(Decimal("12.5"), 11), (11, 13)]


def _audits(shop: StockShop) -> list[Any]:
    return payloads(shop, "analytics.audit")


def test_two_imports_of_one_file_at_once_count_once(shop):
    shop.memory.seed("stock", stock())
    text = HEADER + "mug,Mug,12.50,15,2\n"

    shop.bring_in(text, tables=_interrupted(shop, lambda: shop.bring_in(text)))
    shop.drain()

    assert shop.deltas("mug") == [("adjustment", 5)]
    assert shop.row("mug")["available"] == 15


def test_a_product_that_somebody_else_makes_in_this_moment_is_not_overwritten(shop):
    theirs = stock(available=3, reserved=1, price=Decimal("12.50"))

    shop.bring_in(
        HEADER + "mug,Mug,12.50,,\n",
        tables=_interrupted(shop, lambda: shop.memory.seed("stock", theirs)),
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
    books = shop.books()
    records = [books.find(str(r["eventId"])) for r in shop.memory.all("ledger")]
    assert books.publish([record for record in records if record is not None]) is None


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
