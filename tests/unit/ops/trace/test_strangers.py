"""Traces of strangers stay apart, whatever correlation id they chose, and can be found by it (S43)."""

from typing import Any

import pytest

from ops.commands import parser
from ops.trace.cli import tell
from ops.trace.named.store import NamedTraceTables
from ops.trace.store import TraceTables
from shared.kernel.ids import checkout_event_id_for
from shared.storage.schema import TRACE_KEY
from tests.builders import checkout_payload, envelope, line, stock
from tests.order_ids import ORDER_IDS, order_id_for
from tests.pipeline import Pipeline

ORDER, OTHER = order_id_for("pay-1"), order_id_for("pay-2")
HEADER = "x-correlation-id"


@pytest.fixture
def shop() -> Pipeline:
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(available=500, threshold=1))
    return pipeline


def buy(shop: Pipeline, payment: str, correlation: str | None = None) -> None:
    headers = {} if correlation is None else {HEADER: correlation}
    answer = shop.checkout(
        checkout_payload(items=[line(quantity=1)], paymentId=payment), headers=headers
    )
    assert answer["statusCode"] == 202
    shop.clock.advance(1)
    shop.drain()


def asked(shop: Pipeline, *arguments: str) -> int:
    return tell(parser().parse_args(["trace", *arguments]), shop.tables, ORDER_IDS)


def hops(shop: Pipeline, name: str) -> set[str]:
    return {hop.event_id for hop in TraceTables(shop.tables, ORDER_IDS).find(name).hops}


@pytest.mark.parametrize("chosen", [None, "corr-1", OTHER])
def test_every_record_of_an_order_is_under_its_id_in_every_topic(shop, chosen):
    # The alert about the stock, its mail and what is noted of it name no order.
    shop.memory.seed("stock", stock(available=3, threshold=2))
    buy(shop, "pay-1", chosen)

    records = shop.memory.all("ledger")
    assert {row[TRACE_KEY] for row in records} == {ORDER}
    assert {row["consumer"] for row in records} == {
        *("commands", "orders", "inventory", "notifications", "analytics")
    }
    assert "inventory.stock.low" in {row["eventType"] for row in records}
    # An outside consumer sees the caller's id in every event, as ever.
    sent = {message.correlation_id for message in shop.outbox.messages}
    assert sent == {chosen or ORDER}


def test_two_strangers_with_one_correlation_id_do_not_see_each_other(shop):
    buy(shop, "pay-1", "same")
    buy(shop, "pay-2", "same")

    mine, other = hops(shop, ORDER), hops(shop, OTHER)

    assert checkout_event_id_for("pay-1") in mine
    assert len(mine) == len(other) >= 6
    assert not mine & other


def test_a_correlation_id_that_is_an_orders_id_brings_nothing_into_its_trace(shop):
    buy(shop, "pay-1")
    before = hops(shop, ORDER)

    buy(shop, "pay-2", ORDER)
    mail = {"to": "a@example.com", "subject": "s", "templateId": "order-confirmation"}
    data = {"orderId": "mine", "customerName": "A", "items": [], "totalAmount": 1}
    event = envelope("notification.email", mail | {"templateData": data}, correlationId=ORDER)
    shop.deliver("notifications", event | {"eventId": "evt-stranger"})
    shop.drain()

    assert hops(shop, ORDER) == before


def test_what_another_program_says_of_an_order_is_told_apart(shop):
    buy(shop, "pay-1")
    audit = {"action": "a", "entityType": "order", "entityId": ORDER}
    shop.deliver("analytics", envelope("analytics.audit", audit, eventId="evt-foreign"))

    began = {
        hop.event_id: hop.began for hop in TraceTables(shop.tables, ORDER_IDS).find(ORDER).hops
    }

    assert began.pop("evt-foreign") == "program"
    assert set(began.values()) == {"customer"}


def test_a_correction_of_the_customer_s_is_told_apart_from_an_operator_s(shop):
    buy(shop, "pay-1")
    for number, (who, name) in enumerate((("user", "Grace"), ("admin", "Ida"))):
        payload = {"orderId": ORDER, "userId": "user-1", "customerName": name}
        payload |= {"reason": "mistyped", "correctedBy": who}
        event = envelope("order.corrected", payload, eventId=f"evt-{who}")
        moment = f"2026-03-01T13:00:0{number}.000Z"
        assert shop.deliver("orders", event | {"timestamp": moment})["statusCode"] == 200
    shop.drain()

    found = TraceTables(shop.tables, ORDER_IDS).find(ORDER).hops
    began = {hop.event_id: hop.began for hop in found}

    assert (began["evt-user"], began["evt-admin"]) == ("customer", "program")
    mails = [hop.began for hop in found if hop.event_type == "notification.email"]
    assert mails.count("customer") == 2  # the confirmation, and the correction of the name


