"""What a line of a catalogue changes of the stock row as it is. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ops.stock.catalogue_file import Entry
from shared.storage.records.stock import StockRow


@dataclass(frozen=True, slots=True)
class Change:
    """A product as the file wants it, beside the product as it was read.

    Args:
        row: None for a new product.
        counted: the file's count of it was applied before: it is not applied again, because what
            was sold since would come back.
    """

    entry: Entry
    row: StockRow | None
    counted: bool

    @property
    def is_new(self) -> bool:
        """Whether there is no such product yet."""
        return self.row is None

    @property
    def counts(self) -> bool:
        """Whether the file counts the units, for the first time."""
        return self.entry.available is not None and not self.counted

    @property
    def differs_from_its_count(self) -> bool:
        """Whether units moved since the file's count was applied."""
        if self.row is None or self.entry.available is None:
            return False
        return self.counted and self.row.available != self.entry.available

    @property
    def delta(self) -> int:
        """Units that come to the stock, or leave it if negative."""
        if self.entry.available is None or not self.counts:
            return 0
        return self.entry.available - (self.row.available if self.row is not None else 0)

    @property
    def threshold(self) -> int:
        """The threshold afterwards. A new product that names none alerts when it is sold out."""
        if self.entry.threshold is not None:
            return self.entry.threshold
        return self.row.threshold if self.row is not None else 0

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is to be written, not even that the units were counted."""
        return not self.is_new and not self.counts and not any(self.fields())

    def fields(self) -> Iterator[tuple[str, str, str]]:
        """What changes of a product that is there: column, now, and afterwards."""
        if self.row is None:
            return
        if self.entry.name != self.row.name:
            yield "name", self.row.name, self.entry.name
        if self.entry.price != self.row.price:
            yield "price", f"{self.row.price:.2f}", f"{self.entry.price:.2f}"
        if self.threshold != self.row.threshold:
            yield "threshold", str(self.row.threshold), str(self.threshold)
        if self.delta:
            after = self.row.available + self.delta
            yield "stock", str(self.row.available), f"{after} ({self.delta:+d})"


@dataclass(slots=True)
class Summary:
    """How many products, and what changes of them.

    Args:
        counted_before: products whose units moved since this file's count was applied.
    """

    products: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    units: int = 0
    counted_before: int = 0
    columns: Counter[str] = field(default_factory=Counter)


def summary_of(changes: Iterable[Change]) -> Summary:
    """The changes, counted."""
    summary = Summary()
    for change in changes:
        columns = [column for column, _, _ in change.fields()]
        summary.products += 1
        summary.new += change.is_new
        summary.changed += bool(columns)
        summary.unchanged += not change.is_new and not columns
        summary.units += change.delta
        summary.counted_before += change.differs_from_its_count
        summary.columns.update(columns)
    return summary
