"""The stock command: what it prints, and how it ends."""

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest

from ops.__main__ import main
from ops.core import connection
from shared.runtime import botocore_clients
from shared.storage.schema import TABLES
from tests.builders import stock
from tests.pipeline import no_parameters
from tests.unit.ops.audit.test_cli import Scanner
from tests.unit.ops.stock.stock_shop import StockShop

HEADER = "sku,name,price,available,threshold\n"


@pytest.fixture
def shop(monkeypatch):
    """The command finds this shop as its stage."""
    shop = StockShop()
    shop.memory.seed("stock", stock(), stock("jar", available=1, name="Jar\x1b[2J"))
    opened = connection.Connection(
        stage="test",
        tables=shop.memory,  # type: ignore[arg-type]
        table_names={name: f"real-{name}" for name in TABLES},
        publisher=shop.outbox,
        clock=shop.clock,
        read_parameters=no_parameters,
    )
    memory: Any = SimpleNamespace(tables=shop.memory)
    monkeypatch.setattr(connection, "connect", lambda _options: opened)
    monkeypatch.setattr(botocore_clients, "plain", lambda _service: Scanner(memory))
    return shop


@pytest.fixture
def said(capsys):
    """What was printed since the last question."""

    def read() -> str:
        printed = capsys.readouterr()
        return str(printed.out + printed.err)

    return read


def test_shelves_are_listed_by_sku_and_only_the_low_ones_if_asked(shop, said):
    assert main(["stock", "list"]) == 0
    everything = said()
    assert main(["stock", "list", "--low"]) == 0

    assert [row.split()[0] for row in everything.splitlines()[2:]] == ["jar", "mug"]
    assert re.search(r"^mug +Mug +12\.50 +10 +0 +2 +armed$", everything, re.MULTILINE)
    assert "\x1b" not in everything
    assert "mug" not in said()


def test_a_shelf_is_shown_with_its_last_movements(shop, said):
    for number in range(3):
        main(["stock", "restock", "mug", "5", "--reason", "delivery", "--key", f"k{number}"])
        shop.drain()
        shop.clock.advance(1)
    said()

    assert main(["stock", "show", "mug", "--last", "2"]) == 0

    shown = said().splitlines()
    assert [line.split()[1:5] for line in shown[-2:]] == [
        ["restock", "+5", "20", "25"],
        ["restock", "+5", "15", "20"],
    ]
    assert main(["stock", "show", "jar"]) == 0
    assert "no movements" in said()


def test_a_key_is_made_and_told_before_anything_is_done_and_serves_again(shop, said):
    assert main(["stock", "adjust", "mug", "--by", "-3", "--reason", "broken"]) == 0
    first = said()
    key = first.split()[1]

    again = ["stock", "adjust", "mug", "--by", "-3", "--reason", "broken", "--key", key]
    assert main(again) == 0

    assert first.splitlines()[1] == "mug  10 → 7 (-3)"
    assert "done before under this key" in said()
    assert shop.row()["available"] == 7


def test_events_that_could_not_leave_are_told_and_the_command_succeeds(shop, said):
    shop.outbox.failing = True

    assert main(["stock", "restock", "mug", "1", "--reason", "delivery"]) == 0

    assert "the reconciler publishes them" in said()


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["restock", "ghost", "1", "--reason", "x"], "sku: there is no ghost"),
        (["show", "ghost"], "sku: there is no ghost"),
        (["restock", "mug", "1", "--reason", "a\nb"], "--reason: must be"),
        (["restock", "mug", "1", "--reason", ""], "--reason: must be"),
        (["restock", "mug", "1", "--reason", "x", "--key", "a b"], "--key: must be"),
        (["import", "does-not-exist.csv"], "cannot read does-not-exist.csv: No such file"),
    ],
)
def test_a_mistake_ends_with_2_and_is_named(shop, said, arguments, rule):
    assert main(["stock", *arguments]) == 2
    assert rule in said()


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["show", "mug", "--last", "-1"], "--last: must be"),
        (["restock", "mug", "1_0", "--reason", "x"], "UNITS: must be"),
        (["restock", "mug", "0", "--reason", "x"], "UNITS: must be"),
        (["restock", "mug", "+5", "--reason", "x"], "UNITS: must be"),
        (["return", "mug", "\u0661", "--order", "o", "--reason", "x"], "UNITS: must be"),
        (["adjust", "mug", "--to", " 5 ", "--reason", "x"], "--to: must be"),
        (["adjust", "mug", "--by", "1e3", "--reason", "x"], "--by: must be"),
        (["adjust", "mug", "--to", "1", "--expected", "1_0", "--reason", "x"], "--expected: must"),
        (["restock", "mug", "1", "--reason", "x", "--operator", " "], "--operator: must be"),
        (["restock", "mug", "1", "--reason", "caf\udce9"], "reason: must be UTF-8"),
        (["restock", "m\udce9g", "1", "--reason", "x"], "sku: must be UTF-8"),
    ],
)
def test_an_argument_that_is_none_ends_with_2_before_anything_is_opened(
    shop, said, monkeypatch, arguments, rule
):
    monkeypatch.setattr(connection, "connect", lambda _options: pytest.fail("opened"))

    with pytest.raises(SystemExit) as end:
        main(["stock", *arguments])

    assert end.value.code == 2
    assert rule in said()


