"""What the stock commands print. Names come from files and tables: they pass ``harmless``."""

from collections.abc import Iterable, Iterator, Sequence

from ops.core.terminal import harmless, shortened, table
from ops.stock.catalogue_diff import Change, Summary
from ops.stock.catalogue_problems import CatalogueError
from ops.stock.domain import Movement
from ops.stock.service import Done
from shared.storage.records.stock import StockRow


def stock_rows(rows: Iterable[StockRow]) -> str:
    """Stock rows as a table, by SKU."""
    headings = ("sku", "name", "price", "available", "reserved", "threshold", "alert")
    lines = [
        (
            row.sku,
            shortened(row.name, 40),
            f"{row.price:.2f}",
            row.available,
            row.reserved,
            row.threshold,
            row.alert,
        )
        for row in sorted(rows, key=lambda row: row.sku)
    ]
    return table(headings, lines)


def movements(rows: Sequence[Movement]) -> str:
    """The last movements of a SKU, newest first."""
    if not rows:
        return "no movements"
    headings = ("when", "reason", "units", "before", "after", "order")
    lines = [
        (
            row.at,
            row.reason,
            f"{row.delta:+d}",
            "" if row.before is None else row.before,
            "" if row.after is None else row.after,
            row.order_id,
        )
        for row in rows
    ]
    return table(headings, lines)


def done(what: Done) -> str:
    """What a command did."""
    change = f"{what.before} → {what.after} ({what.after - what.before:+d})"
    again = "  (done before under this key; nothing was moved now)" if what.repeated else ""
    return f"{harmless(what.sku)}  {change}{again}"


def problems(error: CatalogueError) -> str:
    """Every line that is wrong, and why."""
    rows = [(p.line, shortened(p.column, 40), p.rule) for p in error.problems]
    return table(("line", "column", "rule"), rows)


def changes(found: Iterable[Change]) -> str:
    """What an import changes; what stays as it is is not in it."""
    rows = [row for change in found for row in _rows(change)]
    return table(("line", "sku", "what", "now", "then"), rows) if rows else ""


def _rows(change: Change) -> Iterator[Sequence[object]]:
    entry = change.entry
    if change.is_new:
        units = entry.available or 0
        told = f"{shortened(entry.name, 40)}, {entry.price:.2f}, {units} units"
        yield entry.line, entry.sku, "new", "", f"{told}, threshold {change.threshold}"
    for column, now, then in change.fields():
        yield entry.line, entry.sku, column, shortened(now, 40), shortened(then, 40)


def summary(what: Summary) -> str:
    """The counts, in a line."""
    columns = ", ".join(f"{count} {column}" for column, count in sorted(what.columns.items()))
    told = (
        f"{what.products} products: {what.new} new, {what.changed} changed"
        f"{f' ({columns})' if columns else ''}, {what.unchanged} unchanged; {what.units:+d} units"
    )
    if what.counted_before:
        told += (
            f"\n{what.counted_before} products moved since this file's count was applied, and stay "
            "as they are: --key NAME makes it a new count"
        )
    return told
