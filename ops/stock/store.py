"""Stock rows, movements and orders, as operators read and change them in the tables."""

from collections.abc import Iterator, Mapping, Sequence

from ops.core.operator_ledger import CONSUMER
from ops.core.rows import text
from ops.core.table_reader import Source
from ops.stock.domain import Movement, OperatorAction, Request, Return, Sold, parts_of
from shared.kernel.errors import UnreadableRowError
from shared.storage.bounded import MAX_TEXT
from shared.storage.ports import Tables
from shared.storage.readable import read_row, read_rows
from shared.storage.records.order import OrderRow, ReturnedUnits, note_return
from shared.storage.records.stock import StockRow, adjust, read_stock, stock_key
from shared.storage.schema import LEDGER, MOVEMENTS, ORDERS, STOCK
from shared.storage.writes import Item, Key, Write


def every_row(source: Source) -> Iterator[StockRow | UnreadableRowError]:
    """The rows of all SKUs, in no order; in the place of one that cannot be read, why.

    Raises:
        DependencyError: the store did not answer.
    """
    for page in source.pages(STOCK.name):
        yield from read_rows(STOCK.name, page, StockRow.from_item)


class StockTables:
    """Stock in tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def find(self, sku: str) -> StockRow | None:
        """The row as it is now.

        Raises:
            DependencyError: the store did not answer.
        """
        item = self._tables.get(*stock_key(sku))
        return None if item is None else read_row(STOCK.name, item, StockRow.from_item)

    def find_all(self, skus: Sequence[str]) -> Mapping[str, StockRow]:
        """The rows as they are now, in one batch; a SKU that does not exist is not in it.

        Raises:
            DependencyError: the store did not answer.
        """
        return read_stock(self._tables, skus)

    def look(self, request: Request) -> tuple[StockRow | None, Sold | None]:
        """The row of the request's SKU and, for a return, what its order had, in one batch.

        Raises:
            DependencyError: the store did not answer.
        """
        keys = [stock_key(request.sku)]
        if isinstance(request, Return):
            keys.append((ORDERS.name, {"orderId": request.order_id}))
        row, *orders = self._tables.get_many(keys)
        order = orders[0] if orders else None
        return (
            None if row is None else read_row(STOCK.name, row, StockRow.from_item),
            None
            if order is None
            else _sold(read_row(ORDERS.name, order, OrderRow.from_item), request.sku),
        )

    def look_for_import(
        self, counts: Mapping[str, str]
    ) -> Mapping[str, tuple[StockRow | UnreadableRowError | None, bool]]:
        """The row of each SKU, or why it cannot be read, and whether its count was applied before, in
        one batch.

        Args:
            counts: by SKU the name under which the ledger remembers the count.

        Raises:
            DependencyError: the store did not answer.
        """
        keys: list[tuple[str, Key]] = [stock_key(sku) for sku in counts]
        keys += [(LEDGER.name, {"id": f"{CONSUMER}#{name}"}) for name in counts.values()]
        items = self._tables.get_many(keys)
        known = [row for row in items[: len(counts)] if row is not None]
        read = read_rows(STOCK.name, known, StockRow.from_item)
        rows = {text(item, "sku"): row for item, row in zip(known, read, strict=True)}
        records = items[len(counts) :]
        return {
            sku: (rows.get(sku), record is not None)
            for sku, record in zip(counts, records, strict=True)
        }

    def movements(self, sku: str, limit: int) -> Sequence[Movement | UnreadableRowError]:
        """The last movements of a SKU, newest first; in the place of one that cannot be read, why.

        Raises:
            DependencyError: the store did not answer.
        """
        items = self._tables.query(MOVEMENTS.name, sku, newest_first=True, limit=limit)
        return list(read_rows(MOVEMENTS.name, items, _movement))


def move_writes(
    action: OperatorAction, request: Request, row: StockRow, delta: int, sold: Sold | None
) -> Sequence[Write]:
    """The units moved, exactly from what was read, and a return noted with its order."""
    noted = [_note(action, request, sold)] if isinstance(request, Return) and sold else []
    return [adjust(row, delta, action.at), *noted]


def _note(action: OperatorAction, request: Return, sold: Sold) -> Write:
    product, variation = parts_of(request.sku)
    units = ReturnedUnits(
        at=action.at,
        product_id=product,
        variation_id=variation,
        quantity=request.units,
        event_id=action.event_id,
        operator=action.operator,
        reason=action.why[:MAX_TEXT],
    )
    # Another return of this order in the meantime fails this write: then it is read again.
    return note_return(sold.order, units)


def _sold(order: OrderRow, sku: str) -> Sold:
    return Sold(
        order=order,
        units=sum(line.quantity for line in order.lines if line.sku == sku),
        returned=sum(units.quantity for units in order.returns if units.sku == sku),
    )


def _movement(item: Item) -> Movement:
    return Movement(
        at=str(item["movementId"])[:19],
        reason=str(item.get("reason", "")),
        delta=int(str(item.get("delta", 0))),
        before=_number(item, "previousStock"),
        after=_number(item, "newStock"),
        order_id=str(item.get("orderId") or ""),
    )


def _number(item: Item, name: str) -> int | None:
    found = item.get(name)
    return None if found is None else int(str(found))
