"""A row that makes no sense is told by its key, and every command serves the others (S33).

Whatever is printed of a row holds still on a terminal (S19).
"""

import json
import unicodedata
from typing import Any

import pytest

from ops.__main__ import main
from ops.core import connection
from ops.stock import cli as stock_cli
from ops.stock.catalogue_file import parse
from shared.adapters.attributes import from_attributes
from shared.storage.schema import TABLES
from tests.builders import checkout_payload, dead_letter_row, line, order_row, stock
from tests.pipeline import no_parameters
from tests.unit.ops.audit.test_run import Memory
from tests.unit.ops.stock.stock_shop import StockShop

SET: Any = from_attributes({"a": {"SS": ["x"]}})["a"]
BYTES: Any = from_attributes({"a": {"M": {"b": {"L": [{"B": b"\x00"}]}}}})["a"]
HOSTILE = 'x\x1b[2J\x9b1m\u2028\u2029\u202e\u200b\x00\n=HYPERLINK("http://x")'
PLACES = pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "middle", "last"])


@pytest.fixture
def shop(monkeypatch) -> StockShop:
    """The commands find this shop's tables as their stage."""
    shop = StockShop()
    tables: Any = shop.memory
    opened = connection.Connection(
        stage="test",
        tables=tables,
        table_names={},
        publisher=shop.publisher,
        clock=shop.clock,
        read_parameters=no_parameters,
    )
    monkeypatch.setattr(connection, "connect", lambda _options: opened)
    return shop


def row_of(table: str, number: int) -> dict[str, Any]:
    at = f"2026-03-01T12:00:0{number}.000Z"
    match table:
        case "dead_letters":
            return dead_letter_row(f"row-{number}", lastFailedAt=at)
        case "checkouts":
            refund = {"refundStatus": "requested", "refundAmount": 5, "refundReason": "r"}
            return {
                "orderId": f"row-{number}",
                "paymentId": f"pay-{number}",
                "refundRequestedAt": at,
                **refund,
            }
        case "notifications":
            return {
                "id": f"row-{number}",
                "attention": "unknown",
                "to": "a@example.com",
                "subject": "s",
                "templateId": "t",
                "updatedAt": at,
                "event": "{}",
            }
        case "movements":
            return {"sku": "mug", "movementId": f"{at}#row-{number}", "reason": "sale", "delta": 1}
        case "audit":
            return {
                "entity": "stock#mug",
                "entryId": f"{at}#row-{number}",
                "at": at,
                "entityType": "stock",
                "entityId": "mug",
                "action": f"did.{number}",
                "eventId": f"row-{number}",
            }
    raise AssertionError(table)


def seeded(shop: StockShop, table: str, place: int, odd: dict[str, Any]) -> None:
    for number in range(3):
        changes = odd if number == place else {}
        row = {**row_of(table, number), **changes}
        shop.memory.seed(table, {name: value for name, value in row.items() if value is not None})


LISTINGS: list[tuple[list[str], str, dict[str, Any]]] = [
    (["dead-letters", "list"], "dead_letters", {"attempts": "many"}),
    (["dead-letters", "list", "--groups"], "dead_letters", {"cause": None}),
    (["dead-letters", "list"], "dead_letters", {"kind": "weird"}),
    (["dead-letters", "list"], "dead_letters", {"history": [7]}),
    (["dead-letters", "list"], "dead_letters", {"error": SET}),
    (["refunds", "list"], "checkouts", {"refundAmount": "much"}),
    (["refunds", "list"], "checkouts", {"paymentId": None}),
    (["refunds", "list"], "checkouts", {"command": BYTES}),
    (["refunds", "list", "--json"], "checkouts", {"refundReason": None}),
    (["mail", "list"], "notifications", {"to": None}),
    (["mail", "list"], "notifications", {"event": SET}),
    (["stock", "show", "mug"], "movements", {"delta": "some"}),
    (["stock", "show", "mug"], "movements", {"reason": BYTES}),
    (["history", "stock", "mug"], "audit", {"action": None}),
    (["history", "stock", "mug"], "audit", {"metadata": "text"}),
    (["history", "stock", "mug", "--json"], "audit", {"newState": [1]}),
    (["history", "stock", "mug", "--json"], "audit", {"previousState": BYTES}),
]


@PLACES
@pytest.mark.parametrize(("arguments", "table", "odd"), LISTINGS)
def test_an_odd_row_is_told_and_the_others_are_listed(shop, capsys, arguments, table, odd, place):
    shop.memory.seed("stock", stock())
    seeded(shop, table, place, odd)

    assert main(arguments) == 1

    captured = capsys.readouterr()
    [told] = captured.err.splitlines()
    assert told.startswith(f"{table}: ")
    assert f"row-{place} cannot be read: " in told
    if "--groups" not in arguments:
        shown = {"audit": "did.{}", "movements": "2026-03-01T12:00:0{}", "checkouts": "pay-{}"}
        name = shown.get(table, "row-{}")
        assert [name.format(n) in captured.out for n in range(3)] == [n != place for n in range(3)]


