"""The invariants of dead letters and of what they may grow to."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from shared.storage.bounded import FIRST, NEWEST, entries, noted
from shared.storage.records.dead_letter import DeadLetterKind, DeadLetterState
from shared.storage.writes import Item
from tests.simulation.journal import Breach
from tests.simulation.recounts import Breaches, about

if TYPE_CHECKING:
    from tests.simulation.world import World

# Real steps beside what is noted: placed, confirmed, processing, shipped, delivered or cancelled.
_STEPS = 8


def awaits_another(row: Item) -> bool:
    """Whether an event waits for one before it, which may never come; nothing is in its way."""
    return str(row["cause"]).endswith(" awaiting_predecessor")


def i27_what_was_blocked_heals_without_a_person(world: "World") -> Breaches:
    """The faults are over, and nobody did anything: what waits is what our code refused."""
    for row in world.tables.all("dead_letters"):
        is_open = row["state"] == DeadLetterState.OPEN
        no_event = str(row["eventId"]).startswith("message:")
        excused = no_event or row["eventId"] in world.records.hearsay or awaits_another(row)
        if is_open and row["kind"] == DeadLetterKind.BLOCKED and not excused:
            told = f"{row['eventType']} failed with {row['cause']}, and waits for a person"
            yield Breach("I27", told, about(row["eventId"]))


def i27_only_our_code_refuses(world: "World") -> Breaches:
    """Whatever was answered by the platform alone is not taken for a refusal of ours."""
    for row in world.tables.all("dead_letters"):
        ours = str(row["cause"]).startswith("HTTP 489")
        told_of = row["eventId"] in world.records.hearsay
        if (row["kind"] == DeadLetterKind.REFUSED) != ours and not told_of:
            told = f"{row['eventType']} failed with {row['cause']} and is {row['kind']}"
            yield Breach("I27", told, about(row["eventId"]))


def i30_no_list_grows_without_bound(world: "World") -> Breaches:
    for table, name in (
        ("orders", "timeline"),
        ("checkouts", "timeline"),
        ("dead_letters", "history"),
    ):
        for row in world.tables.all(table):
            kept = len(entries(row, name))
            if kept > FIRST + NEWEST + _STEPS:
                told = f"the {name} of one of the {table} has {kept} entries"
                yield Breach("I30", told, about(row.get("orderId") or row.get("eventId")))


def i30_what_is_left_out_is_counted(world: "World") -> Breaches:
    """Every event about an order that changed nothing is on its timeline, or counted there."""
    ignored: dict[str, int] = {}
    for row in world.tables.all("ledger"):
        if row["consumer"] == "orders" and row["outcome"] in _NOTED:
            order_id = str(world.records.bodies[str(row["eventId"])]["payload"]["orderId"])
            ignored[order_id] = ignored.get(order_id, 0) + 1
    for order in world.tables.all("orders"):
        order_id = str(order["orderId"])
        count: Any = noted(order, "timeline")
        if count != ignored.get(order_id, 0):
            told = f"{ignored.get(order_id, 0)} events changed nothing, {count} are noted"
            yield Breach("I30", told, about(order_id))


_NOTED = {"recorded", "repeated", "late", "early"}
AT_REST: tuple[Callable[["World"], Breaches], ...] = (
    i27_only_our_code_refuses,
    i30_no_list_grows_without_bound,
    i30_what_is_left_out_is_counted,
)
