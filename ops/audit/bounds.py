"""No item grows without bound: what any number of events may tell is kept in part (I30)."""

from collections.abc import Iterator

from ops.audit.model import Check, Finding, Moment, Page
from ops.core.rows import entries, name_of
from shared.storage.bounded import FIRST, NEWEST
from shared.storage.schema import CHECKOUTS, DEAD_LETTERS, NOTIFICATIONS, ORDERS

# Steps of a life that are kept beside what was noted, more than there can be.
_STEPS = 20


def orders(page: Page, _moment: Moment) -> Iterator[Finding]:
    """Timelines of orders."""
    return _too_long(ORDERS.name, page, "timeline")


def checkouts(page: Page, _moment: Moment) -> Iterator[Finding]:
    """Timelines of checkouts."""
    return _too_long(CHECKOUTS.name, page, "timeline")


def dead_letters(page: Page, _moment: Moment) -> Iterator[Finding]:
    """Histories of dead letters."""
    return _too_long(DEAD_LETTERS.name, page, "history")


def sends(page: Page, _moment: Moment) -> Iterator[Finding]:
    """What operators decided about mail."""
    return _too_long(NOTIFICATIONS.name, page, "history")


def _too_long(table: str, page: Page, name: str) -> Iterator[Finding]:
    for row in page.rows:
        kept, newest = len(entries(row, name)), len(entries(row, f"{name}Newest"))
        if kept > FIRST + _STEPS or newest > NEWEST:
            subject = name_of(table, row)[1][0]
            yield Finding(
                subject, f"its {name} has {kept + newest} entries: it grows without bound"
            )


CHECKS = (
    Check("timelines of orders are bounded", "I30", ORDERS.name, orders),
    Check("timelines of checkouts are bounded", "I30", CHECKOUTS.name, checkouts),
    Check("histories of dead letters are bounded", "I30", DEAD_LETTERS.name, dead_letters),
    Check("histories of mail are bounded", "I30", NOTIFICATIONS.name, sends),
)
