"""Each check of the audit goes red on its own breach, and only there; none names a person."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from functions.notifications.send_ledger import SendLedgerTables
from ops.audit.report import as_json, as_text, verdict
from shared.kernel.clock import iso
from shared.storage.writes import Item
from tests.unit.ops.audit.test_run import (
    OUTSIDE,
    REJECTED,
    SOLD,
    Memory,
    audited,
    letter,
    lived,
    red,
)


def _unsettled(row: Item) -> dict[str, Any]:
    return {"state": "committed", "doneAt": None, "pendingShard": "1"}


def _mail_event(row: Item, **changes: Any) -> str:
    return json.dumps({**json.loads(str(row["event"])), **changes})


def _below_zero(m: Memory) -> set[str]:
    m.change("stock", m.one("stock", sku="jar"), reserved=-1, available=10)
    return {"stock is never below zero", "reserved is what reservations hold"}


def _one_unit_too_many_held(m: Memory) -> set[str]:
    row = m.one("stock", sku="pot")
    m.change("stock", row, reserved=row["reserved"] + 1, available=row["available"] - 1)
    return {"reserved is what reservations hold"}


def _hold_that_took_nothing(m: Memory) -> set[str]:
    m.change("reservations", m.one("reservations", status="released"), status="held")
    return {"reserved is what reservations hold"}


def _unit_from_nowhere(m: Memory) -> set[str]:
    row = m.one("stock", sku="pot")
    m.change("stock", row, available=row["available"] + 1)
    return {"stock is the sum of its movements"}


def _never_armed_again(m: Memory) -> set[str]:
    m.change("stock", m.one("stock", sku="pot"), alert="raised")
    return {"one low-stock alert per fall"}


def _no_alert_state(m: Memory) -> set[str]:
    m.change("stock", m.one("stock", sku="jar"), alert="maybe")
    return {"alert state exists"}


def _second_order_of_a_payment(m: Memory) -> set[str]:
    order = m.one("orders", orderId=SOLD)
    m.change("checkouts", m.one("checkouts", orderId=SOLD), orderId="ord_2")
    m.change("orders", order, orderId="ord_2", items=[], totalAmount=0)
    return {"one order per payment", "total is lines times price"}


def _order_of_a_rejection(m: Memory) -> set[str]:
    m.change("checkouts", m.one("checkouts", orderId=SOLD), status="rejected", refundStatus="x")
    return {
        "order has its confirmed checkout",
        "confirmed if and only if ordered",
        "rejected is refunded once",
    }


def _other_cart(m: Memory) -> set[str]:
    m.change("orders", m.one("orders", orderId=SOLD), cartDigest="other")
    return {"order has its confirmed checkout"}


def _other_contact(m: Memory) -> set[str]:
    m.change("orders", m.one("orders", orderId=SOLD), customerEmail="eva@example.com")
    return {"order goes to whom it was accepted for"}


def _contact_of_no_correction(m: Memory) -> set[str]:
    """A correction named the name; the address changed without one."""
    digests = m.one("checkouts", orderId=SOLD)["identity"]
    corrected = {"placedIdentity": digests, "contactAt": {"customerName": "x"}}
    changed = {"customerName": "Eva", "customerEmail": "eva@example.com"}
    m.change("orders", m.one("orders", orderId=SOLD), **corrected, **changed)
    return {"order goes to whom it was accepted for"}


def _other_request_behind_a_correction(m: Memory) -> set[str]:
    digests = {**m.one("checkouts", orderId=SOLD)["identity"], "customerName": "0" * 32}
    corrected = {"placedIdentity": digests, "contactAt": {"customerName": "x"}}
    m.change("orders", m.one("orders", orderId=SOLD), **corrected, customerName="Eva")
    return {"order goes to whom it was accepted for"}


def _dropped_step(m: Memory) -> set[str]:
    order = m.one("orders", orderId=SOLD)
    dropped = {"at": "x", "type": "order.shipped", "eventId": "evt-x", "verdict": "late"}
    m.change("orders", order, timeline=[*order["timeline"], dropped])
    return {"no step was dropped"}


def _dropped_lapse(m: Memory) -> set[str]:
    order = m.one("orders", orderId=SOLD)
    m.change("orders", order, timeline=[*order["timeline"], _late_cancellation()])
    return {"no step was dropped"}


def _late_cancellation(cause: str = "unconfirmed") -> dict[str, str]:
    late = {"at": "x", "type": "order.cancelled", "eventId": "evt-lapse", "verdict": "late"}
    return {**late, "cause": cause} if cause else late


def _handled_as_something_else(m: Memory) -> set[str]:
    record = m.one("ledger", eventType="order.created")
    kind, shape, _ = record["content"].split(".")
    m.change("ledger", record, content=f"{kind}.{shape}.{'0' * 32}")
    return {"handled is what was published"}


def _wrong_total(m: Memory) -> set[str]:
    m.change("orders", m.one("orders", orderId=SOLD), totalAmount=Decimal("37.49"))
    return {"total is lines times price"}


def _shipped_without_shipping(m: Memory) -> set[str]:
    m.change("orders", m.one("orders", orderId=SOLD), status="SHIPPED")
    return {"timeline makes sense"}


def _told_twice(m: Memory) -> set[str]:
    order = m.one("orders", orderId=SOLD)
    m.change("orders", order, timeline=[*order["timeline"], order["timeline"][-1]])
    return {"timeline makes sense"}


def _no_ledger_record(m: Memory) -> set[str]:
    m.remove("ledger", m.one("ledger", outcome="created"))
    return {"order has its ledger record"}


def _no_mail(m: Memory) -> set[str]:
    m.remove("notifications", m.one("notifications", templateId="order-confirmation"))
    return {"order has its mail"}


def _lost_order(m: Memory) -> set[str]:
    m.remove("orders", m.one("orders", orderId=OUTSIDE))
    return {
        "confirmed if and only if ordered",
        "created orders exist",
        "one confirmation per order",
        "sales are in the movements",
        "stock is what was not ordered",
    }


def _undecided(m: Memory) -> set[str]:
    m.change("checkouts", m.one("checkouts", orderId=REJECTED), status="accepted")
    return {"accepted is decided"}


def _no_refund(m: Memory) -> set[str]:
    row = m.one("checkouts", orderId=REJECTED)
    m.change("checkouts", row, refundStatus=None, refundAmount=None)
    return {"rejected is refunded once"}


def _half_a_refund(m: Memory) -> set[str]:
    m.change("checkouts", m.one("checkouts", orderId=REJECTED), refundAmount=Decimal("1.00"))
    return {"rejected is refunded once"}


def _second_refund(m: Memory) -> set[str]:
    m.change("checkouts", m.one("checkouts", orderId=REJECTED), refundEventId="evt_first")
    return {"one mail and one refund per decision"}


def _stuck_outbox(m: Memory) -> set[str]:
    row = m.one("ledger", eventType="order.refund.requested")
    m.change("ledger", row, **_unsettled(row))
    return {"outboxes are published"}


def _vanished_event(m: Memory) -> set[str]:
    m.remove("ledger", m.one("ledger", eventType="order.created"))
    return {"published events are handled"}


def _no_audit_entry(m: Memory) -> set[str]:
    m.remove("audit", m.one("audit", action="email.sent"))
    return {"audit trail is complete"}


def _no_movement(m: Memory) -> set[str]:
    m.remove("movements", m.one("movements", sku="jar"))
    return {"stock movements are complete", "sales are in the movements"}


def _doubled_movement(m: Memory) -> set[str]:
    m.change("movements", m.one("movements", sku="jar"), movementId="2026-03-01T12:00:00.500Z#x")
    m.tables.seed("movements", {**m.one("movements", sku="jar"), "movementId": "2026-03-01#y"})
    return {"sales are in the movements"}


def _wrong_units(m: Memory) -> set[str]:
    m.change("movements", m.one("movements", sku="jar"), delta=-2)
    return {"stock movements are complete", "sales are in the movements"}


def _two_mails_per_command(m: Memory) -> set[str]:
    row = m.one("ledger", outcome="rejected")
    mails = [entry for entry in row["outbox"] if entry["eventType"] == "notification.email"]
    m.change("ledger", row, outbox=[*row["outbox"], *mails])
    return {"one mail and one refund per decision"}


def _claimed_for_ever(m: Memory) -> set[str]:
    m.change("notifications", m.one("notifications", state="sent"), state="claimed")
    return {"mail is finished"}


def _text_claimed_for_ever(m: Memory) -> set[str]:
    row = dict(m.one("notifications", state="sent"))
    for name in ("templateId", "subject"):
        row.pop(name)
    m.tables.seed("notifications", {**row, "id": "evt-text", "channel": "sms", "state": "claimed"})
    return {"mail is finished"}


def _failed_unseen(m: Memory) -> set[str]:
    row = m.one("notifications", templateId="order-rejected")
    m.change("notifications", row, state="failed", attention="failed")
    return {"mail is finished"}


def _put_off_and_forgotten(m: Memory) -> set[str]:
    row = m.one("notifications", templateId="order-confirmation")
    m.change("notifications", row, state="waiting")
    return {"mail is finished"}


def _second_confirmation(m: Memory) -> set[str]:
    row = m.one("notifications", templateId="order-confirmation")
    event = _mail_event(row, causationId="evt-other")
    m.change("notifications", row, id="evt_second", event=event)
    return {"one confirmation per order"}


def _mailed_although_suppressed(m: Memory) -> set[str]:
    ledger = SendLedgerTables(m.tables, m.clock)
    ledger.settle(ledger.suppression("ada@example.com", "bounce"))
    row = m.one("notifications", templateId="order-confirmation")
    m.change("notifications", row, expiresAt=int(str(row["expiresAt"])) + 3600)
    return {"suppressed addresses are left alone"}


def blocked(event_id: str, **changes: Any) -> dict[str, Any]:
    """A letter of a whole event that the platform was in the way of."""
    event = {"eventId": event_id, "eventType": "order.created", "version": "1.0"}
    return letter(event_id, kind="blocked", originalEvent=json.dumps(event), **changes)


def _resolved_unhandled(m: Memory) -> set[str]:
    m.tables.seed("dead_letters", letter("evt-gone", state="resolved"))
    return {"resolved dead letters were handled"}


def _blocked_and_forgotten(m: Memory) -> set[str]:
    m.tables.seed("dead_letters", blocked("evt-kept"))
    return {"blocked dead letters are delivered again"}


def _blocked_and_overdue(m: Memory) -> set[str]:
    at = "2026-02-01T12:00:00.000Z"
    m.tables.seed("dead_letters", blocked("evt-kept", nextDeliveryAt=at, dueAt=at, dueShard="1"))
    return {"blocked dead letters are delivered again"}


def _endless_timeline(m: Memory) -> set[str]:
    row = m.one("orders", orderId=SOLD)
    more = [{"eventId": f"evt-more-{n}", "verdict": "late"} for n in range(90)]
    m.change("orders", row, timeline=[*row["timeline"], *more])
    return {"timelines of orders are bounded"}


def _endless_checkout(m: Memory) -> set[str]:
    m.change("checkouts", m.one("checkouts", orderId=SOLD), timelineNewest=[{"n": 1}] * 21)
    return {"timelines of checkouts are bounded"}


def _endless_history(m: Memory) -> set[str]:
    m.tables.seed("dead_letters", letter("evt-kept", history=[{"n": 1}] * 41))
    return {"histories of dead letters are bounded"}


def _endless_decisions(m: Memory) -> set[str]:
    row = m.one("notifications", templateId="order-confirmation")
    m.change("notifications", row, history=[{"n": 1}] * 41)
    return {"histories of mail are bounded"}


def _drift(m: Memory) -> set[str]:
    m.change("stock", m.one("stock", sku="jar"), available=10)
    return {"stock is what was not ordered"}


def _silent_fall(m: Memory) -> set[str]:
    m.change("stock", m.one("stock", sku="mug"), alert="armed")
    return {"one low-stock alert per fall"}


def _two_alerts(m: Memory) -> set[str]:
    row = m.one("ledger", outcome="low")
    m.change("ledger", row, id="inventory#evt-again")
    return {"one low-stock alert per fall"}


def _redacted_with_a_copy(m: Memory) -> set[str]:
    m.change("checkouts", m.one("checkouts", orderId=SOLD), redactedAt=iso(m.clock.now()))
    return {"redacted checkouts say nothing of a person"}


def _redacted_and_owed(m: Memory) -> set[str]:
    row = m.one("checkouts", orderId=REJECTED)
    copies = {"command": None, "userId": None, "decidedShard": None}
    m.change("checkouts", row, **copies, redactedAt="2026-03-01T12:00:00.000Z", refundAmount=1)
    return {"rejected is refunded once"}


# A change to a healthy shop, and the checks that must see it.
DAMAGES: list[Callable[[Memory], set[str]]] = [
    value
    for name, value in globals().items()
    if name.startswith("_") and getattr(value, "__annotations__", {}).get("m") is Memory
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__.strip("_"))
def test_a_breach_is_found_by_its_own_checks(damage):
    shop = Memory(*lived())

    expected = damage(shop)

    assert red(audited(shop)) == expected


@pytest.mark.parametrize(("cause", "is_dropped"), [("unconfirmed", False), ("", True)])
def test_a_lapse_that_came_after_a_confirmation_was_not_dropped(cause, is_dropped):
    shop = Memory(*lived())
    order = shop.one("orders", orderId=SOLD)
    confirmed = {"at": "x", "type": "order.confirmed", "eventId": "evt-c", "verdict": "applied"}
    told = [*order["timeline"], confirmed, _late_cancellation(cause)]
    shop.change("orders", order, status="CONFIRMED", timeline=told, timelineCount=len(told))

    assert ("no step was dropped" in red(audited(shop))) is is_dropped


def test_every_check_has_a_breach_that_it_finds():
    """A check that nothing ever turned red would be decoration."""
    found = {name for damage in DAMAGES for name in damage(Memory(*lived()))}

    attention_only = {
        "no dead letter waits",
        "settled dead letters have a time",
        "decided checkouts have a time",
    }
    assert found | attention_only == set(audited(Memory(*lived())))


def test_reports_name_ids_and_nothing_that_people_wrote():
    shop = Memory(*lived())
    for damage in (_no_mail, _other_cart, _half_a_refund, _vanished_event, _drift):
        damage(shop)
    results = list(audited(shop).values())
    moment = shop.clock.now()

    text = as_text(results, stage="test", now=moment)
    values = json.loads(as_json(results, stage="test", now=moment))

    for private in ("ada@example.com", "Ada Example", "Testville", "user-1"):
        assert private not in text
        assert private not in json.dumps(values)
    assert values["breaches"] == sum(result.breaches for result in results) > 0
    assert verdict(results) in text
