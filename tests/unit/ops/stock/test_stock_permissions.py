"""The page names exactly the permissions that the stock commands use."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ops.stock.domain import Adjust, Request, Restock, Return
from shared.storage.writes import Check, Put, Update, Write
from tests.builders import order_row, stock
from tests.unit.ops.stock.stock_shop import StockShop

PAGE = Path(__file__).resolve().parents[4] / "docs" / "stock.md"
_WRITES = {Put: "PutItem", Update: "UpdateItem", Check: "ConditionCheckItem"}
# What `list` and `show` read; they are the command line's own.
_READ = {("stock", "Scan"), ("stock", "GetItem"), ("movements", "Query")}


class Watched:
    """The port, noting which action on which table each call is in DynamoDB."""

    def __init__(self, tables: Any) -> None:
        self._tables = tables
        self.used = set(_READ)

    def get(self, table: str, key: Any) -> Any:
        self.used.add((table, "GetItem"))
        return self._tables.get(table, key)

    def get_many(self, keys: Sequence[tuple[str, Any]]) -> Any:
        self.used |= {(table, "BatchGetItem") for table, _ in keys}
        return self._tables.get_many(keys)

    def transact(self, writes: Sequence[Write]) -> None:
        self.used |= {(write.table, _WRITES[type(write)]) for write in writes}
        self._tables.transact(writes)


def test_the_page_names_what_the_commands_use_and_nothing_more():
    shop = StockShop()
    shop.memory.seed("stock", stock())
    shop.memory.seed("orders", order_row(status="SHIPPED"))
    watched = Watched(shop.memory)
    deeds: tuple[Request, ...] = (
        Restock("mug", 1),
        Adjust("mug", by=-1),
        Adjust("mug", to=10),
        Return("mug", 1, "ord_1"),
    )

    for number, deed in enumerate(deeds):
        shop.operate(deed, key=f"key-{number}", tables=watched)
    shop.bring_in("sku,name,price,available\nmug,Mug,12.50,11\ncup,Cup,1,1\n", tables=watched)
    shop.bring_in("sku,name,price,available\nmug,Big,12.50,12\n", key="next", tables=watched)

    rows = re.findall(
        r"^\| `(\w+)` \| (`dynamodb:.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    told = {(table, a) for table, line in rows for a in re.findall(r"dynamodb:(\w+)", line)}
    assert told == watched.used
