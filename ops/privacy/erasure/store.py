"""The writes of an erasure: one for each row, each on the condition that the row is as it was read.

What leads to other rows goes after them: an erasure that was interrupted finds what is left.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ops.core.rows import name_of, text
from ops.privacy.nameless import ERASED_AT, Nameless
from ops.privacy.store import Found
from shared.commerce.payment_identity import (
    erased_identity,
    identity_of_checkout,
    identity_of_order,
)
from shared.messaging.dead_letters.redaction import nameless
from shared.storage.ports import Tables
from shared.storage.records.checkout import CheckoutRow
from shared.storage.records.order import erase_customer
from shared.storage.records.retention import redact_checkout, redact_dead_letter
from shared.storage.schema import AUDIT, LEDGER, NAMED_CORRELATION, NOTIFICATIONS, TABLES
from shared.storage.writes import (
    Absent,
    Condition,
    ConditionsFailed,
    Delete,
    Equals,
    Item,
    Missing,
    Present,
    Put,
    Write,
)


@dataclass(frozen=True, slots=True)
class Step:
    """What is done to one row.

    Args:
        kind: what the row is, for people.
        writes: commit together; of one row, but for an audit entry that gets another key.
    """

    kind: str
    writes: tuple[Write, ...]


def steps(found: Found, to: Nameless, pseudonym: str, now: str) -> Iterator[Step]:
    """Every step that is left to do, in its order."""
    yield from _records(found, to)
    yield from _entries(found, to)
    yield from _dead_letters(found, now)
    yield from _messages(found, to)
    for checkout in found.checkouts:
        identity = erased_identity(identity_of_checkout(checkout))
        if _says_something(checkout) and checkout.status is not None:
            yield Step("checkouts", (redact_checkout(checkout, identity, now),))
    for order in found.orders:
        placed = erased_identity(identity_of_order(order))
        yield Step("orders", (erase_customer(order, pseudonym, placed, now=now),))


def commit(tables: Tables, step: Step) -> bool:
    """Do a step; False if the row changed since it was read, and then nothing was done.

    Raises:
        ContentionError, DependencyError: it may or may not be done.
    """
    try:
        tables.transact(step.writes)
    except ConditionsFailed:
        return False
    return True


def _records(found: Found, to: Nameless) -> Iterator[Step]:
    for row in found.records:
        # A caller chose it, and may have chosen a name.
        kept = {n: value for n, value in to.record(row).items() if n != NAMED_CORRELATION}
        if kept != row:
            as_read = (Equals("state", text(row, "state")),)
            yield Step("records of events", (Put(LEDGER.name, kept, when=as_read),))


def _entries(found: Found, to: Nameless) -> Iterator[Step]:
    for row in found.audit:
        kept = to.entry(row)
        if kept == row:
            continue
        if kept["entity"] == row["entity"]:
            yield Step("audit entries", (Put(AUDIT.name, kept, when=(Present(),)),))
            continue
        moved = (
            Delete(AUDIT.name, _key(AUDIT.name, row), when=(Present(),)),
            Put(AUDIT.name, kept, when=(Absent(),)),
        )
        yield Step("audit entries", moved)


def _dead_letters(found: Found, now: str) -> Iterator[Step]:
    for row in found.dead_letters:
        kept = nameless(row.original, row.event_type)
        if not row.redacted_at:
            yield Step("dead letters", (redact_dead_letter(row, kept, now),))


def _messages(found: Found, to: Nameless) -> Iterator[Step]:
    for row in found.messages:
        if ERASED_AT not in row:
            yield Step("messages", (Put(NOTIFICATIONS.name, to.message(row), when=_as_read(row)),))
    for row in found.suppressions:
        if (kept := to.suppression(row)) != row:
            yield Step(
                "addresses on the suppression list",
                (Put(NOTIFICATIONS.name, kept, when=_as_read(row)),),
            )
    for row in found.devices:
        key = _key(NOTIFICATIONS.name, row)
        yield Step("device registrations", (Delete(NOTIFICATIONS.name, key, when=_as_read(row)),))


def _says_something(checkout: CheckoutRow) -> bool:
    known = identity_of_checkout(checkout)
    copy = checkout.user_id is not None or checkout.command is not None
    return copy or erased_identity(known) != known


def _as_read(row: Item) -> tuple[Condition, ...]:
    at = row.get("updatedAt")
    return (Missing("updatedAt"),) if at is None else (Equals("updatedAt", str(at)),)


def _key(table: str, row: Item) -> dict[str, str]:
    return dict(zip(TABLES[table].key_names(), name_of(table, row)[1], strict=True))
