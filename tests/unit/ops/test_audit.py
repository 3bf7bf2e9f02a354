"""The audit is silent about a healthy shop, and tells what is broken from what is under way."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from ops.audit.model import Moment, Name
from ops.audit.reading import by_name
from ops.audit.run import CHECKS, Audit, Result
from ops.audit.shelves import SUMS
from shared.clock import iso
from shared.ids import order_id_for
from shared.schema import TABLES
from shared.writes import Delete, Item
from tests.builders import checkout_command, checkout_payload, line, stock
from tests.fakes.clock import ManualClock
from tests.fakes.tables import InMemoryTables
from tests.pipeline import Pipeline

SOLD, REJECTED, OUTSIDE = (order_id_for(f"pay-{n}") for n in (1, 2, 3))


class Memory:
    """Tables in memory as the audit reads them, a few rows a page."""

    def __init__(self, rows: Mapping[str, Sequence[Item]], clock: ManualClock) -> None:
        self.tables, self.clock = InMemoryTables(), clock
        for table, items in rows.items():
            self.tables.seed(table, *items)

    def pages(self, table: str) -> Iterator[Sequence[Item]]:
        rows = self.tables.all(table)
        yield from (rows[start : start + 3] for start in range(0, len(rows), 3))

    def get(self, names: Iterable[Name]) -> Mapping[Name, Item]:
        return by_name(self.tables, names)

    def change(self, table: str, row: Item, **changes: Any) -> None:
        """Overwrite attributes, past all rules; None removes one."""
        self.tables.seed(table, {**row, **changes})

    def remove(self, table: str, row: Item) -> None:
        key = {name: str(row[name]) for name in TABLES[table].key_names()}
        self.tables.transact([Delete(table, key)])

    def one(self, table: str, **wanted: Any) -> Any:
        """The first row with these attributes."""
        return next(
            row
            for row in self.tables.all(table)
            if all(row.get(name) == value for name, value in wanted.items())
        )


@cache
def lived() -> tuple[Mapping[str, Sequence[Item]], ManualClock]:
    """An order of two lines, one that ran a shelf low, a rejection, and a command from outside."""
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock("mug", available=4), stock("jar"), stock("cup"))
    pipeline.checkout(checkout_payload(items=[line("mug", quantity=2), line("jar")]))
    # Accepted while there was enough, decided after a sale past the API.
    pipeline.checkout(checkout_payload(paymentId="pay-2", items=[line("cup", quantity=9)]))
    outside = checkout_command(paymentId="pay-3", event_id="evt-3", items=[line("cup", quantity=3)])
    pipeline.deliver("commands", outside)
    pipeline.drain()
    return {table: pipeline.memory.all(table) for table in TABLES}, pipeline.clock


@pytest.fixture
def shop() -> Memory:
    """The shop's tables, for one test to spoil."""
    return Memory(*lived())


def audited(
    shop: Memory, *, minutes: float = 20, later: float = 60, strict: bool = False
) -> dict[str, Result]:
    """The results of an audit an hour later."""
    moment = Moment(shop.clock.now() + timedelta(minutes=later), timedelta(minutes=minutes))
    return {result.name: result for result in Audit(shop, moment, strict=strict).run()}


def red(results: Mapping[str, Result]) -> set[str]:
    return {name for name, result in results.items() if result.breaches}


def test_a_healthy_shop_keeps_every_promise(shop):
    results = audited(shop, strict=True)

    assert red(results) == set()
    assert not any(result.found for result in results.values())
    assert set(results) == {check.name for check in CHECKS} | {name for name, _, _ in SUMS}
    assert results["one order per payment"].rows == 2


def test_what_is_under_way_is_not_judged(shop):
    moment = iso(shop.clock.now())
    fresh = {"orderId": "ord_fresh", "status": "accepted", "acceptedAt": moment}
    shop.tables.seed("checkouts", fresh)

    assert red(audited(shop, later=1)) == set()
    assert red(audited(shop, later=21)) == {"accepted is decided"}


def letter(event_id: str, **changes: Any) -> dict[str, Any]:
    """A dead letter."""
    return {
        "eventId": event_id,
        "state": "open",
        "topic": "orders",
        "eventType": "order.created",
        "cause": "HTTP 500",
        "originalEvent": "{}",
        "lastFailedAt": "2026-03-01T12:00:00.000Z",
        "replays": 0,
        **changes,
    }


def test_a_missing_event_that_is_a_dead_letter_is_only_to_look_at(shop):
    lost = shop.one("ledger", eventType="order.created")
    shop.remove("ledger", lost)
    shop.tables.seed("dead_letters", letter(lost["eventId"]))

    results = audited(shop)

    assert red(results) == set()
    assert results["no dead letter waits"].attentions == 1
    assert red(audited(shop, strict=True)) == {"no dead letter waits"}


def test_a_sale_whose_movement_is_a_dead_letter_is_no_drift(shop):
    movement = shop.one("movements", sku="jar")
    shop.remove("movements", movement)
    shop.remove("ledger", shop.one("ledger", eventId=movement["eventId"]))
    sale = {"productId": "jar", "orderId": SOLD, "reason": "sale", "delta": -1}
    shop.tables.seed(
        "dead_letters",
        letter(
            movement["eventId"],
            topic="inventory",
            eventType="inventory.stock.updated",
            originalEvent=json.dumps({"payload": sale}),
        ),
    )

    assert red(audited(shop)) == set()


def test_mail_of_unknown_fate_waits_for_a_person_and_breaks_nothing(shop):
    row = shop.one("notifications", templateId="order-rejected")
    shop.change("notifications", row, state="unknown", attention="unknown")

    results = audited(shop, strict=True)

    assert red(results) == set()
    assert results["mail is finished"].attentions == 1


def test_rows_that_may_have_expired_are_not_missed(shop):
    for table in ("ledger", "notifications"):
        for row in shop.tables.all(table):
            shop.remove(table, row)

    assert red(audited(shop, later=60 * 24 * 30)) == set()


def test_a_restocked_shelf_ends_what_can_be_proved_about_it(shop):
    movement = shop.one("movements", sku="jar")
    extra = {"movementId": "2026-03-01T12:00:09.000Z#r", "reason": "restock", "delta": 90}
    shop.tables.seed("movements", {**movement, **extra, "orderId": None})
    shop.change("stock", shop.one("stock", sku="jar"), available=99)

    assert red(audited(shop)) == set()