@pytest.mark.parametrize(
    ("odd", "says"), [(SET, "error is or holds a set of texts"), (BYTES, "error is or holds bytes")]
)
def test_the_attribute_that_cannot_be_read_is_named(shop, capsys, odd, says):
    seeded(shop, "dead_letters", 1, {"error": odd})

    main(["dead-letters", "list"])

    assert f"row-1 cannot be read: {says}" in capsys.readouterr().err


def test_a_stock_row_that_cannot_be_read_hides_no_sku(capsys):
    rows = [stock("cup"), stock("odd", available="many"), stock("set", name=SET), stock("mug")]
    source = Memory({"stock": rows}, StockShop().clock)

    assert stock_cli.tell(source, only_low=False) == 1

    captured = capsys.readouterr()
    assert "cup" in captured.out
    assert "mug" in captured.out
    assert captured.err.splitlines() == [
        "stock: odd cannot be read: InvalidOperation"
        if "InvalidOperation" in captured.err
        else "stock: odd cannot be read: ValueError",
        "stock: set cannot be read: name is or holds a set of texts",
    ]


def test_an_import_brings_in_every_product_but_the_one_that_cannot_be_read(shop):
    shop.memory.seed("stock", stock("mug"), stock("odd", price="much"), stock("cup"))
    text = "sku,name,price,available,threshold\nmug,Mug,13,,\nodd,Odd,13,,\ncup,Cup,13,,\n"
    importer = shop.importer()
    entries = parse(text.encode())

    assert [change.entry.sku for change in importer.run(entries)] == ["mug", "cup"]

    assert [error.key for error in importer.unreadable] == ["odd"]
    assert str(shop.memory.get("stock", {"sku": "cup"})["price"]) == "13"
    assert shop.memory.get("stock", {"sku": "odd"})["price"] == "much"


@PLACES
def test_a_replay_of_all_passes_over_the_letter_that_cannot_be_read(shop, capsys, place):
    seeded(shop, "dead_letters", place, {"attempts": "many"})

    assert main(["dead-letters", "replay", "--all", "--dry-run", "--reason", "r"]) == 1

    captured = capsys.readouterr()
    assert "2 selected" in captured.out
    assert f"row-{place} cannot be read" in captured.err


def test_a_letter_that_breaks_between_selection_and_sending_stops_no_other(shop, capsys):
    for number in range(3):
        shop.memory.seed("dead_letters", dead_letter_row(f"row-{number}"))
    known = shop.memory.get

    def changed(table: str, key: Any) -> Any:
        row = known(table, key)
        if table == "dead_letters" and key == {"eventId": "row-1"}:
            return {**row, "attempts": "many"}
        return row

    shop.memory.get = changed

    assert main(["dead-letters", "replay", "--all", "--dry-run", "--reason", "r"]) == 1

    told = capsys.readouterr().out
    assert told.count("cannot be sent again") >= 3
    assert "row-1  cannot be sent again: dead_letters: row-1 cannot be read" in told


def test_a_letter_that_cannot_be_read_keeps_none_from_being_discarded(shop, capsys):
    seeded(shop, "dead_letters", 1, {"kind": "weird"})

    assert main(["dead-letters", "discard", "row-0", "row-1", "row-2", "--reason", "r"]) == 1

    captured = capsys.readouterr()
    assert captured.out.splitlines() == ["row-0  discarded", "row-2  discarded"]
    assert "row-1 cannot be read" in captured.err


@pytest.mark.parametrize(
    "original", ["", "no JSON", "[" * 100_000, "9" * 5000, '{"a":' + '"x"' * 2]
)
def test_a_letter_is_shown_whatever_its_event_is(shop, capsys, original):
    shop.memory.seed("dead_letters", dead_letter_row("evt-1", originalEvent=original))

    assert main(["dead-letters", "show", "evt-1"]) == 0

    captured = capsys.readouterr()
    assert "HTTP 503" in captured.out


@pytest.mark.parametrize(
    "event", ["no JSON", "[]", "{}", '{"eventType": "x", "payload": {}}', '{"payload": 7}', SET]
)
def test_a_mail_whose_event_cannot_be_read_is_refused_by_name(shop, capsys, event):
    seeded(shop, "notifications", 1, {"event": event})

    assert main(["mail", "resolve", "row-1", "--as", "dropped", "--reason", "r"]) == 2

    assert "notifications: row-1 cannot be read: " in capsys.readouterr().err


