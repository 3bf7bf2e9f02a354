"""The audit trail as operators read it."""

import json
import re
from typing import Any

import pytest

from ops.__main__ import main
from ops.commands import parser
from ops.core.errors import OperatorError
from ops.core.unreadable import parted
from ops.history.cli import moment, tell
from ops.history.service import MOST, HistoryService
from ops.history.view import change
from ops.mail.service import MailService
from tests.builders import checkout_payload, envelope, line, order_row, stock
from tests.fakes.clock import ManualClock
from tests.fakes.tables import InMemoryTables
from tests.order_ids import ORDER_IDS, order_id_for
from tests.pipeline import Pipeline

ORDER = order_id_for("pay-1")
_STEPS = ("order.created", "order.confirmed", "order.cancelled")


@pytest.fixture
def shop() -> Pipeline:
    """One confirmed order of user-1, and a shelf that fell below its threshold."""
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(available=3, threshold=2))
    pipeline.checkout(checkout_payload(items=[line(quantity=2)]))
    pipeline.drain()
    return pipeline


def _asked(shop: Pipeline, *arguments: str) -> int:
    options = parser().parse_args(["history", *arguments])
    return tell(options, shop.tables, shop.clock, ORDER_IDS)


def _lifecycle(shop: Pipeline, kind: str, number: int = 1, **changes: Any) -> None:
    row = order_row(orderId=ORDER)
    payload = {name: row[name] for name in ("orderId", "userId", "customerName", "customerEmail")}
    payload |= {"customerAddress": "1 Test Street", "items": [line(quantity=2)]}
    payload |= {"totalAmount": row["totalAmount"], "status": "PENDING", **changes}
    shop.clock.advance(1)
    event = envelope(f"order.{kind}", payload, eventId=f"evt-{kind}-{number}")
    assert shop.deliver("orders", event)["statusCode"] == 200
    shop.drain()


def _actions(shop: Pipeline, kind: str, name: str, **options: Any) -> list[str]:
    return [
        entry.action
        for entry in HistoryService(shop.tables, ORDER_IDS, **options).of(kind, name).entries
    ]


def test_the_story_of_an_order_is_told_in_time_order_with_every_difference(shop, capsys):
    _lifecycle(shop, "confirmed")
    _lifecycle(shop, "cancelled", reason="changed their mind", cancelledBy="user")

    assert _asked(shop, "order", ORDER) == 0

    said = capsys.readouterr().out
    assert "status: NONE -> PENDING, totalAmount: - -> 25" in said
    assert "status: PENDING -> CONFIRMED" in said
    assert "status: CONFIRMED -> CANCELLED  [reason=changed their mind]" in said
    assert "api / user-1 / by customer user-1" in said
    assert "status: none -> requested, amount: - -> 25" in said
    told = [said.index(f" {word} ") for word in _STEPS]
    assert told == sorted(told)


def test_a_correction_is_told_from_digest_to_digest_with_who_and_why(shop, capsys):
    payload = {"orderId": ORDER, "userId": "user-1", "customerEmail": "grace@example.org"}
    payload |= {"reason": "mistyped", "correctedBy": "admin", "operator": "ida"}
    event = envelope("order.corrected", payload, eventId="evt-correct")
    assert shop.deliver("orders", event)["statusCode"] == 200
    shop.drain()

    assert _asked(shop, "order", ORDER) == 0

    said = capsys.readouterr().out
    told = re.search(r"customerEmail: ([0-9a-f]{32}) -> ([0-9a-f]{32})  \[reason=mistyped\]", said)
    assert told is not None
    assert told[1] != told[2]
    assert "order.corrected" in said
    assert "by operator ida" in said
    assert "@example" not in said


def test_an_order_is_found_by_its_payment_and_as_a_checkout(shop):
    assert _actions(shop, "order", "pay-1") == _actions(shop, "checkout", ORDER)
    assert sorted(_actions(shop, "order", ORDER)) == ["email.sent", "order.created"]


def test_an_order_tells_nothing_of_the_same_customers_other_orders(shop):
    shop.memory.seed("stock", stock(available=9, threshold=0))
    shop.checkout(checkout_payload(paymentId="pay-2"))
    shop.drain()

    assert sorted(_actions(shop, "order", "pay-2")) == ["email.sent", "order.created"]
    assert _actions(shop, "user", "user-1").count("email.sent") == 2