@pytest.mark.parametrize("by", ["+3", "-3"])
def test_a_difference_says_its_direction(shop, by):
    assert main(["stock", "adjust", "mug", "--by", by, "--reason", "counted"]) == 0

    assert shop.row()["available"] == 10 + int(by)


def test_the_name_of_a_file_that_is_not_utf_8_is_stored_as_text(shop, tmp_path):
    file = tmp_path / "caf\udce9.csv"
    file.write_text(HEADER + "cup,Cup,4,3,1\n", encoding="utf-8")

    assert main(["stock", "import", str(file)]) == 0

    record: Any = shop.memory.all("ledger")[0]
    [audit] = [json.loads(m["body"]) for m in record["outbox"] if m["topic"] == "analytics"]
    assert audit["payload"]["metadata"]["reason"] == r"import of caf\udce9.csv"


def test_a_movement_that_is_interrupted_says_how_to_be_sure(shop, monkeypatch):
    def interrupted(_writes: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shop.memory, "transact", interrupted)

    with pytest.raises(KeyboardInterrupt) as stop:
        main(["stock", "restock", "mug", "1", "--reason", "x", "--key", "k"])

    [note] = stop.value.__notes__
    assert note == "whether it was stored is not known: --key k does it once"


def test_an_import_that_is_interrupted_says_how_far_it_came(shop, tmp_path, monkeypatch):
    file = tmp_path / "catalogue.csv"
    file.write_text(HEADER + "cup,Cup,4,3,1\nmug,Mug,1,8,2\n", encoding="utf-8")
    monkeypatch.setattr("ops.stock.cli._progress", lambda _total: _interrupting(2))

    with pytest.raises(KeyboardInterrupt) as stop:
        main(["stock", "import", str(file)])

    [note] = stop.value.__notes__
    assert note == "stopped after 1 of 2 products: the same command carries on there"


def _interrupting(at: int) -> Any:
    def tell(done: int) -> None:
        if done == at:
            raise KeyboardInterrupt

    return tell


def test_skus_that_differ_in_case_are_refused_unless_the_catalogue_has_both(shop, said, tmp_path):
    file = tmp_path / "catalogue.csv"
    file.write_text(
        HEADER + "cup,Cup,4,3,1\nmug,Mug,1,8,2\n\nMUG,Big mug,2,1,0\n", encoding="utf-8"
    )

    for dry in (["--dry-run"], []):
        assert main(["stock", "import", str(file), *dry]) == 2
        told = said()
        assert "5     sku     MUG differs from mug on line 3 only in case" in told
        assert "nothing was written" in told
    assert (shop.row("cup"), shop.row("MUG")) == (None, None)

    shop.memory.seed("stock", stock("MUG"))
    assert main(["stock", "import", str(file)]) == 0
    assert (shop.row("MUG")["available"], shop.row("cup")["available"]) == (1, 3)


def test_an_import_is_tried_dry_then_done_then_nothing(shop, said, tmp_path):
    file = tmp_path / "catalogue.csv"
    file.write_text(HEADER + "mug,Mug,13,8,2\ncup,Cup,4,3,1\n", encoding="utf-8-sig")

    assert main(["stock", "import", str(file), "--dry-run"]) == 0
    dry = said()
    assert (shop.memory.all("ledger"), shop.row("cup")) == ([], None)
    assert main(["stock", "import", str(file)]) == 0
    done = said()
    assert main(["stock", "import", str(file)]) == 0

    line = "2 products: 1 new, 1 changed (1 price, 1 stock), 0 unchanged; +1 units"
    assert dry.splitlines()[-1] == f"{line}; nothing was written"
    assert done.splitlines()[-1] == line
    assert done.splitlines()[:-1] == dry.splitlines()[:-1]
    assert "2 products: 0 new, 0 changed, 2 unchanged; +0 units" in said()


def test_a_bad_file_is_told_line_by_line_and_writes_nothing(shop, said, tmp_path):
    file = tmp_path / "catalogue.csv"
    file.write_text(HEADER + "cup,Cup,4,3,1\nmug,Mug,free,8,2\nmug,Mug,1,-8,2\n", encoding="utf-8")

    assert main(["stock", "import", str(file)]) == 2

    told = said()
    assert [row.split()[:2] for row in told.splitlines()[2:5]] == [
        ["3", "price"],
        ["4", "available"],
        ["4", "sku"],
    ]
    assert "file: has 3 problems; nothing was written" in told
    assert shop.row("cup") is None


def test_an_import_that_is_stopped_says_how_far_it_came(shop, said, tmp_path, monkeypatch):
    file = tmp_path / "catalogue.csv"
    file.write_text(HEADER + "cup,Cup,4,3,1\nmug,Mug,1,8,2\n", encoding="utf-8")
    monkeypatch.setattr("ops.stock.cli._QUIET_SECONDS", 0.0)
    real = shop.memory.transact
    sent: list[Any] = []

    def transact(writes: Any) -> None:
        sent.append(writes)
        if len(sent) > 1 and writes[0].table == "ledger" and len(writes) > 1:
            shop.memory.seed("stock", stock(available=100 - len(sent)))
        real(writes)

    monkeypatch.setattr(shop.memory, "transact", transact)

    assert main(["stock", "import", str(file)]) == 2

    told = said()
    assert "stopped after 1 of 2 products: the same command carries on there" in told
    assert ".. 1 of 2 products" in told
    assert "line 3: others keep moving mug" in told
