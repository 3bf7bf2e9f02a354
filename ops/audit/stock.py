"""Whether shelves, movements, reservations and orders tell the same story: sums over everything
ever held, sold, or moved by hand.

What can be proved:

* What is held of a shelf is what the reservations in force say (``held_units``).
* Each order's lines are movements, so per SKU the sale movements add up to the lines of live
  orders, less what customers sent back, except for those whose event is a dead letter
  (``recorded_sales``).
* A shelf that the operator's import made was empty before its first movement (``openedWith``), so
  its units are the sum of its movements, whatever moved it (``sum_of_movements``).
* Of any other shelf nobody knows what it began with. But the sale or hold that committed first read
  it before anything was taken, so if nothing else ever moved it, the highest stock that any of them
  saw is what it began with, and its units must be that minus everything in live orders
  (``stock_drift``). Restocks and corrections end this proof.
* If nothing but sales moved it, it fell to its threshold at most once (``low_alerts``).
"""

from collections.abc import Iterator

from functions.inventory.domain import rearm_level
from ops.audit.model import Check, Finding, Moment, Page
from ops.audit.stock_totals import BAND, Shelf, Story
from ops.core.rows import number, text
from shared.kernel.clock import iso
from shared.storage.schema import STOCK
from shared.storage.writes import Item


def never_negative(page: Page, _moment: Moment) -> Iterator[Finding]:
    """No shelf is below zero, nor what is held of it (I1)."""
    for row in page.rows:
        for name in ("available", "reserved"):
            if number(row, name) < 0:
                yield Finding(text(row, "sku"), f"{name} is {number(row, name)}")


def alert_state(page: Page, _moment: Moment) -> Iterator[Finding]:
    """A shelf's alert is armed or raised, nothing else (I22)."""
    for row in page.rows:
        if row.get("alert") not in {"armed", "raised"}:
            yield Finding(text(row, "sku"), f"its alert is {text(row, 'alert') or 'missing'}")


def held_units(story: Story) -> Iterator[Finding]:
    """What is held of a shelf is what reservations in force hold of it (I2).

    A shelf that moved within the last minute is not judged: whatever moves between shelf and hold
    stamps the shelf in the same transaction, so every other one is known exactly.
    """
    quiet = iso(story.moment.now - BAND)
    for sku, shelf in sorted(story.shelves.items()):
        if shelf.row is None or text(shelf.row, "updatedAt") >= quiet:
            continue
        reserved = int(number(shelf.row, "reserved"))
        if reserved != shelf.held:
            yield Finding(sku, f"{reserved} are reserved, reservations hold {shelf.held}")


def recorded_sales(story: Story) -> Iterator[Finding]:
    """Sale movements add up to the lines of live orders (I2)."""
    letters = story.moment.letters
    for sku, shelf in sorted(story.shelves.items()):
        moved = shelf.moved - letters.unrecorded.get(sku, 0)
        if moved != shelf.ordered:
            said = f"{shelf.ordered} units are in live orders, {moved} in movements"
            yield Finding(sku, said)


def sum_of_movements(story: Story) -> Iterator[Finding]:
    """A shelf whose beginning is known has exactly what came to it less what left it (I2)."""
    for sku, row, shelf in _rows(story):
        known = "openedWith" in row and shelf.exact
        if known and story.moment.settled(text(row, "updatedAt")):
            told = int(number(row, "openedWith")) + shelf.changed
            if _units(row) != told:
                yield Finding(sku, f"{_units(row)} units are left, its movements tell of {told}")


def stock_drift(story: Story) -> Iterator[Finding]:
    """What is left is what there was minus what was ordered, where that can be proved (I2)."""
    for sku, row, shelf in _rows(story):
        if not (shelf.only_sales and _has_settled(shelf, story.moment)):
            continue
        most = shelf.began - shelf.sold
        if not most - shelf.maybe <= _units(row) <= most:
            said = f"began with {shelf.began}, {shelf.sold} are ordered, {_units(row)} are left"
            yield Finding(sku, said)


def low_alerts(story: Story) -> Iterator[Finding]:
    """One alert per fall to the threshold: at most one while nothing comes back, and a shelf at
    rest has raised its alert if it is low, and armed it if it is clearly above (I22)."""
    for sku, row, shelf in _rows(story):
        if not _has_settled(shelf, story.moment):
            continue
        if shelf.lows > 1 and shelf.only_down:
            yield Finding(sku, f"{shelf.lows} alerts for one fall to the threshold")
        at_rest = story.moment.settled(max(shelf.last, text(row, "updatedAt")))
        # Whoever else moves a shelf may not tell the inventory, which then cannot look at it.
        if not at_rest or shelf.maybe or not (shelf.exact or shelf.only_sales):
            continue
        available, threshold = number(row, "available"), int(number(row, "threshold"))
        if available <= threshold and row.get("alert") == "armed":
            yield Finding(sku, "is low, and no alert was raised")
        if available >= rearm_level(threshold) and row.get("alert") == "raised":
            yield Finding(sku, "is well stocked, and its alert was not armed again")


def _rows(story: Story) -> Iterator[tuple[str, Item, Shelf]]:
    """Shelves about which no event is missing for a known reason."""
    for sku, shelf in sorted(story.shelves.items()):
        if shelf.row is not None and sku not in story.moment.letters.skus:
            yield sku, shelf.row, shelf


def _units(row: Item) -> int:
    return int(number(row, "available") + number(row, "reserved"))


def _has_settled(shelf: Shelf, moment: Moment) -> bool:
    # Before that, what committed first may not be recorded yet.
    return shelf.first != "" and moment.settled(shelf.first)


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