def test_a_step_that_came_too_late_is_told_with_its_verdict(shop, capsys):
    _lifecycle(shop, "confirmed")
    _lifecycle(shop, "cancelled", reason="no more", cancelledBy="admin")
    _lifecycle(shop, "shipped")
    _lifecycle(shop, "cancelled", 2, reason="again", cancelledBy="admin")

    assert _asked(shop, "order", ORDER) == 0

    said = capsys.readouterr().out
    assert "order.shipped.late" in said
    assert "no change  [verdict=late]" in said
    assert "order.cancelled.repeated" in said


def test_everything_that_happened_to_a_customer_is_found_by_the_customer(shop):
    _lifecycle(shop, "confirmed")
    _lifecycle(shop, "cancelled", reason="no more", cancelledBy="user")
    shop.memory.seed("stock", stock(available=0))
    shop.memory.seed("stock", stock("bowl", available=1))
    shop.checkout(checkout_payload(items=[line("bowl")], paymentId="pay-2"))
    shop.memory.seed("stock", stock("bowl", available=0))
    shop.drain()

    assert sorted(_actions(shop, "user", "user-1")) == sorted(
        [
            *("order.created", "order.confirmed", "order.cancelled", "refund.requested"),
            *("email.sent", "email.sent", "email.sent"),
            *("checkout.rejected", "refund.requested", "email.sent"),
        ]
    )
    assert _actions(shop, "user", "user-2") == []


def test_a_rejected_checkout_says_from_what_to_what(shop, capsys):
    shop.memory.seed("stock", stock(available=9))
    shop.checkout(checkout_payload(items=[line(quantity=9)], paymentId="pay-2"))
    shop.memory.seed("stock", stock(available=0))
    shop.drain()

    assert _asked(shop, "checkout", "pay-2") == 0

    assert "status: accepted -> rejected, reason: - -> out_of_stock" in capsys.readouterr().out


def test_a_shelf_tells_of_its_alert_and_not_of_its_variations(shop, capsys):
    shop.memory.seed("stock", stock("mug", sku="mug#red", variationId="red", available=1))
    moved = {"productId": "mug", "variationId": "red", "previousStock": 2, "newStock": 1}
    shop.deliver("inventory", envelope("inventory.stock.updated", {**moved, "reason": "sale"}))
    shop.drain()

    assert _asked(shop, "stock", "mug") == 0
    said = capsys.readouterr().out
    assert "alert: armed -> raised, currentStock: - -> 1, threshold: - -> 2  [sku=mug]" in said
    assert "red" not in said
    assert _actions(shop, "stock", "mug#red") == ["stock.low"]


def test_a_decided_mail_names_who_decided_and_why(shop, capsys):
    shop.memory.seed("stock", stock(available=9, threshold=0))
    shop.mailer.mode = "timeout"
    shop.checkout(checkout_payload(paymentId="pay-2"))
    shop.drain()
    desk = MailService(shop.tables, shop.publisher, shop.clock)
    [mail] = parted(desk.waiting("unknown"))[0]
    shop.clock.advance(1)
    desk.resolve(mail.event_id, "dropped", actor="ada", reason="the customer called")
    shop.drain()

    assert _asked(shop, "mail", mail.event_id) == 0

    said = capsys.readouterr().out.splitlines()
    assert "status: requested -> unknown" in said[1]
    assert said[3].split("  ")[1:] == ["email.resolved", "api / user-1 / by operator ada"]
    assert "status: unknown -> dropped" in said[4]
    assert "reason=the customer called" in said[4]
    assert said[5].strip().startswith(f"email {mail.event_id}, event evt_")
    assert _actions(shop, "user", "user-1").count("email.resolved") == 1


