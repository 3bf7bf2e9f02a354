"""The audit is silent about a healthy shop, and tells what is broken from what is under way."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from ops.audit.model import Moment
from ops.audit.run import CHECKS, Audit, Result
from ops.audit.stock import SUMS
from ops.core.operator_ledger import OperatorLedger
from ops.core.rows import Name
from ops.core.table_reader import by_name
from ops.stock.catalogue_file import parse
from ops.stock.catalogue_import import Importer
from shared.kernel.clock import iso
from shared.storage.schema import TABLES
from shared.storage.writes import Delete, Item
from tests.builders import (
    checkout_command,
    checkout_payload,
    line,
    release_command,
    reserve_command,
    stock,
    units,
)
from tests.fakes.clock import ManualClock
from tests.fakes.tables import InMemoryTables
from tests.order_ids import ORDER_IDS, order_id_for
from tests.pipeline import Pipeline

SOLD, REJECTED, OUTSIDE, *HELD = (order_id_for(f"pay-{n}") for n in range(1, 7))


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


def imported(pipeline: Pipeline, text: str) -> None:
    """A catalogue, brought in as an operator does."""
    ledger = OperatorLedger(pipeline.tables, pipeline.publisher, pipeline.clock, jitter=lambda: 0.5)
    importer = Importer(
        pipeline.tables,
        ledger,
        pipeline.clock,
        operator="otto",
        why="spring catalogue",
        key="spring",
        new_id=lambda: "change-1",
    )
    list(importer.run(parse(text.encode())))


@cache
def lived() -> tuple[Mapping[str, Sequence[Item]], ManualClock]:
    """An order of two lines, one that ran a shelf low, a rejection, a command from outside; and an
    imported product of which some is held, some was, and some is sold out of a hold."""
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock("mug", available=4), stock("jar"), stock("cup"))
    pipeline.checkout(checkout_payload(items=[line("mug", quantity=2), line("jar")]))
    # Accepted while there was enough, decided after a sale past the API.
    pipeline.checkout(checkout_payload(paymentId="pay-2", items=[line("cup", quantity=9)]))
    outside = checkout_command(paymentId="pay-3", event_id="evt-3", items=[line("cup", quantity=3)])
    pipeline.deliver("commands", outside)
    imported(pipeline, "sku,name,price,available,threshold\npot,Pot,7.00,20,3\n")
    pipeline.drain()
    for number, quantity in enumerate((3, 4, 5)):
        event_id = f"evt-hold-{number}"
        asked = units("pot", quantity)
        pipeline.deliver(
            "commands", reserve_command(HELD[number], items=[asked], event_id=event_id)
        )
    pipeline.deliver("commands", release_command(HELD[0], event_id="evt-release"))
    pipeline.checkout(checkout_payload(paymentId="pay-5", items=[line("pot", quantity=4, price=7)]))
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
    moment = Moment(
        shop.clock.now() + timedelta(minutes=later), timedelta(minutes=minutes), order_ids=ORDER_IDS
    )
    return {result.name: result for result in Audit(shop, moment, strict=strict).run()}


def red(results: Mapping[str, Result]) -> set[str]:
    return {name for name, result in results.items() if result.breaches}


def test_a_healthy_shop_keeps_every_promise(shop):
    results = audited(shop, strict=True)

    assert red(results) == set()
    assert not any(result.found for result in results.values())
    assert set(results) == {check.name for check in CHECKS} | {name for name, _, _ in SUMS}
    assert results["one order per payment"].rows == 3


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


def test_a_letter_about_other_content_of_a_handled_event_explains_nothing(shop):
    """Its id is known to the ledger for another event, and what that owes it still owes."""
    lost = shop.one("ledger", eventType="order.created")
    shop.remove("ledger", lost)
    shop.tables.seed("dead_letters", letter(f"{lost['eventId']}#0123", kind="refused"))

    results = audited(shop)

    assert red(results) == {"published events are handled"}
    assert results["no dead letter waits"].attentions == 1


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


@pytest.mark.parametrize("units_more", [0, 1, -1])
def test_holds_and_their_ends_leave_a_shelf_as_provable_as_sales_do(units_more):
    """Held first, so that the sale saw fewer than there were; then given back."""
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock("cup"))
    pipeline.deliver("commands", reserve_command(items=[units("cup", 4)]))
    pipeline.checkout(checkout_payload(items=[line("cup", quantity=2)]))
    pipeline.drain()
    pipeline.deliver("commands", release_command())
    pipeline.drain()
    shop = Memory({table: pipeline.memory.all(table) for table in TABLES}, pipeline.clock)
    row = shop.one("stock", sku="cup")
    shop.change("stock", row, available=row["available"] + units_more)

    expected = {"stock is what was not ordered"} if units_more else set()
    assert red(audited(shop)) == expected


def test_a_hold_whose_verdict_is_a_dead_letter_ends_what_can_be_proved(shop):
    """Whoever came first may be the one whose movement is missing."""
    verdict = {"orderId": SOLD, "items": [{"productId": "jar", "quantity": 1, "reserved": True}]}
    shop.tables.seed(
        "dead_letters",
        letter(
            "evt-verdict",
            topic="inventory",
            eventType="inventory.stock.reserved",
            originalEvent=json.dumps({"payload": verdict}),
        ),
    )
    shop.change("stock", shop.one("stock", sku="jar"), available=99)

    assert red(audited(shop)) == set()


def test_a_shelf_that_moved_a_moment_ago_is_not_asked_what_is_held_of_it(shop):
    row = shop.one("stock", sku="pot")
    now = iso(shop.clock.now() + timedelta(minutes=60))
    shop.change("stock", row, reserved=row["reserved"] + 1, updatedAt=now)

    assert red(audited(shop)) == set()


def test_units_sold_out_of_a_bigger_hold_may_alert_twice():
    """What the order did not need came back with its own sale, and armed the alert again."""
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock("cup", available=10, threshold=5))
    pipeline.deliver("commands", reserve_command(SOLD, items=[units("cup", 8)]))
    pipeline.drain()
    pipeline.checkout(checkout_payload(items=[line("cup", quantity=2)]))
    pipeline.drain()
    pipeline.checkout(checkout_payload(paymentId="pay-2", items=[line("cup", quantity=5)]))
    pipeline.drain()
    shop = Memory({table: pipeline.memory.all(table) for table in TABLES}, pipeline.clock)

    assert len(pipeline.outbox.of("inventory.stock.low")) == 2
    assert red(audited(shop)) == set()


def test_a_stranger_who_tells_of_units_ends_what_can_be_proved(shop):
    """A restock that another system writes and announces: its numbers are as seen by others."""
    movement = dict(shop.one("movements", sku="pot"))
    movement.pop("causationId")
    extra = {"movementId": "2026-03-01T12:00:09.000Z#r", "reason": "restock", "delta": 70}
    shop.tables.seed("movements", {**movement, **extra})
    shop.change("stock", shop.one("stock", sku="pot"), available=99)

    assert red(audited(shop)) == set()


def test_goods_that_come_back_while_the_audit_reads_are_no_drift(shop):
    """The shelf is read before the return, the order after it, its movement is under way."""
    entry = {"at": iso(shop.clock.now() + timedelta(minutes=60)), "productId": "jar", "quantity": 1}
    order = shop.one("orders", orderId=SOLD)
    shop.change("orders", order, returns=[entry], returnCount=1)

    assert red(audited(shop)) == set()


def test_confirmation_that_waits_for_its_hour_is_not_judged_until_then():
    pipeline = Pipeline()
    pipeline.environ["MAILS_PER_HOUR"] = "1"
    pipeline.memory.seed("stock", stock("mug"))
    for number in range(2):
        pipeline.checkout(checkout_payload(paymentId=f"pay-{number}"))
    pipeline.drain()
    tables = {table: pipeline.memory.all(table) for table in TABLES}
    waiting = Memory(tables, pipeline.clock)

    assert len(pipeline.mailer.sent) == 1
    assert red(audited(waiting, later=55)) == set()
    assert red(audited(waiting, later=120)) == {"mail is finished"}
