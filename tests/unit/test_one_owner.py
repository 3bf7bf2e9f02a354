"""The rows of stock, reservation, order, checkout and dead letter each have one decoder and one writer.

The auditor and the history read raw rows on purpose: what they say must not rest on the code that
they check. The local stack and the benchmarks put rows in as a foreign program would.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RAW_ON_PURPOSE = ("ops/audit", "ops/history")
OWNERS = {
    "STOCK": "shared/storage/records/stock.py",
    "RESERVATIONS": "shared/storage/records/reservation.py",
    "ORDERS": "shared/storage/records/order.py",
    "CHECKOUTS": "shared/storage/records/checkout.py",
    "DEAD_LETTERS": "shared/storage/records/dead_letter.py",
}
# What only a row of the table has: an item that is subscripted with it is being decoded.
ATTRIBUTES = {
    "available": OWNERS["STOCK"],
    "threshold": OWNERS["STOCK"],
    "alert": OWNERS["STOCK"],
    "openedWith": OWNERS["STOCK"],
    "heldAt": OWNERS["RESERVATIONS"],
    "consumedAt": OWNERS["RESERVATIONS"],
    "givenBackAt": OWNERS["RESERVATIONS"],
    "customerAddress": OWNERS["ORDERS"],
    "returns": OWNERS["ORDERS"],
    "returnCount": OWNERS["ORDERS"],
    "identity": OWNERS["CHECKOUTS"],
    "refundStatus": OWNERS["CHECKOUTS"],
    "refundAmount": OWNERS["CHECKOUTS"],
    "decidedAt": OWNERS["CHECKOUTS"],
    "acceptedAt": OWNERS["CHECKOUTS"],
    "stuck": OWNERS["CHECKOUTS"],
    "lastFailedAt": OWNERS["DEAD_LETTERS"],
    "dueAt": OWNERS["DEAD_LETTERS"],
    "nextDeliveryAt": OWNERS["DEAD_LETTERS"],
    "lastSentAt": OWNERS["DEAD_LETTERS"],
    "closedAt": OWNERS["DEAD_LETTERS"],
    "replays": OWNERS["DEAD_LETTERS"],
}
# Not a stock row: what the record of an earlier command told the audit trail.
STATES_OF_THE_AUDIT_TRAIL = ("ops/stock/service.py",)
# How copies of personal data go, from the rows of two tables, by one rule.
RETENTION = "shared/storage/records/retention.py"
RETAINED = {OWNERS["CHECKOUTS"], OWNERS["DEAD_LETTERS"]}
WRITES = ("Put", "Update", "Delete", "Check")
# Functions of the owners that say where a row is, as the first arguments of a write.
KEYS = {"STOCK": "stock_key", "RESERVATIONS": "reservation_key", "DEAD_LETTERS": "dead_letter_key"}


def product() -> Iterator[tuple[str, ast.Module]]:
    for folder in ("shared", "functions", "ops"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            if not name.startswith(RAW_ON_PURPOSE):
                yield name, ast.parse(file.read_text(encoding="utf-8"))


def read_attributes(tree: ast.AST) -> Iterator[str]:
    """Names that are read from a mapping: ``item["name"]`` and ``item.get("name")``."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(slice=ast.Constant(value=str(name)), ctx=ast.Load()):
                yield name
            case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *_]):
                yield name
            case ast.Call(
                func=ast.Name(), args=[ast.Name(id="item" | "row"), ast.Constant(value=str(name))]
            ):
                yield name


def _beside(owner: str) -> set[str]:
    return {RETENTION} if owner in RETAINED else set()


@pytest.mark.parametrize(("attribute", "owner"), ATTRIBUTES.items())
def test_one_module_reads_an_attribute_of_the_row(attribute, owner):
    readers = {
        name
        for name, tree in product()
        if name not in STATES_OF_THE_AUDIT_TRAIL and attribute in read_attributes(tree)
    }

    assert readers - _beside(owner) == {owner}


@pytest.mark.parametrize(("table", "owner"), OWNERS.items())
def test_one_module_writes_the_row(table, owner):
    writers = {
        name
        for name, tree in product()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in WRITES
        and node.args
        and ast.unparse(node.args[0]).startswith((f"{table}.name", f"*{KEYS.get(table, '?')}("))
    }

    assert writers - _beside(owner) == {owner}


@pytest.mark.parametrize(
    ("row", "owner"),
    [
        ("StockRow", "STOCK"),
        ("Reservation", "RESERVATIONS"),
        ("OrderRow", "ORDERS"),
        ("CheckoutRow", "CHECKOUTS"),
        ("DeadLetterRow", "DEAD_LETTERS"),
    ],
)
def test_one_class_decodes_the_row(row, owner):
    decoders = {
        (name, node.name)
        for name, tree in product()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(isinstance(f, ast.FunctionDef) and f.name == "from_item" for f in node.body)
        and node.name == row
    }

    assert decoders == {(OWNERS[owner], row)}