_SPELLINGS: list[tuple[dict[str, Any], str, str]] = [
    ({"operator": "eve"}, "operator", "eve"),
    ({"by": "eve"}, "operator", "eve"),
    ({"cancelledBy": "admin"}, "operator", "admin"),
    ({"cancelledBy": "user"}, "customer", "user-1"),
    ({"cancelledBy": "system"}, "system", "checkout-api"),
    ({"actor": {"kind": "operator", "id": "eve"}}, "operator", "eve"),
    ({"actor": {"kind": "customer", "id": "user-1"}}, "customer", "user-1"),
    ({"actor": {"kind": "system", "id": "commands"}}, "system", "commands"),
    ({}, "system", "checkout-api"),
]


@pytest.mark.parametrize(("metadata", "kind", "name"), _SPELLINGS)
def test_the_actor_is_named_whatever_wrote_the_entry(shop, capsys, metadata, kind, name):
    payload: dict[str, Any] = {"action": "looked", "entityType": "payment", "entityId": "pay-1"}
    payload |= {"userId": "user-1", "metadata": {"orderId": ORDER, **metadata}}
    shop.deliver("analytics", envelope("analytics.audit", payload, eventId="evt-looked"))

    assert _asked(shop, "user", "user-1") == 0
    said = capsys.readouterr().out
    assert _asked(shop, "user", "user-1", "--json") == 0
    (entry,) = [
        e for e in json.loads(capsys.readouterr().out)["entries"] if e["action"] == "looked"
    ]

    assert f"/ user-1 / by {kind} {name}\n" in said
    assert f"[orderId={ORDER}]" in said
    assert entry["actor"] == {"kind": kind, "id": name}
    assert entry["metadata"] == {"orderId": ORDER, **metadata}


def test_every_entry_of_a_shop_at_work_names_its_actor(shop, capsys):
    _lifecycle(shop, "confirmed")
    _lifecycle(shop, "cancelled", reason="no more", cancelledBy="admin")

    assert _asked(shop, "order", ORDER, "--json") == 0

    actors = {e["action"]: e["actor"] for e in json.loads(capsys.readouterr().out)["entries"]}
    assert actors == {
        "order.created": {"kind": "customer", "id": "user-1"},
        "email.sent": {"kind": "system", "id": "notifications"},
        "order.confirmed": {"kind": "system", "id": "checkout-api"},
        "order.cancelled": {"kind": "operator", "id": "admin"},
        "refund.requested": {"kind": "system", "id": "orders"},
    }


def test_a_suppressed_address_is_found_by_the_address_and_stored_without_it(shop):
    message = {
        "eventType": "Bounce",
        "bounce": {
            "bounceType": "Permanent",
            "bouncedRecipients": [{"emailAddress": "ada@example.com"}],
        },
    }
    report = {"Records": [{"Sns": {"Message": json.dumps(message)}}]}
    for _ in range(2):
        shop.consumer("notifications")(report, _Context())
    shop.drain()

    assert _actions(shop, "address", "ADA@example.com") == ["address.suppressed"]
    assert "ada@example.com" not in str(shop.memory.all("audit"))


def test_the_newest_entries_are_kept_and_it_is_said_that_there_are_more(shop, capsys):
    _lifecycle(shop, "confirmed")
    _lifecycle(shop, "cancelled", reason="no more", cancelledBy="user")

    assert _asked(shop, "order", ORDER, "--limit", "2") == 0

    said = capsys.readouterr().out
    assert "order.created" not in said
    assert "there may be older entries: --limit shows more" in said
    everything = HistoryService(shop.tables, ORDER_IDS).of("order", ORDER)
    assert not everything.more
    cut = HistoryService(shop.tables, ORDER_IDS, limit=2).of("order", ORDER)
    assert list(cut.entries) == list(everything.entries[-2:])


def test_what_is_older_than_asked_is_left_out(shop):
    shop.clock.advance(3600)
    _lifecycle(shop, "confirmed")
    since = moment("30m", shop.clock.now())

    assert "order.created" not in _actions(shop, "order", ORDER, since=since)
    assert "order.confirmed" in _actions(shop, "order", ORDER, since=since)


def test_no_more_is_read_than_the_limit_allows(shop, monkeypatch):
    asked = []
    query = InMemoryTables.query

    def watched(tables: InMemoryTables, *arguments: Any, **options: Any) -> Any:
        asked.append(options["limit"])
        return query(tables, *arguments, **options)

    monkeypatch.setattr(InMemoryTables, "query", watched)
    HistoryService(shop.tables, ORDER_IDS, limit=5).of("order", ORDER)

    assert set(asked) == {6}


