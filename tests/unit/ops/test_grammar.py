"""Every operators' package has one grammar: only its store knows how rows are stored, and only its
command line and its views show anything.

``ops/audit`` is an exception as a whole: it checks what is stored, so it reads raw rows on purpose.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
OPS = ROOT / "ops"
RAW_ON_PURPOSE = "audit"
# What the packages stand on: the ledger, the reader of whole tables, and the way to both.
CORE = "core"
STORE = "store"
SHOWN_BY = {"cli", "view", "commands", "__main__"}
# How rows are stored: names of tables, writes and their conditions, and lists in rows.
OF_ITEMS = ("shared.storage.schema", "shared.storage.writes", "shared.storage.bounded")
# An error, and the types of a decision's data: effects carry them, unread.
LET_BE = {
    f"shared.storage.writes.{name}" for name in ("ConditionsFailed", "Write", "Item", "Value")
}
CODEC = {"from_item", "to_item", "transact", "get_many", "query"}
SHOWING = {"print", "complain", "sys.stdout", "sys.stderr"}


def files() -> list[Path]:
    return sorted(OPS.rglob("*.py"))


def is_store(file: Path) -> bool:
    parts = file.relative_to(OPS).parts
    return file.stem == STORE or parts[0] in {RAW_ON_PURPOSE, CORE}


def stored_things(source: str) -> Iterator[str]:
    """What a module knows of how rows are stored."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ImportFrom(module=str(module)):
                for alias in node.names:
                    name = f"{module}.{alias.name}"
                    if name.startswith(OF_ITEMS) and name not in LET_BE:
                        yield name
            case ast.Import():
                yield from (a.name for a in node.names if a.name.startswith(OF_ITEMS))
            case ast.Attribute(attr=attr) if attr in CODEC:
                yield attr
            # ``tables.get("orders", {"orderId": …})``: no name of a table is needed for it.
            case ast.Call(func=ast.Attribute(attr="get"), args=[_, ast.Dict(keys=[_])]):
                yield "get"


def shown_things(source: str) -> Iterator[str]:
    """What a module shows, past those that show."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name) | ast.alias(name=name) if name in SHOWING:
                yield name
            case ast.Attribute() if (name := ast.unparse(node)) in SHOWING:
                yield name
            case ast.ImportFrom(module="sys", names=names):
                yield from (f"sys.{a.name}" for a in names if f"sys.{a.name}" in SHOWING)


@pytest.mark.parametrize("file", files(), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_rows_are_known_to_stores_alone(file):
    found = sorted(set(stored_things(file.read_text(encoding="utf-8"))))

    assert is_store(file) or found == []


@pytest.mark.parametrize("file", files(), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_the_command_line_and_the_views_alone_show_anything(file):
    found = sorted(set(shown_things(file.read_text(encoding="utf-8"))))

    assert file.stem in SHOWN_BY or found == []


def test_a_package_that_has_a_command_has_it_in_its_cli():
    with_command = {
        file
        for file in files()
        if any(
            isinstance(node, ast.FunctionDef) and node.name == "add_to"
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        )
    }

    assert len(with_command) >= 10
    assert {file.stem for file in with_command} == {"cli"}


@pytest.mark.parametrize(
    "planted",
    [
        "from shared.storage.schema import ORDERS",
        "from shared.storage import writes\nfrom shared.storage.writes import Put",
        "import shared.storage.schema",
        "from shared.storage.writes import Update, Write",
        "from shared.storage.bounded import note",
        "row = OrderRow.from_item(item)",
        "tables.transact([])",
        "tables.get('orders', {'orderId': order_id})",
        "self._tables.query('orders', 'x')",
    ],
)
def test_a_planted_row_is_found(planted):
    assert list(stored_things(planted)) != []


@pytest.mark.parametrize(
    "planted",
    [
        "print('x')",
        "def f():\n    print('x')",
        "show = print",
        "import sys\nsys.stdout.write('x')",
        "import sys\nsys.stderr.write('x')",
        "from sys import stdout",
        "from commandline.entry import complain\ncomplain('x')",
    ],
)
def test_planted_output_is_found(planted):
    assert list(shown_things(planted)) != []


def test_what_a_service_may_know_of_the_store_is_let_be():
    known = "from shared.storage.writes import ConditionsFailed, Write\nfrom shared.storage.ports import Tables\n"

    assert list(stored_things(known)) == []
