"""What stock rows, reservations, orders and movements tell, summed up per SKU, page by page.

The order of reading makes the sums comparable although the shop goes on selling:

* Reservations before stock rows: a stock row that nothing moved for a minute before the audit, as read
  after them, had the same reservations all the while, so they must add up exactly.
* Stock rows before orders before movements: what happens meanwhile is on the side where it is allowed
  for.

Memory: a few numbers per SKU, and the ids of the orders of two minutes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from ops.audit.model import Moment, Page
from ops.audit.outbox import sent_by, sku_in
from ops.core.rows import entries, number, text
from shared.contracts.topics import INVENTORY_STOCK_LOW
from shared.kernel.clock import iso
from shared.storage.records.reservation import ReservationStatus
from shared.storage.writes import Item

# Times of an order and of its movements come from one clock, but not from one reading of it.
BAND = timedelta(seconds=60)
_LIVE_REASONS = {"sale", "return"}


@dataclass(slots=True)
class SkuTotals:
    """One SKU: the row as read, and sums.

    Args:
        held: units of reservations that are in force.
        ordered: units in live orders whose movements must be recorded by now.
        sold: units in all live orders from before the stock row was read; ``maybe`` in those of about
            that moment.
        moved: units in recorded sales and returns of the same orders as ``ordered``.
        changed: units of all recorded movements that must be recorded by now.
        began: the highest stock that any sale or reservation saw.
        first, last: when the earliest and latest known movement was.
        only_sales: whether nothing but sales is known to have moved it, out of reservations or not.
        only_down: whether, beyond that, nothing was ever held, and so nothing ever came back.
        exact: whether every unit that moved was moved by a decision of the pipeline.
        lows: how often it fell to its threshold.
    """

    row: Item | None = None
    held: int = 0
    ordered: int = 0
    sold: int = 0
    maybe: int = 0
    moved: int = 0
    changed: int = 0
    began: int = 0
    first: str = ""
    last: str = ""
    only_sales: bool = True
    only_down: bool = True
    exact: bool = True
    lows: int = 0

    def came_back(self) -> None:
        """Units came to it past sales and reservations: what it began with cannot be told any more."""
        self.only_sales = self.only_down = False


@dataclass(slots=True)
class StockTotals:
    """All stock rows, filled page by page; judged at the end."""

    moment: Moment
    by_sku: dict[str, SkuTotals] = field(default_factory=dict)
    _around: set[str] = field(default_factory=set)

    def of(self, sku: str) -> SkuTotals:
        """The sums of a SKU."""
        return self.by_sku.setdefault(sku, SkuTotals())

    def reservations(self, page: Page) -> None:
        """What is held; before the stock."""
        for row in page.rows:
            if row.get("status") == ReservationStatus.HELD.value:
                for line in entries(row, "items"):
                    self.of(sku_in(line)).held += int(number(line, "quantity"))

    def stock(self, page: Page) -> None:
        """The stock rows, at the audit's moment."""
        for row in page.rows:
            self.of(text(row, "sku")).row = row

    def orders(self, page: Page) -> None:
        """What was ordered; after the stock, before the movements."""
        for order in page.rows:
            created = text(order, "createdAt")
            cancelled = text(order, "status") == "CANCELLED"
            returned = _returned(order)
            undone = text(order, "updatedAt") if cancelled else max(returned.values(), default="")
            settled = self._is_settled(order, created, undone)
            for line in entries(order, "items"):
                sku = sku_in(line)
                sums = self.of(sku)
                units = 0 if cancelled else int(number(line, "quantity")) - _back(order, sku)
                if cancelled or sku in returned:
                    sums.came_back()
                sums.ordered += units if settled else 0
                if created < iso(self.moment.now - BAND):
                    sums.sold += units
                elif created < iso(self.moment.now + BAND):
                    sums.maybe += units

    def movements(self, page: Page) -> None:
        """What was recorded."""
        for row in page.rows:
            sums, at = self.of(text(row, "sku")), text(row, "movementId").partition("#")[0]
            sums.first, sums.last = min(sums.first or at, at), max(sums.last, at)
            delta = int(number(row, "delta"))
            _judge(sums, row, delta)
            settled = at < iso(self.moment.now - self.moment.patience + BAND)
            sums.changed += delta if settled else 0
            order, reason = text(row, "orderId"), text(row, "reason")
            if order and order not in self._around and reason in _LIVE_REASONS:
                sums.moved -= delta if settled else 0

    def ledger(self, page: Page) -> None:
        """How often alerts were raised."""
        for record in page.rows:
            for sent in sent_by(record):
                if sent.event_type == INVENTORY_STOCK_LOW:
                    self.of(sku_in(sent.payload)).lows += 1

    def _is_settled(self, order: Item, created: str, undone: str) -> bool:
        cutoff = self.moment.now - self.moment.patience
        if created < iso(cutoff - BAND) and not (undone and not self.moment.settled(undone)):
            return True
        if created < iso(cutoff + BAND) or undone:
            self._around.add(text(order, "orderId"))
        return False


def _judge(sums: SkuTotals, row: Item, delta: int) -> None:
    """What a movement leaves of what can be proved."""
    reason, ours = text(row, "reason"), text(row, "orderId") != ""
    decided = "causationId" in row
    sums.exact = sums.exact and (delta == 0 or decided)
    if reason == "hold" and "previousStock" in row:
        # Nothing is sold by it, and the one that comes first sees the stock row as it began.
        sums.began = max(sums.began, int(number(row, "previousStock")))
        sums.only_down = False
    elif reason == "sale" and ours:
        sums.began = max(sums.began, int(number(row, "previousStock")))
    elif delta == 0 and (ours or decided):
        # A reservation ended, whose units were the stock row's all the while, or the threshold is a new one.
        sums.only_down = False
    else:
        sums.came_back()


def _returned(order: Item) -> Mapping[str, str]:
    """When goods of each SKU last came back to a stock row, from a customer who had them."""
    found: dict[str, str] = {}
    for entry in entries(order, "returns"):
        sku = sku_in(entry)
        found[sku] = max(found.get(sku, ""), text(entry, "at"))
    return found


def _back(order: Item, sku: str) -> int:
    returns = (entry for entry in entries(order, "returns") if sku_in(entry) == sku)
    return sum(int(number(entry, "quantity")) for entry in returns)