def test_json_holds_the_whole_values_in_ascii(shop, capsys):
    _lifecycle(shop, "confirmed")
    _lifecycle(shop, "cancelled", reason="x" * 200 + " é", cancelledBy="user")

    assert _asked(shop, "order", ORDER, "--json") == 0

    said = capsys.readouterr().out
    assert said.isascii()
    values = json.loads(said)
    assert values["about"] == {"kind": "order", "id": ORDER}
    assert values["more"] is False
    (cancelled,) = [e for e in values["entries"] if e["action"] == "order.cancelled"]
    assert cancelled["metadata"]["reason"] == "x" * 200 + " é"
    assert cancelled["changes"] == [{"field": "status", "from": "CONFIRMED", "to": "CANCELLED"}]
    (created,) = [e for e in values["entries"] if e["action"] == "order.created"]
    assert created["changes"][1] == {"field": "totalAmount", "from": None, "to": 25}


def test_nothing_in_an_entry_can_play_tricks_on_a_terminal(shop, capsys):
    trick = "\x1b[2Jgone\u202e"
    payload = {
        "action": "price.changed",
        "entityType": "stock",
        "entityId": "mug",
        "newState": {trick: trick, "deep": {trick: [trick]}},
        "metadata": {trick: trick},
    }
    shop.deliver("analytics", envelope("analytics.audit", payload, eventId="evt-trick"))

    assert _asked(shop, "stock", "mug") == 0
    assert _asked(shop, "stock", "mug", "--json") == 0

    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "\\x1b[2Jgone" in said


def test_what_nobody_knows_of_ends_with_status_one(shop, capsys):
    assert _asked(shop, "order", "ord_none") == 1
    assert capsys.readouterr().out == "nothing is recorded of order ord_none\n"


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("order", "a b"), "order: must be"),
        (("user", ""), "user: must be"),
        (("user", "u" * 129), "user: must be"),
        (("stock", "mug#r d"), "stock: must be"),
        (("order", ORDER, "--since", "yesterday"), "--since: must be"),
        (("order", ORDER, "--since", "999999d"), "--since: must be"),
        (("order", ORDER, "--since", "\u0667d"), "--since: must be"),
        (("order", ORDER, "--since", "1_0d"), "--since: must be"),
        (("order", ORDER, "--since", "\u0662\u0660\u0662\u0666-01-31"), "--since: must be"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(shop, arguments, rule):
    with pytest.raises(OperatorError, match=rule):
        _asked(shop, *arguments)


@pytest.mark.parametrize("limit", ["0", str(MOST + 1), "-1", "1_0", "\u0661", "ten"])
def test_a_limit_that_is_none_ends_the_program(limit, capsys):
    with pytest.raises(SystemExit) as end:
        parser().parse_args(["history", "order", ORDER, "--limit", limit])

    assert end.value.code == 2
    assert f"--limit: must be a whole number from 1 to {MOST}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", ""),
        ("2026-01-31", "2026-01-31T00:00:00.000Z"),
        ("2026-01-31T12:00:00+01:00", "2026-01-31T11:00:00.000Z"),
        ("1d", "2026-02-28T12:00:00.000Z"),
    ],
)
def test_since_is_a_time_or_how_long_ago(text, meant):
    assert moment(text, ManualClock().now()) == meant


def test_the_command_without_a_stack_says_so(tmp_path, capsys):
    missing = str(tmp_path / "stack.json")

    assert main(["history", "order", ORDER, "--stack", missing]) == 2

    assert "No such file or directory; `make up` starts a stack" in capsys.readouterr().err


def test_an_entry_of_other_programs_without_states_is_shown(shop):
    payload = {"action": "looked", "entityType": "order", "entityId": ORDER}
    shop.deliver("analytics", envelope("analytics.audit", payload, eventId="evt-look"))

    (entry,) = [
        e
        for e in HistoryService(shop.tables, ORDER_IDS).of("order", ORDER).entries
        if e.action == "looked"
    ]
    assert change(entry) == "no change"


class _Context:
    def get_remaining_time_in_millis(self) -> int:
        return 30_000