def test_a_page_of_rows_as_large_as_they_can_be_is_listed(shop, capsys):
    for number in range(9):
        row = dead_letter_row(f"row-{number}", originalEvent="x" * 390_000)
        shop.memory.seed("dead_letters", row)

    assert main(["dead-letters", "list"]) == 0

    assert capsys.readouterr().out.count("row-") == 9


HOSTILE_ROWS: list[tuple[list[str], str, dict[str, Any]]] = [
    (["dead-letters", "list"], "dead_letters", {"cause": HOSTILE, "eventType": HOSTILE}),
    (["dead-letters", "list", "--groups"], "dead_letters", {"error": HOSTILE}),
    (["dead-letters", "show", "row-1"], "dead_letters", {"error": HOSTILE, "topic": HOSTILE}),
    (["dead-letters", "show", "row-1"], "dead_letters", {"originalEvent": HOSTILE}),
    (
        ["dead-letters", "show", "row-1"],
        "dead_letters",
        {"originalEvent": json.dumps({HOSTILE: HOSTILE}, ensure_ascii=False)},
    ),
    (["refunds", "list"], "checkouts", {"refundReason": HOSTILE, "paymentId": HOSTILE}),
    (["refunds", "list", "--json"], "checkouts", {"refundReason": HOSTILE}),
    (["mail", "list"], "notifications", {"subject": HOSTILE, "to": HOSTILE}),
    (["stock", "show", "mug"], "movements", {"reason": HOSTILE, "orderId": HOSTILE}),
    (["history", "stock", "mug"], "audit", {"action": HOSTILE, "newState": {HOSTILE: HOSTILE}}),
    (["history", "stock", "mug", "--json"], "audit", {"metadata": {HOSTILE: HOSTILE}}),
]


@pytest.mark.parametrize(("arguments", "table", "hostile"), HOSTILE_ROWS)
def test_nothing_of_a_row_moves_a_terminal_or_begins_a_line(
    shop, capsys, arguments, table, hostile
):
    shop.memory.seed("stock", stock(name="Mug"))
    shop.memory._rows[table].clear()
    for number in range(3):
        row = {**row_of(table, number), **(hostile if number == 1 else {})}
        key = tuple(str(row[name]) for name in TABLES[table].key_names())
        shop.memory._rows[table][key] = row

    assert main(arguments) in (0, 1)

    captured = capsys.readouterr()
    for text in (captured.out, captured.err):
        odd = {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
        assert odd <= {"\n"}
        assert not [row for row in text.splitlines() if row.startswith("=")]
    if "--json" in arguments:
        documents = [captured.out] if table == "audit" else captured.out.splitlines()
        assert any(map(_has, documents))


def _has(text: str) -> bool:
    """Whether the exact value comes back out of the JSON."""

    def inside(value: Any) -> bool:
        if isinstance(value, dict):
            return any(map(inside, (*value, *value.values())))
        return any(map(inside, value)) if isinstance(value, list) else value == HOSTILE

    return inside(json.loads(text))


def test_the_state_that_an_order_or_a_mail_is_in_is_shown_and_not_obeyed(shop, capsys):
    shop.memory.seed("stock", stock(available=9, threshold=0))
    shop.mailer.mode = "timeout"
    shop.checkout(checkout_payload(items=[line(quantity=1)]))
    shop.drain()
    [row] = [r for r in shop.memory.all("notifications") if r.get("attention")]
    changed = {**row, "resolution": HOSTILE, "attention": None}
    shop.memory._rows["notifications"][(str(row["id"]),)] = {
        name: value for name, value in changed.items() if value is not None
    }

    main(["mail", "resolve", str(row["id"]), "--as", "sent", "--reason", "r"])

    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("odd", [{"totalAmount": "much"}, {"items": SET}, {"timeline": [7]}])
def test_a_step_of_an_order_that_cannot_be_read_is_refused_in_a_sentence(shop, capsys, odd):
    shop.memory.seed("orders", {**order_row(orderId="ord-odd"), **odd})

    assert main(["order", "confirm", "ord-odd"]) == 2

    assert "orders: ord-odd cannot be read: " in capsys.readouterr().err
    assert shop.outbox.messages == []


def test_an_odd_attribute_of_a_row_that_is_read_alone_is_told_in_a_sentence(shop, capsys):
    shop.memory.seed("notifications", {"id": "push#user-1", "version": 1, "endpoints": SET})

    assert main(["push", "list", "user-1"]) == 2

    assert capsys.readouterr().err == (
        "a row cannot be read: endpoints is or holds a set of texts\n"
    )