def as_before(shop: Pipeline, correlation: str) -> None:
    """The ledger's rows as they were written before traces had keys of their own."""
    rows: list[Any] = []
    for row in shop.memory.all("ledger"):
        known = {name: value for name, value in row.items() if name != "namedCorrelation"}
        rows.append(known | {TRACE_KEY: correlation})
    shop.memory.seed("ledger", *rows)


def test_a_trace_from_before_is_whole_and_of_one_order_though_strangers_share_its_key(shop):
    buy(shop, "pay-1", "same")
    mine = hops(shop, ORDER)
    buy(shop, "pay-2", "same")
    as_before(shop, "same")

    assert hops(shop, ORDER) == mine
    named = NamedTraceTables(shop.tables).find("same", page=1, limit=10)
    assert {trace.name for trace in named.traces} == {
        checkout_event_id_for(payment) for payment in ("pay-1", "pay-2")
    }
    assert hops(shop, checkout_event_id_for("pay-1")) == mine


def test_a_correlation_id_lists_the_traces_that_name_it_page_by_page(shop, capsys):
    for number in range(5):
        buy(shop, f"pay-{number}", "same")
    buy(shop, "pay-alone", "another")

    assert asked(shop, "same", "--limit", "2") == 0
    first = capsys.readouterr().out
    assert asked(shop, "same", "--limit", "2", "--page", "3") == 0
    last = capsys.readouterr().out

    assert first.startswith("5 traces name the correlation id same")
    assert [order_id_for(f"pay-{n}") in first for n in range(5)] == [
        False,
        False,
        False,
        True,
        True,
    ]
    assert "3 more: --page 2" in first
    assert order_id_for("pay-0") in last
    assert "more" not in last
    assert "order.created" not in first + last


def test_what_cannot_all_be_counted_says_so(shop, capsys, monkeypatch):
    monkeypatch.setattr("ops.trace.named.store.MOST_COUNTED", 3)
    for number in range(5):
        buy(shop, f"pay-{number}", "same")

    asked(shop, "same", "--limit", "2")

    told = capsys.readouterr().out
    assert told.startswith("at least 3 traces name")
    assert "at least 1 more" in told


def test_a_correlation_id_that_is_also_an_orders_id_is_listed_when_asked_for(shop, capsys):
    buy(shop, "pay-1")
    buy(shop, "pay-2", ORDER)

    asked(shop, ORDER, "--correlation")

    told = capsys.readouterr().out
    assert OTHER in told
    assert "1 traces name" in told


@pytest.mark.parametrize("odd", ["two words", "\x1b[2J", "x" * 5000])
def test_a_correlation_id_that_none_can_be_names_nothing(shop, capsys, odd):
    assert asked(shop, odd, "--correlation") == 0

    told = capsys.readouterr().out
    assert told.startswith("0 traces name")
    assert "\x1b" not in told


def test_a_trace_of_a_thousand_foreign_events_ends_and_says_that_there_are_more(shop, monkeypatch):
    buy(shop, "pay-1")
    whole = hops(shop, ORDER)
    monkeypatch.setattr("ops.trace.store.MOST_HOPS", 10)
    audit = {"action": "a", "entityType": "order", "entityId": ORDER}
    for number in range(20):
        event = envelope("analytics.audit", audit, eventId=f"evt-flood-{number}")
        shop.deliver("analytics", event)

    trace = TraceTables(shop.tables, ORDER_IDS).find(ORDER)

    assert trace.more
    assert len(trace.hops) < 27
    assert whole <= {hop.event_id for hop in trace.hops}


@pytest.mark.parametrize(
    "odd", [{"outbox": 7, "attempts": "many"}, {"committedAt": None}, {"state": None}]
)
def test_an_odd_record_is_told_by_its_key_and_hides_no_other_hop(shop, capsys, odd):
    buy(shop, "pay-1")
    row = next(r for r in shop.memory.all("ledger") if r["consumer"] == "inventory")
    changed = {name: value for name, value in {**row, **odd}.items() if value is not None}
    shop.memory._rows["ledger"][(str(row["id"]),)] = changed

    assert asked(shop, ORDER) == 1

    captured = capsys.readouterr()
    assert str(row["id"]) in captured.err
    assert "cannot be read" in captured.err
    assert "order.created" in captured.out


def test_an_odd_order_row_is_told_and_its_trace_still_is(shop, capsys):
    buy(shop, "pay-1")
    [row] = shop.memory.all("orders")
    shop.memory.seed("orders", {**row, "totalAmount": "much"})

    assert asked(shop, ORDER) == 1

    captured = capsys.readouterr()
    assert f"orders: {ORDER} cannot be read" in captured.err
    assert "command.checkout" in captured.out
