"""Whether stock rows, movements, reservations and orders tell the same totals: sums over everything
ever held, sold, or moved by hand.

What can be proved:

* What is held of a SKU is what the reservations in force say (``held_units``).
* Each order's lines are movements, so per SKU the sale movements add up to the lines of live
  orders, less what customers sent back, except for those whose event is a dead letter
  (``recorded_sales``).
* A stock row that the operator's import made was empty before its first movement (``openedWith``), so
  its units are the sum of its movements, whatever moved it (``sum_of_movements``).
* Of any other stock row it is not known what it began with. But the sale or reservation that committed first read
  it before anything was taken, so if nothing else ever moved it, the highest stock that any of them
  saw is what it began with, and its units must be that minus everything in live orders
  (``stock_drift``). Restocks and corrections end this proof.
* If nothing but sales moved it, it fell to its threshold at most once (``low_alerts``).
"""

from collections.abc import Iterator

from functions.inventory.domain import rearm_level
from ops.audit.model import Check, Finding, Moment, Page
from ops.audit.stock_totals import BAND, SkuTotals, StockTotals
from ops.core.rows import number, text
from shared.kernel.clock import iso
from shared.storage.schema import STOCK
from shared.storage.writes import Item


def never_negative(page: Page, _moment: Moment) -> Iterator[Finding]:
    """No stock row is below zero, nor what is held of it (I1)."""
    for row in page.rows:
        for name in ("available", "reserved"):
            if number(row, name) < 0:
                yield Finding(text(row, "sku"), f"{name} is {number(row, name)}")


def alert_state(page: Page, _moment: Moment) -> Iterator[Finding]:
    """A stock row's alert is armed or raised, nothing else (I22)."""
    for row in page.rows:
        if row.get("alert") not in {"armed", "raised"}:
            yield Finding(text(row, "sku"), f"its alert is {text(row, 'alert') or 'missing'}")


def held_units(totals: StockTotals) -> Iterator[Finding]:
    """What is held of a SKU is what reservations in force keep of it (I2).

    A stock row that moved within the last minute is not judged: whatever moves between stock row and reservation
    stamps the stock row in the same transaction, so every other one is known exactly.
    """
    quiet = iso(totals.moment.now - BAND)
    for sku, sums in sorted(totals.by_sku.items()):
        if sums.row is None or text(sums.row, "updatedAt") >= quiet:
            continue
        reserved = int(number(sums.row, "reserved"))
        if reserved != sums.held:
            yield Finding(sku, f"{reserved} are reserved, reservations keep {sums.held}")


def recorded_sales(totals: StockTotals) -> Iterator[Finding]:
    """Sale movements add up to the lines of live orders (I2)."""
    dead_letters = totals.moment.dead_letters
    for sku, sums in sorted(totals.by_sku.items()):
        moved = sums.moved - dead_letters.unrecorded.get(sku, 0)
        if moved != sums.ordered:
            said = f"{sums.ordered} units are in live orders, {moved} in movements"
            yield Finding(sku, said)


def sum_of_movements(totals: StockTotals) -> Iterator[Finding]:
    """A stock row whose beginning is known has exactly what came to it less what left it (I2)."""
    for sku, row, sums in _rows(totals):
        known = "openedWith" in row and sums.exact
        if known and totals.moment.settled(text(row, "updatedAt")):
            told = int(number(row, "openedWith")) + sums.changed
            if _units(row) != told:
                yield Finding(sku, f"{_units(row)} units are left, its movements tell of {told}")


def stock_drift(totals: StockTotals) -> Iterator[Finding]:
    """What is left is what there was minus what was ordered, where that can be proved (I2)."""
    for sku, row, sums in _rows(totals):
        if not (sums.only_sales and _has_settled(sums, totals.moment)):
            continue
        most = sums.began - sums.sold
        if not most - sums.maybe <= _units(row) <= most:
            said = f"began with {sums.began}, {sums.sold} are ordered, {_units(row)} are left"
            yield Finding(sku, said)


def low_alerts(totals: StockTotals) -> Iterator[Finding]:
    """One alert per fall to the threshold: at most one while nothing comes back, and a stock row at
    rest has raised its alert if it is low, and armed it if it is clearly above (I22)."""
    for sku, row, sums in _rows(totals):
        if not _has_settled(sums, totals.moment):
            continue
        if sums.lows > 1 and sums.only_down:
            yield Finding(sku, f"{sums.lows} alerts for one fall to the threshold")
        at_rest = totals.moment.settled(max(sums.last, text(row, "updatedAt")))
        # A program that also moves a stock row may not tell the inventory, which then cannot look at it.
        if not at_rest or sums.maybe or not (sums.exact or sums.only_sales):
            continue
        available, threshold = number(row, "available"), int(number(row, "threshold"))
        if available <= threshold and row.get("alert") == "armed":
            yield Finding(sku, "is low, and no alert was raised")
        if available >= rearm_level(threshold) and row.get("alert") == "raised":
            yield Finding(sku, "is well stocked, and its alert was not armed again")


def _rows(totals: StockTotals) -> Iterator[tuple[str, Item, SkuTotals]]:
    """Stock rows about which no event is missing for a known reason."""
    for sku, sums in sorted(totals.by_sku.items()):
        if sums.row is not None and sku not in totals.moment.dead_letters.skus:
            yield sku, sums.row, sums


def _units(row: Item) -> int:
    return int(number(row, "available") + number(row, "reserved"))


def _has_settled(sums: SkuTotals, moment: Moment) -> bool:
    # Before that, what committed first may not be recorded yet.
    return sums.first != "" and moment.settled(sums.first)


CHECKS = (
    Check("stock is never below zero", "I1", STOCK.name, never_negative),
    Check("alert state exists", "I22", STOCK.name, alert_state),
)
SUMS = (
    ("reserved is what reservations hold", "I2", held_units),
    ("sales are in the movements", "I2", recorded_sales),
    ("stock is the sum of its movements", "I2", sum_of_movements),
    ("stock is what was not ordered", "I2", stock_drift),
    ("one low-stock alert per fall", "I22", low_alerts),
)
