"""Whether shelves, movements and orders tell the same story: sums over everything ever sold.

What can be proved without knowing how many units a shelf began with:

* Each order's lines are movements, so per SKU the sale movements add up to the lines of live
  orders, except for sales whose event is a dead letter (``recorded_sales``).
* The sale that committed first read the shelf before anything was sold, so if nothing but sales
  ever moved a shelf, the highest ``previousStock`` is what it began with, and its units must be
  that minus everything in live orders (``stock_drift``). Restocks and corrections end this proof:
  they set the shelf past the pipeline, and the numbers in their events are as seen by others.
* If nothing but sales moved it, it fell to its threshold at most once (``low_alerts``).

Memory: a few numbers per SKU, and the ids of the orders of two minutes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from ops.audit.model import Check, Finding, Moment, Page, entries, number, text
from ops.audit.outbox import sent_by, sku_in
from shared.clock import iso
from shared.contracts.topics import INVENTORY_STOCK_LOW
from shared.schema import STOCK
from shared.writes import Item

# Times of an order and of its movements come from one clock, but not from one reading of it.
_BAND = timedelta(seconds=60)
_LIVE_REASONS = {"sale", "return"}


@dataclass(slots=True)
class Shelf:
    """One SKU: the row as read, and sums.

    Args:
        ordered: units in live orders whose movements must be recorded by now.
        sold: units in all live orders from before the shelf was read; ``maybe`` in those of about
            that moment.
        moved: units in recorded sales of the same orders as ``ordered``.
        began: the highest stock that any sale saw.
        first, last: when the earliest and latest known movement was.
        only_sales: whether nothing but sales is known to have moved it.
        lows: how often it fell to its threshold.
    """

    row: Item | None = None
    ordered: int = 0
    sold: int = 0
    maybe: int = 0
    moved: int = 0
    began: int = 0
    first: str = ""
    last: str = ""
    only_sales: bool = True
    lows: int = 0


@dataclass(slots=True)
class Story:
    """All shelves, filled page by page; judged at the end."""

    moment: Moment
    shelves: dict[str, Shelf] = field(default_factory=dict)
    _around: set[str] = field(default_factory=set)

    def shelf(self, sku: str) -> Shelf:
        """The sums of a SKU."""
        return self.shelves.setdefault(sku, Shelf())

    def stock(self, page: Page) -> None:
        """The rows of shelves; read first, at the audit's moment."""
        for row in page.rows:
            self.shelf(text(row, "sku")).row = row

    def orders(self, page: Page) -> None:
        """What was ordered; after the stock, before the movements."""
        for order in page.rows:
            created = text(order, "createdAt")
            cancelled = text(order, "status") == "CANCELLED"
            settled = self._is_settled(order, created, cancelled=cancelled)
            for line in entries(order, "items"):
                shelf = self.shelf(sku_in(line))
                units = 0 if cancelled else int(number(line, "quantity"))
                shelf.ordered += units if settled else 0
                if created < iso(self.moment.now - _BAND):
                    shelf.sold += units
                elif created < iso(self.moment.now + _BAND):
                    shelf.maybe += units

    def movements(self, page: Page) -> None:
        """What was recorded."""
        for row in page.rows:
            shelf, at = self.shelf(text(row, "sku")), text(row, "movementId").partition("#")[0]
            shelf.first, shelf.last = min(shelf.first or at, at), max(shelf.last, at)
            shelf.began = max(shelf.began, int(number(row, "previousStock")))
            order, reason = text(row, "orderId"), text(row, "reason")
            shelf.only_sales = shelf.only_sales and reason == "sale" and order != ""
            if order and order not in self._around and reason in _LIVE_REASONS:
                settled = at < iso(self.moment.now - self.moment.patience + _BAND)
                shelf.moved -= int(number(row, "delta")) if settled else 0

    def ledger(self, page: Page) -> None:
        """How often alerts were raised."""
        for record in page.rows:
            for sent in sent_by(record):
                if sent.event_type == INVENTORY_STOCK_LOW:
                    self.shelf(sku_in(sent.payload)).lows += 1

    def _is_settled(self, order: Item, created: str, *, cancelled: bool) -> bool:
        cutoff = self.moment.now - self.moment.patience
        if created < iso(cutoff - _BAND) and not (
            cancelled and not self.moment.settled(text(order, "updatedAt"))
        ):
            return True
        if created < iso(cutoff + _BAND) or cancelled:
            self._around.add(text(order, "orderId"))
        return False


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


def recorded_sales(story: Story) -> Iterator[Finding]:
    """Sale movements add up to the lines of live orders (I2)."""
    letters = story.moment.letters
    for sku, shelf in sorted(story.shelves.items()):
        moved = shelf.moved - letters.unrecorded.get(sku, 0)
        if moved != shelf.ordered:
            said = f"{shelf.ordered} units are in live orders, {moved} in movements"
            yield Finding(sku, said)


def stock_drift(story: Story) -> Iterator[Finding]:
    """What is left is what there was minus what was ordered, where that can be proved (I2)."""
    for sku, shelf in sorted(story.shelves.items()):
        if shelf.row is None or not _is_provable(sku, shelf, story.moment):
            continue
        left = int(number(shelf.row, "available") + number(shelf.row, "reserved"))
        most = shelf.began - shelf.sold
        if not most - shelf.maybe <= left <= most:
            said = f"began with {shelf.began}, {shelf.sold} are ordered, {left} are left"
            yield Finding(sku, said)


def low_alerts(story: Story) -> Iterator[Finding]:
    """One alert per fall to the threshold: at most one while nothing is restocked, and a shelf
    whose last sale left it low is not armed any more (I22)."""
    for sku, shelf in sorted(story.shelves.items()):
        if shelf.row is None or not _is_provable(sku, shelf, story.moment):
            continue
        if shelf.lows > 1:
            yield Finding(sku, f"{shelf.lows} alerts for one fall to the threshold")
        low = number(shelf.row, "available") <= number(shelf.row, "threshold")
        quiet = story.moment.settled(shelf.last) and not shelf.maybe
        if low and quiet and shelf.row.get("alert") == "armed":
            yield Finding(sku, "is low, and no alert was raised")


def _is_provable(sku: str, shelf: Shelf, moment: Moment) -> bool:
    known = shelf.first and shelf.only_sales and sku not in moment.letters.skus
    # Before that, the sale that committed first may not be recorded yet.
    return bool(known) and moment.settled(shelf.first)


CHECKS = (
    Check("stock is never below zero", "I1", STOCK.name, never_negative),
    Check("alert state exists", "I22", STOCK.name, alert_state),
)
SUMS = (
    ("sales are in the movements", "I2", recorded_sales),
    ("stock is what was not ordered", "I2", stock_drift),
    ("one low-stock alert per fall", "I22", low_alerts),
)
