"""The audit: every table once, every check on every page, and the sums at the end."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ParamSpec, TypeVar

from ops.audit import bounds, checkouts, dead_letters, ledger, notifications, orders, stock
from ops.audit.model import Check, Finding, Moment, Page
from ops.audit.stock_totals import StockTotals
from ops.core.rows import Name, name_of
from ops.core.table_reader import Source
from shared.storage.odd import OddAttributeError
from shared.storage.readable import ODD
from shared.storage.schema import (
    CHECKOUTS,
    DEAD_LETTERS,
    LEDGER,
    MOVEMENTS,
    NOTIFICATIONS,
    ORDERS,
    RESERVATIONS,
    STOCK,
)
from shared.storage.writes import Item

CHECKS: tuple[Check, ...] = (
    *stock.CHECKS,
    *orders.CHECKS,
    *checkouts.CHECKS,
    *ledger.CHECKS,
    *notifications.CHECKS,
    *dead_letters.CHECKS,
    *bounds.CHECKS,
)
# The findings of one check that are kept; the others are only counted.
MOST_FINDINGS = 1000

T = TypeVar("T")
P = ParamSpec("P")
Progress = Callable[[str, int], None]
_FIRST: Mapping[str, Callable[[Item], list[Name]]] = {
    ORDERS.name: orders.first_round,
    CHECKOUTS.name: checkouts.first_round,
    LEDGER.name: ledger.first_round,
    NOTIFICATIONS.name: notifications.first_round,
    DEAD_LETTERS.name: dead_letters.first_round,
}


@dataclass(slots=True)
class Result:
    """What one check came to.

    Args:
        rows: how many it looked at.
        found: the findings, up to a bound; ``breaches`` and ``attentions`` count all.
    """

    name: str
    invariant: str
    rows: int = 0
    breaches: int = 0
    attentions: int = 0
    found: list[Finding] = field(default_factory=list)

    def add(self, findings: Iterable[Finding], *, strict: bool) -> None:
        """Count findings, and keep the first ones."""
        for finding in findings:
            worth_a_look = finding.attention and not strict
            self.attentions += worth_a_look
            self.breaches += not worth_a_look
            if len(self.found) < MOST_FINDINGS:
                self.found.append(replace(finding, attention=worth_a_look))


@dataclass(slots=True)
class Audit:
    """One audit of one stage.

    Args:
        strict: what only needs attention breaks a promise, where a check has that.
        progress: told the table and how many of its rows were looked at so far.
    """

    source: Source
    moment: Moment
    strict: bool = False
    progress: Progress = lambda _table, _rows: None
    _results: dict[str, Result] = field(default_factory=dict)
    _odd: Result = field(default_factory=lambda: Result("rows can be read", "S33"))
    _reported: set[Name] = field(default_factory=set)

    def run(self) -> list[Result]:
        """Every check's result.

        Raises:
            DependencyError: the store did not answer.
        """
        self._results = {check.name: Result(check.name, check.invariant) for check in CHECKS}
        totals = StockTotals(self.moment)
        # First what explains what is missing elsewhere; then in the order that `totals` needs.
        for table, also in (
            (DEAD_LETTERS.name, lambda page: dead_letters.learn(page, self.moment.dead_letters)),
            (RESERVATIONS.name, totals.reservations),
            (STOCK.name, totals.stock),
            (ORDERS.name, totals.orders),
            (CHECKOUTS.name, _nothing),
            (LEDGER.name, totals.ledger),
            (NOTIFICATIONS.name, _nothing),
            (MOVEMENTS.name, totals.movements),
        ):
            self._read(table, also)
        results = [*self._results.values(), *self._sums(totals)]
        return [*results, self._odd] if self._odd.found else results

    def _read(self, table: str, also: Callable[[Page], None]) -> None:
        checks = [check for check in CHECKS if check.table == table]
        count = 0
        for page in self._pages(table):
            for row in page.rows:
                self._alone(table, row, partial(also, Page([row], page.known)))
            count += len(page.rows)
            for check in checks:
                result = self._results[check.name]
                result.rows += len(page.rows)
                found = self._looked_at(check, page)
                result.add(found, strict=self.strict and check.strict)
            self.progress(table, count)

    def _looked_at(self, check: Check, page: Page) -> list[Finding]:
        """The findings on a page; row by row where one of them makes no sense."""
        try:
            return list(check.look(page, self.moment))
        except ODD:
            alone = [
                self._alone(
                    check.table,
                    row,
                    partial(_findings, check.look, Page([row], page.known), self.moment),
                )
                for row in page.rows
            ]
        return [finding for findings in alone for finding in findings or ()]

    def _alone(self, table: str, row: Item, do: Callable[[], T]) -> T | None:
        """Do something with one row; one that makes no sense is a finding, and stops no other."""
        try:
            return do()
        except ODD as error:
            name = name_of(table, row)
            if name not in self._reported:
                self._reported.add(name)
                why = error if isinstance(error, OddAttributeError) else type(error).__name__
                said = f"cannot be read: {why} in {table}"
                self._odd.rows += 1
                self._odd.add([Finding("/".join(name[1]), said)], strict=self.strict)
        return None

    def _pages(self, table: str) -> Iterator[Page]:
        for rows in self.source.pages(table):
            first = _FIRST.get(table, _none)
            names = [self._alone(table, row, partial(first, row)) or [] for row in rows]
            page = Page(rows, self.source.get([name for some in names for name in some]))
            if table == ORDERS.name:
                known = page.known
                mails = [
                    self._alone(table, row, partial(orders.second_round, Page([row], known))) or []
                    for row in rows
                ]
                more = self.source.get([name for some in mails for name in some])
                page = Page(rows, {**known, **more})
            yield page

    def _sums(self, totals: StockTotals) -> Sequence[Result]:
        results = []
        for name, invariant, look in stock.SUMS:
            result = Result(name, invariant, rows=len(totals.by_sku))
            for sku, of_sku in sorted(totals.by_sku.items()):
                alone = replace(totals, by_sku={sku: of_sku})
                row = of_sku.row or {"sku": sku}
                found = self._alone(STOCK.name, row, partial(_findings, look, alone))
                result.add(found or (), strict=self.strict)
            results.append(result)
        return results


def _findings(look: Callable[P, Iterable[Finding]], *on: P.args, **by: P.kwargs) -> list[Finding]:
    return list(look(*on, **by))


def _nothing(_page: Page) -> None:
    pass


def _none(_row: Item) -> list[Name]:
    return []
