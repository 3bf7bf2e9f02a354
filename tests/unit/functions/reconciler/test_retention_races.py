"""What changed since an index named it, or since it was read, keeps its copy (S44)."""

from collections.abc import Sequence
from typing import Any

import pytest

from functions.reconciler.retention_store import DecidedCheckoutTables, SettledDeadLetterTables
from shared.storage.writes import Write
from tests.builders import checkout_row, dead_letter_row
from tests.fakes.clock import ManualClock
from tests.fakes.tables import InMemoryTables

BEFORE, SINCE = "2026-02-01T00:00:00.000Z", "2026-02-02T00:00:00.000Z"
LONG_AGO = "2026-01-01T00:00:00.000Z"
LETTER: dict[str, Any] = {
    "state": "resolved",
    "closedAt": LONG_AGO,
    "closedShard": "0",
    "failures": 2,
    "originalEvent": '{"payload":{"customerName":"Ada Example"}}',
}
CHECKOUT: dict[str, Any] = {
    "status": "confirmed",
    "decidedAt": LONG_AGO,
    "decidedShard": "0",
    "identity": {"items": "a digest"},
    "command": {"body": "Ada Example"},
}


class Racing(InMemoryTables):
    """Another program changes a row after it was read and before it is written."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: tuple[str, dict[str, Any]] | None = None

    def transact(self, writes: Sequence[Write]) -> None:
        if self.meanwhile is not None:
            self.seed(*self.meanwhile)
        super().transact(writes)


@pytest.fixture
def tables() -> Racing:
    return Racing()


def letter(tables: Racing) -> Any:
    return tables.get("dead_letters", {"eventId": "evt-1"})


def remove_letter(tables: Racing) -> bool:
    return SettledDeadLetterTables(tables, ManualClock()).remove("evt-1", BEFORE)


def remove_checkout(tables: Racing, order_id: str) -> bool:
    return DecidedCheckoutTables(tables, ManualClock()).remove(order_id, BEFORE)


def test_a_settled_dead_letter_whose_time_is_over_loses_its_copy(tables):
    tables.seed("dead_letters", dead_letter_row(**LETTER))

    assert remove_letter(tables)
    assert "Ada" not in str(letter(tables))


NEWS: list[dict[str, Any]] = [
    {"closedAt": SINCE},
    {"dueAt": SINCE, "dueShard": "0"},
    {"state": "open"},
]


@pytest.mark.parametrize("news", NEWS)
def test_a_dead_letter_that_the_index_names_too_late_keeps_its_copy(tables, news):
    tables.seed("dead_letters", dead_letter_row(**LETTER) | news)

    assert not remove_letter(tables)
    assert "Ada" in str(letter(tables))


@pytest.mark.parametrize("news", [*NEWS, {"failures": 3}])
def test_a_dead_letter_that_changes_while_it_is_read_keeps_its_copy(tables, news):
    """Its event failed again: the copy is all that an operator has of it."""
    row = dead_letter_row(**LETTER)
    tables.seed("dead_letters", row)
    tables.meanwhile = ("dead_letters", row | news)

    assert not remove_letter(tables)
    assert "Ada" in str(letter(tables))


def test_a_checkout_that_was_decided_since_keeps_its_copy(tables):
    row = checkout_row(**CHECKOUT)
    tables.seed("checkouts", row | {"decidedAt": SINCE})

    assert not remove_checkout(tables, row["orderId"])
    assert "Ada" in str(tables.all("checkouts"))


def test_a_checkout_that_is_decided_anew_while_it_is_read_keeps_its_copy(tables):
    row = checkout_row(**CHECKOUT)
    tables.seed("checkouts", row)
    tables.meanwhile = ("checkouts", row | {"decidedAt": SINCE})

    assert not remove_checkout(tables, row["orderId"])
    assert "Ada" in str(tables.all("checkouts"))


def test_a_decided_checkout_whose_time_is_over_loses_its_copy(tables):
    row = checkout_row(**CHECKOUT)
    tables.seed("checkouts", row)

    assert remove_checkout(tables, row["orderId"])
    assert "Ada" not in str(tables.all("checkouts"))
