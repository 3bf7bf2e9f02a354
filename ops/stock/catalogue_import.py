"""Brings the stock table to what a catalogue says: one transaction per product, each conditional on
the row as it was read.

Names, prices and thresholds are what the file says they are, as often as it is imported. A count is
different: it was true when it was made, so the ledger remembers per file and product that it
was applied, and the file never undoes what was sold since. Stopped halfway, the same file carries on
where it was.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ops.core.operator_ledger import OperatorLedger
from ops.stock.catalogue_diff import Change
from ops.stock.catalogue_file import Entry
from ops.stock.catalogue_problems import CatalogueError
from ops.stock.catalogue_twins import refused, twins
from ops.stock.domain import OperatorAction
from ops.stock.effects import announced, audited
from ops.stock.store import StockTables
from shared.contracts.audit_actions import AuditAction
from shared.contracts.envelope import JsonObject
from shared.kernel.clock import Clock, iso
from shared.kernel.errors import PipelineError, UnreadableRowError
from shared.messaging.effects import Effects
from shared.messaging.ledger import AlreadyRecordedError, Record
from shared.messaging.outbox import Emit
from shared.storage.ports import Tables
from shared.storage.records.stock import (
    ARMED,
    RAISED,
    StockRow,
    adjust,
    insert_stock_row,
    update_catalogue,
)
from shared.storage.writes import Write

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
        self._stock, self._ledger, self._clock = StockTables(tables), ledger, clock
        self._operator, self._why, self._key = operator, why, key
        self._new_id, self._progress = new_id, progress
        self.unpublished: PipelineError | None = None
        self.unreadable: list[UnreadableRowError] = []

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
            known |= self._stock.find_all(skus[start : start + _PER_READ]).keys()
        if problems := refused(pairs, known):
            raise CatalogueError(problems)

    def look(self, entries: Sequence[Entry]) -> Iterator[Change]:
        """What the entries would change, now, in their order.

        An entry whose row cannot be read is left as it is, and is in ``unreadable`` afterwards.

        Raises:
            DependencyError: the store did not answer.
        """
        for start in range(0, len(entries), _PER_READ):
            some = entries[start : start + _PER_READ]
            known = self._stock.look_for_import({e.sku: self._counted(e) for e in some})
            for entry in some:
                row, counted = known[entry.sku]
                if isinstance(row, UnreadableRowError):
                    self.unreadable.append(row)
                    continue
                yield Change(entry, row, counted=counted)

    def run(self, entries: Sequence[Entry]) -> Iterator[Change]:
        """Bring every product to what its entry says; what was changed of each, in their order.

        Raises:
            ContentionError: others kept changing a row. What came before is stored.
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
            change = seen if attempt == 1 else next(self.look([entry]), None)
            if change is None:
                return seen, None  # it became unreadable meanwhile
            if change.is_nothing:
                return change, None
            action = self._action(change)
            record = self._ledger.commit(
                action.event_id,
                "stock.import",
                self._effects(change, action),
                attempt=attempt,
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

    def _action(self, change: Change) -> OperatorAction:
        counts = change.counts
        event_id = self._counted(change.entry) if counts else f"operator:{self._new_id()}"
        asked = f"import {change.entry.sku} of {self._key}"
        return OperatorAction(event_id, asked, self._operator, self._why, iso(self._clock.now()))

    def _effects(self, change: Change, action: OperatorAction) -> Effects:
        if change.row is None:
            return _created(change, action)
        if not any(change.fields()):
            # Counted, and right: that much is remembered, and there is nothing to announce.
            return Effects(outcome="counted", writes=[adjust(change.row, 0, action.at)])
        return _updated(change, change.row, action)


def _created(change: Change, action: OperatorAction) -> Effects:
    entry, units = change.entry, change.entry.available or 0
    row = StockRow(
        sku=entry.sku,
        name=entry.name,
        price=entry.price,
        available=units,
        threshold=change.threshold,
        # A mail about every new SKU that begins empty helps no shop: it is armed when it is filled.
        alert=RAISED if units <= change.threshold else ARMED,
        # From here on every unit is a movement: the audit may add them up.
        opened_with=0,
        updated_at=action.at,
    )
    return _effects(
        "created",
        insert_stock_row(row),
        [announced(row, "restock", before=0, after=units)] if units else [],
        audited(
            action,
            AuditAction.CATALOGUE_CREATED,
            row.product_id,
            row.sku,
            before=None,
            after=_state(row),
        ),
    )


def _updated(change: Change, row: StockRow, action: OperatorAction) -> Effects:
    entry = change.entry
    wanted = replace(
        row,
        name=entry.name,
        price=entry.price,
        available=row.available + change.delta,
        threshold=change.threshold,
        updated_at=action.at,
    )
    # A new threshold moves nothing, but the inventory must look whether the SKU is low by it.
    is_news = change.delta or change.threshold != row.threshold
    return _effects(
        "updated",
        update_catalogue(row, wanted, counted=change.counts),
        [announced(row, "adjustment", after=wanted.available)] if is_news else [],
        audited(
            action,
            AuditAction.CATALOGUE_UPDATED,
            row.product_id,
            row.sku,
            before=_state(row),
            after=_state(wanted),
        ),
    )


def _effects(outcome: str, write: Write, moves: Sequence[Emit], audit: Emit) -> Effects:
    return Effects(outcome=outcome, writes=[write], emits=[*moves, audit])


def _state(row: StockRow) -> JsonObject:
    return {
        "name": row.name,
        "price": row.price,
        "available": row.available,
        "threshold": row.threshold,
    }
