"""Brings the stock table to what a catalogue says: one transaction per product, each conditional on
the row as it was read.

Names, prices and thresholds are what the file says they are, as often as it is imported. A count is
different: it was true when somebody counted, so the ledger remembers per file and product that it
was applied, and the file never undoes what was sold since. Stopped halfway, the same file carries on
where it was.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from ops.core.operator_ledger import CONSUMER, OperatorLedger
from ops.stock.catalogue_diff import Change
from ops.stock.catalogue_file import Entry
from ops.stock.domain import Shelf, parts_of
from ops.stock.effects import Deed, announced, audited
from ops.stock.problems import CatalogueError
from ops.stock.twins import refused, twins
from shared.contracts.envelope import JsonObject
from shared.contracts.inventory import StockReason
from shared.kernel.clock import Clock, iso
from shared.kernel.errors import PipelineError
from shared.messaging.effects import Effects
from shared.messaging.ledger import AlreadyRecordedError, Record
from shared.messaging.outbox import Emit
from shared.storage.ports import Tables
from shared.storage.schema import LEDGER, STOCK
from shared.storage.writes import (
    Absent,
    Check,
    Condition,
    Equals,
    Key,
    Put,
    Update,
    Write,
)

_PER_READ = 50
# Products whose events travel in one request.
_PER_PUBLISH = 20

Progress = Callable[[int], None]


def key_of(data: bytes) -> str:
    """The key of a file: the same content is the same import."""
    return f"file-{hashlib.sha256(data).hexdigest()[:24]}"


class Importer:
    """One import.

    Args:
        key: names the counts of the file: under it each is applied once.
        new_id: a fresh name for a change that no count goes with.
        progress: told how many products are done.
    """

    def __init__(
        self,
        tables: Tables,
        ledger: OperatorLedger,
        clock: Clock,
        *,
        operator: str,
        why: str,
        key: str,
        new_id: Callable[[], str],
        progress: Progress = lambda _: None,
    ) -> None:
        self._tables, self._ledger, self._clock = tables, ledger, clock
        self._operator, self._why, self._key = operator, why, key
        self._new_id, self._progress = new_id, progress
        self.unpublished: PipelineError | None = None

    def refuse_twins(self, entries: Sequence[Entry]) -> None:
        """Refuse SKUs that differ only in case, unless the catalogue has both.

        Raises:
            CatalogueError: names both lines of each pair.
            DependencyError: the store did not answer.
        """
        pairs = list(twins(entries))
        skus = sorted({entry.sku for pair in pairs for entry in pair})
        known: set[str] = set()
        for start in range(0, len(skus), _PER_READ):
            some = skus[start : start + _PER_READ]
            rows = self._tables.get_many([(STOCK.name, {"sku": sku}) for sku in some])
            known |= {sku for sku, row in zip(some, rows, strict=True) if row is not None}
        if problems := refused(pairs, known):
            raise CatalogueError(problems)

    def look(self, entries: Sequence[Entry]) -> Iterator[Change]:
        """What the entries would change, now, in their order.

        Raises:
            DependencyError: the store did not answer.
        """
        for start in range(0, len(entries), _PER_READ):
            some = entries[start : start + _PER_READ]
            keys: list[tuple[str, Key]] = [(STOCK.name, {"sku": entry.sku}) for entry in some]
            keys += [(LEDGER.name, {"id": f"{CONSUMER}#{self._counted(e)}"}) for e in some]
            rows = self._tables.get_many(keys)
            for entry, row, record in zip(some, rows, rows[len(some) :], strict=False):
                shelf = None if row is None else Shelf.from_item(row)
                yield Change(entry, shelf, counted=record is not None)

    def run(self, entries: Sequence[Entry]) -> Iterator[Change]:
        """Bring every product to what its entry says; what was changed of each, in their order.

        Raises:
            ContentionError: others kept moving a shelf. What came before is stored.
            DependencyError: the store did not answer. What came before is stored.
        """
        records: list[Record] = []
        try:
            for number, seen in enumerate(self.look(entries), 1):
                change, record = self._bring(seen)
                records += [record] if record is not None else []
                if len(records) >= _PER_PUBLISH:
                    self._publish(records)
                self._progress(number)
                yield change
        finally:
            self._publish(records)

    def _publish(self, records: list[Record]) -> None:
        # A service that is down is not asked again for every product: the reconciler has them all.
        if self.unpublished is None:
            self.unpublished = self._ledger.publish(records)
        records.clear()

    def _bring(self, seen: Change) -> tuple[Change, Record | None]:
        entry = seen.entry

        def brought(attempt: int) -> tuple[Change, Record | None]:
            [change] = [seen] if attempt == 1 else self.look([entry])
            if change.is_nothing:
                return change, None
            deed = self._deed(change)
            record = self._ledger.commit(
                deed.event_id,
                "stock.import",
                self._effects(change, deed),
                attempt=attempt,
                correlation_id="",
            )
            return change, record

        return self._ledger.retry_contention(
            brought,
            also_on=(AlreadyRecordedError,),  # another import of this file is at work: look again
            gave_up=f"line {entry.line}: others keep moving {entry.sku}",
        )

    def _counted(self, entry: Entry) -> str:
        digest = hashlib.sha256(entry.sku.encode()).hexdigest()[:24]
        return f"operator:{self._key}:{digest}"

    def _deed(self, change: Change) -> Deed:
        counts = change.counts
        event_id = self._counted(change.entry) if counts else f"operator:{self._new_id()}"
        asked = f"import {change.entry.sku} of {self._key}"
        return Deed(event_id, asked, self._operator, self._why, iso(self._clock.now()))

    def _effects(self, change: Change, deed: Deed) -> Effects:
        if change.shelf is None:
            return _created(change, deed)
        if not any(change.fields()):
            # Counted, and right: that much is remembered, and nobody needs to be told.
            as_counted = (Equals("available", change.shelf.available),)
            check = Check(STOCK.name, {"sku": change.shelf.sku}, when=as_counted)
            return Effects(outcome="counted", writes=[check])
        return _updated(change, change.shelf, deed)


def _created(change: Change, deed: Deed) -> Effects:
    entry, units = change.entry, change.entry.available or 0
    product, variation = parts_of(entry.sku)
    # Nobody needs a mail about every new shelf that begins empty: it is armed when it is filled.
    alert = "raised" if units <= change.threshold else "armed"
    row = {
        "sku": entry.sku,
        "productId": product,
        "variationId": variation,
        "name": entry.name,
        "price": entry.price,
        "available": units,
        "reserved": 0,
        "threshold": change.threshold,
        "alert": alert,
        # From here on every unit is a movement: the audit may add them up.
        "openedWith": 0,
        "updatedAt": deed.at,
    }
    shelf = Shelf(
        entry.sku, product, variation, entry.name, entry.price, units, 0, change.threshold, alert
    )
    return _effects(
        "created",
        [Put(STOCK.name, row, when=(Absent(),))],
        [announced(shelf, units, "restock", before=0)] if units else [],
        audited(
            deed, "catalogue.created", product, entry.sku, before=None, after=_state(shelf, units)
        ),
    )


def _updated(change: Change, shelf: Shelf, deed: Deed) -> Effects:
    entry, after = change.entry, shelf.available + change.delta
    wanted = Shelf(
        shelf.sku,
        shelf.product_id,
        shelf.variation_id,
        entry.name,
        entry.price,
        after,
        shelf.reserved,
        change.threshold,
        shelf.alert,
    )
    as_read: list[Condition] = [
        Equals("name", shelf.name),
        Equals("price", shelf.price),
        Equals("threshold", shelf.threshold),
    ]
    if change.counts:
        as_read.append(Equals("available", shelf.available))
    write = Update(
        STOCK.name,
        {"sku": shelf.sku},
        set={
            "name": entry.name,
            "price": entry.price,
            "threshold": change.threshold,
            "updatedAt": deed.at,
        },
        add={"available": change.delta} if change.delta else {},
        when=tuple(as_read),
    )
    # A new threshold moves nothing, but the inventory must look whether the shelf is low by it.
    told = change.delta or change.threshold != shelf.threshold
    reason: StockReason = "adjustment"
    return _effects(
        "updated",
        [write],
        [announced(shelf, after, reason)] if told else [],
        audited(
            deed,
            "catalogue.updated",
            shelf.product_id,
            shelf.sku,
            before=_state(shelf, shelf.available),
            after=_state(wanted, after),
        ),
    )


def _effects(outcome: str, writes: Sequence[Write], moves: Sequence[Emit], audit: Emit) -> Effects:
    return Effects(outcome=outcome, writes=writes, emits=[*moves, audit])


def _state(shelf: Shelf, available: int) -> JsonObject:
    return {
        "name": shelf.name,
        "price": Decimal(shelf.price),
        "available": available,
        "threshold": shelf.threshold,
    }
