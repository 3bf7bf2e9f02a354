"""The shelves, operated through the command line on the deployed stack: every unit adds up."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.stack_client import cart, line, wait_for

pytestmark = pytest.mark.e2e

HEADER = "sku,name,price,available,threshold\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("stock")


@pytest.fixture(scope="module")
def catalogue(client, ops, folder):
    """Two products brought in from a file, as a spreadsheet writes it."""
    file = folder / "catalogue.csv"
    rows = "e2e-teapot#blue,Teapot,25.00,9,4\ne2e-tray,Tray,10.00,,\n"
    file.write_text(HEADER + rows, encoding="utf-8-sig", newline="\r\n")

    status, dry = ops("stock", "import", str(file), "--dry-run")
    assert (status, client.item("stock", sku="e2e-tray")) == (0, None), dry
    assert "2 products: 2 new, 0 changed, 0 unchanged; +9 units; nothing was written" in dry
    status, said = ops("stock", "import", str(file))
    assert (status, "2 products: 2 new" in said) == (0, True), said
    client.quiet()
    return file


def _available(client, sku="e2e-teapot#blue"):
    return client.item("stock", sku=sku)["available"]


def _movements(client, sku="e2e-teapot#blue"):
    return [(row["reason"], row["delta"]) for row in client.query("movements", "sku", sku)]


def _bought(client, quantity):
    body = cart(line("e2e-teapot#blue", quantity, "25.00"))
    order_id = client.check_out(body).json()["data"]["orderId"]
    assert client.settled(order_id)["status"] == "confirmed"
    client.quiet()
    return order_id


def test_an_import_is_repeated_and_moves_nothing(client, ops, catalogue):
    before = client.item("stock", sku="e2e-teapot#blue")

    status, said = ops("stock", "import", str(catalogue))

    assert (status, "0 new, 0 changed, 2 unchanged; +0 units" in said) == (0, True), said
    assert client.item("stock", sku="e2e-teapot#blue") == before
    assert (before["price"], before["variationId"], before["alert"]) == (25, "blue", "armed")


def test_a_file_with_mistakes_writes_nothing_and_names_them_all(client, ops, catalogue):
    file = catalogue.with_name("wrong.csv")
    file.write_text(HEADER + "e2e-new,New,1.00,1,1\ne2e tray,,1.005,1,1\n", encoding="utf-8")

    status, said = ops("stock", "import", str(file))

    assert (status, client.item("stock", sku="e2e-new")) == (2, None)
    assert [row.split()[:2] for row in said.splitlines()[2:5]] == [
        ["3", "sku"],
        ["3", "name"],
        ["3", "price"],
    ]


def test_restock_adjustment_and_return_move_units_once_and_arm_the_alert(client, ops, catalogue):
    order_id = _bought(client, 6)
    wait_for(lambda: client.item("stock", sku="e2e-teapot#blue")["alert"] == "raised", "the alert")
    swung = ops(
        "stock", "adjust", "e2e-teapot#blue", "--to", "5", "--expected", "3", "--reason", "found 2"
    )
    client.quiet()
    assert client.item("stock", sku="e2e-teapot#blue")["alert"] == "raised"

    restock = (
        "stock",
        "restock",
        "e2e-teapot#blue",
        "10",
        "--reason",
        "delivery 17",
        "--key",
        "e2e-1",
    )
    first, again = ops(*restock), ops(*restock)
    client.quiet()

    assert [swung[0], first[0], again[0]] == [0, 0, 0], (swung, first, again)
    assert "done before under this key" in again[1]
    assert _available(client) == 15
    assert client.item("stock", sku="e2e-teapot#blue")["alert"] == "armed"
    for step in ("confirm", "ship"):
        assert ops("order", step, order_id)[0] == 0
    back = ("stock", "return", "e2e-teapot#blue", "--order", order_id, "--reason", "wrong colour")
    taken, too_many = ops(*back, "4"), ops(*back, "3")
    client.quiet()
    assert (taken[0], too_many[0]) == (0, 2), (taken, too_many)
    assert "had 6 of e2e-teapot#blue, 4 of them came back before" in too_many[1]
    assert _available(client) == 19
    assert _movements(client) == [
        ("restock", 9),
        ("sale", -6),
        ("adjustment", 2),
        ("restock", 10),
        ("return", 4),
    ]
    lows = [m for m in client.mails() if m["Subject"] == "Low stock - Teapot"]
    assert len(lows) == 1


def test_operators_at_once_all_count_and_take_back_no_more_than_was_bought(client, ops, catalogue):
    """Processes of their own, on transactions of the real kind."""
    order_id = _bought(client, 2)
    for step in ("confirm", "ship"):
        assert ops("order", step, order_id)[0] == 0
    before = _available(client)
    restock = ("stock", "restock", "e2e-teapot#blue", "10", "--reason", "two doors")
    back = ("stock", "return", "e2e-teapot#blue", "1", "--order", order_id, "--reason", "sent back")

    with ThreadPoolExecutor(5) as operators:
        ended = list(operators.map(lambda deed: ops(*deed), [restock, restock, back, back, back]))
    client.quiet()

    assert [status for status, _ in ended[:2]] == [0, 0], ended
    assert sorted(status for status, _ in ended[2:]) == [0, 0, 2], ended
    assert _available(client) == before + 22


def test_shelves_are_listed_and_one_is_shown(client, ops, catalogue):
    status, listed = ops("stock", "list")
    low_status, low = ops("stock", "list", "--low")
    shown_status, shown = ops("stock", "show", "e2e-teapot#blue", "--last", "3")

    assert (status, low_status, shown_status) == (0, 0, 0)
    assert re.search(r"^e2e-teapot#blue +Teapot +25\.00 ", listed, re.MULTILINE)
    assert re.search(r"^e2e-tray ", low, re.MULTILINE)
    assert "e2e-teapot#blue" not in low
    assert "restock" in shown


def test_what_operators_did_is_in_the_audit_trail_with_name_and_reason(client, catalogue):
    client.at_rest()
    entries = client.query("audit", "entity", "stock#e2e-teapot")

    told = [(entry["action"], entry["metadata"].get("reason")) for entry in entries]
    assert ("catalogue.created", "import of catalogue.csv") in told
    assert ("stock.restock", "delivery 17") in told
    assert ("stock.return", "wrong colour") in told


def test_the_audit_finds_every_promise_kept(client, ops, catalogue):
    client.at_rest()

    status, said = ops("audit", "--minutes", "0")

    assert status == 0, said
