"""A row that the audit cannot read is a finding with its id, and hides nothing of the others (S33)."""

from typing import Any

import pytest

from tests.builders import order_row, stock
from tests.unit.ops.audit.test_run import Memory, audited, lived, red

ODD: list[tuple[str, dict[str, Any]]] = [
    ("orders", {"totalAmount": "much"}),
    ("orders", {"items": [{"productId": "mug", "quantity": "some", "price": 1}]}),
    ("stock", {"available": "many"}),
    ("stock", {"reserved": {"a": 1}}),
]


@pytest.mark.parametrize("place", [0, 1, -1], ids=["first", "middle", "last"])
@pytest.mark.parametrize(("table", "odd"), ODD)
def test_an_odd_row_is_told_by_its_id_and_another_breach_is_still_found(table, odd, place):
    rows, clock = lived()
    row = order_row(orderId="odd", timeline=[]) if table == "orders" else stock("odd")
    known = list(rows[table])
    known.insert(len(known) if place < 0 else place, {**row, **odd})
    shop = Memory({**rows, table: known}, clock)
    shop.change("stock", shop.one("stock", sku="jar"), alert="maybe")

    results = audited(shop)

    assert "alert state exists" in red(results)
    assert results["rows can be read"].breaches == 1
    assert [finding.subject for finding in results["rows can be read"].found] == ["odd"]


def test_where_every_row_can_be_read_nothing_is_said_of_it():
    assert "rows can be read" not in audited(Memory(*lived()))
