"""A row, a letter or an entry that makes no sense is told by its id, and the others are served (S33)."""

from collections.abc import Mapping
from typing import Any

import pytest

from functions.reconciler.domain import Report
from shared.kernel.strict_json import dumps
from shared.storage.writes import Item
from tests.builders import checkout_command, checkout_payload, reserve_command
from tests.contracts.samples import sample
from tests.pipeline import URLS
from tests.unit.functions.reconciler.test_reconciler import World

PLACES = pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "middle", "last"])
LATER = "2026-03-01T12:00:{:02}.000Z"


def told(world: World, key: str) -> list[str]:
    """What the log says of a row."""
    lines = [
        fields for text, fields in world.pipeline.telemetry.lines if text == "Could not reconcile"
    ]
    return [str(fields["reason"]) for fields in lines if key in str(fields["reason"])]


def three(row: Mapping[str, Any], key: str, place: int, odd: Mapping[str, Any]) -> list[Item]:
    """Three rows that differ in their key and their time, one of which is odd; None leaves out."""
    times = {"committedAt", "acceptedAt", "expiresAt", "dueAt"} & row.keys()
    rows: list[Item] = []
    for number in range(3):
        kept = {**row, key: f"row-{number}", **{name: LATER.format(number) for name in times}}
        changes = odd if number == place else {}
        rows.append({k: v for k, v in {**kept, **changes}.items() if v is not None})
    return rows


def run(world: World) -> Report:
    world.pipeline.clock.advance(3_600)
    report: Report = world.run()
    return report


def replaced(world: World, table: str, rows: list[Item]) -> None:
    world.pipeline.memory._rows[table].clear()
    world.pipeline.memory.seed(table, *rows)


@PLACES
@pytest.mark.parametrize(
    "odd",
    [
        {"outbox": [{"topic": "nowhere"}]},
        {"outbox": "not a list"},
        {"outbox": [7]},
        {"state": "half-way"},
        {"outcome": None},
    ],
)
def test_an_odd_outbox_stops_no_other(place, odd):
    world = World()
    world.pipeline.outbox.failing = True
    world.pipeline.deliver("commands", checkout_command())
    world.pipeline.outbox.failing = False
    (row,) = world.pipeline.memory.all("ledger")
    replaced(world, "ledger", three(row, "id", place, odd))

    report = run(world)

    assert (report.outboxes, report.failures) == (2, 1)
    assert len(told(world, f"row-{place}")) == 1


@PLACES
@pytest.mark.parametrize(
    "odd",
    [
        {"command": {"topic": "commands"}},
        {"command": "text"},
        {"paymentId": None},
        {"repeated": "often"},
        {"refundStatus": "requested"},
        {"timeline": [7]},
    ],
)
def test_an_odd_checkout_stops_no_other(place, odd):
    world = World()
    world.pipeline.outbox.failing = True
    world.pipeline.checkout(checkout_payload())
    world.pipeline.outbox.failing = False
    (row,) = world.pipeline.memory.all("checkouts")
    replaced(world, "checkouts", three(row, "orderId", place, odd))

    report = run(world)

    assert (report.commands, report.failures) == (2, 1)
    assert len(told(world, f"row-{place}")) == 1


@PLACES
@pytest.mark.parametrize(
    "odd", [{"items": None}, {"items": [{"quantity": 1}]}, {"status": "?"}, {"eventId": None}]
)
def test_an_odd_reservation_stops_no_other(place, odd):
    world = World()
    world.pipeline.deliver("commands", reserve_command("ord_1"))
    (row,) = world.pipeline.memory.all("reservations")
    replaced(world, "reservations", three(row, "orderId", place, odd))

    report = run(world)

    assert (report.holds, report.failures) == (2, 1)
    assert len(told(world, f"row-{place}")) == 1


def event(number: int) -> str:
    return dumps(sample("order.created") | {"eventId": f"evt-{number}"})


@PLACES
def test_an_entry_of_qstash_that_cannot_be_kept_stays_there_and_stops_no_other(place, monkeypatch):
    """Whatever is odd about it: here reading it fails in a way that no one thought of."""
    world = World()
    entries = [world.queue.add(f"msg-{n}", URLS["orders"], event(n)) for n in range(3)]
    bad = entries[place]
    whole = dict(world.queue.kept[bad])

    class Odd(dict):  # type: ignore[type-arg]
        def get(self, name: Any, default: Any = None) -> Any:
            if name == "responseStatus":
                raise TypeError("of unknown shape")
            return super().get(name, default)

    world.queue.kept[bad] = Odd(whole)

    report = run(world)

    assert (report.letters, report.failures) == (2, 1)
    assert list(world.queue.kept) == [bad]
    assert len(told(world, bad)) == 1


_SHAPES: list[dict[str, Any]] = [
    {"url": ["https://orders.example.com/"]},
    {"url": {"a": 1}},
    {"url": None},
    {"dlqId": 7},
    {"messageId": ["m"]},
    {"body": {"not": "text"}},
    {"body": 17},
    {"bodyBase64": "%%%"},
    {"bodyBase64": 5},
    {"responseStatus": {"s": 1}},
    {"responseBody": ["x"]},
    {"createdAt": "yesterday"},
    {"createdAt": 1e300},
    {"maxRetries": [3]},
    {"retried": "\ud800"},
    {"body": "\ud800"},
]


@PLACES
@pytest.mark.parametrize("shape", _SHAPES, ids=str)
def test_an_entry_of_any_shape_stops_no_other(place, shape):
    world = World()
    for number in range(3):
        entry = world.queue.add(f"msg-{number}", URLS["orders"], event(number))
        if number == place:
            world.queue.kept[entry] = {**world.queue.kept[entry], **shape}

    report = run(world)

    kept = {row["eventId"] for row in world.pipeline.memory.all("dead_letters")}
    assert {f"evt-{number}" for number in range(3) if number != place} <= kept
    # One whose ids are odd cannot be kept, nor removed; another address is another program's.
    assert report.failures == (1 if {"dlqId", "messageId"} & shape.keys() else 0)


@PLACES
@pytest.mark.parametrize(
    "odd",
    [
        {"topic": None},
        {"replays": None},
        {"replays": "many"},
        {"nextDeliveryAt": "soon"},
        {"deliveries": "few"},
        {"originalEvent": None},
        {"eventType": None},
        {"history": 7},
    ],
)
def test_an_odd_letter_that_is_due_stops_no_other(place, odd):
    world = World()
    world.queue.add("msg-1", URLS["orders"], event(1))
    world.run()
    (row,) = world.pipeline.memory.all("dead_letters")
    rows = three(row, "eventId", place, odd)
    whole = [
        {"originalEvent": dumps(sample("order.created") | {"eventId": f"row-{n}"})}
        for n in range(3)
    ]
    if "originalEvent" in odd:
        whole[place] = {}
    replaced(
        world, "dead_letters", [{**one, **text} for one, text in zip(rows, whole, strict=True)]
    )

    report = run(world)

    assert report.redelivered == 2
    assert report.failures == len(told(world, f"row-{place}")) >= 1
