"""Whom an order goes to is corrected until its parcel leaves, and both mailboxes hear of it (S40)."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.orders.domain import Verdict
from shared.commerce.contact import MOST_BY_CUSTOMER
from tests.builders import answer_of, checkout_payload, checkout_row, envelope, line, stock
from tests.order_ids import order_id_for
from tests.pipeline import Pipeline
from tests.unit.functions.orders.test_lifecycle import order, shop_with, step

ORDER_ID = order_id_for("pay-1")
COUNTER = itertools.count()
OPEN = ["PENDING", "CONFIRMED", "PROCESSING"]
PAST = ["SHIPPED", "DELIVERED", "CANCELLED"]
NEW: dict[str, Any] = {
    "customerName": "Grace Example",
    "customerEmail": "grace@example.org",
    "customerAddress": "7 Other Road, Elsewhere",
}
OLD = {
    "customerName": "Ada Example",
    "customerEmail": "ada@example.com",
    "customerAddress": "1 Test Street, Testville",
}


def corrected(minute: int = 5, **changes: Any) -> dict[str, Any]:
    """A correction by an operator, written at that minute."""
    payload = {
        "orderId": "ord_1",
        "userId": "user-1",
        "reason": "mistyped",
        "correctedBy": "admin",
        **changes,
    }
    event = envelope("order.corrected", payload, eventId=f"evt-correct-{next(COUNTER)}")
    return event | {"timestamp": f"2026-03-02T12:{minute:02d}:00.000Z"}


def by_customer(minute: int = 5, **changes: Any) -> dict[str, Any]:
    return corrected(minute, correctedBy="user", **changes)


def emitted(shop: Pipeline, event_type: str) -> list[dict[str, Any]]:
    return [json.loads(message.body)["payload"] for message in shop.outbox.of(event_type)]


def mails(shop: Pipeline) -> list[dict[str, Any]]:
    return emitted(shop, "notification.email")


def contact(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in OLD}


def last_verdict(shop: Pipeline) -> str:
    verdict: str = order(shop)["timeline"][-1]["verdict"]
    return verdict


@pytest.mark.parametrize("status", OPEN)
@pytest.mark.parametrize("name", NEW)
def test_one_field_is_corrected_and_the_others_and_the_state_stay(status, name):
    shop = shop_with(status)

    assert shop.deliver("orders", corrected(**{name: NEW[name]}))["statusCode"] == 200

    assert contact(order(shop)) == {**OLD, name: NEW[name]}
    assert order(shop)["status"] == status
    assert last_verdict(shop) == "corrected"


@pytest.mark.parametrize("status", PAST)
@pytest.mark.parametrize("make", [corrected, by_customer])
def test_an_order_that_left_or_is_cancelled_stays_as_it_is(status, make):
    shop = shop_with(status)

    assert shop.deliver("orders", make(**NEW))["statusCode"] == 200

    assert contact(order(shop)) == OLD
    assert last_verdict(shop) == "late"
    assert mails(shop) == []
    (entry,) = emitted(shop, "analytics.audit")
    assert entry["action"] == "order.corrected.late"


def test_the_mail_goes_to_the_new_address_and_a_notice_without_it_to_the_old():
    shop = shop_with("CONFIRMED")

    shop.deliver("orders", corrected(**NEW))

    new, old = mails(shop)
    assert (new["to"], new["templateId"]) == ("grace@example.org", "order-corrected")
    assert (old["to"], old["templateId"]) == ("ada@example.com", "order-corrected-notice")
    assert not any(str(value) in json.dumps(old) for value in NEW.values())
    assert old["templateData"] == {"orderId": "ord_1", "customerName": "Ada Example"}
    shop.drain()
    notice = next(mail for mail in shop.mailer.sent if mail.to == "ada@example.com")
    assert not any(v in notice.html + notice.text + notice.subject for v in NEW.values())


@pytest.mark.parametrize("name", ["customerName", "customerAddress"])
def test_without_another_address_its_one_mailbox_hears_of_it_once(name):
    shop = shop_with("CONFIRMED")

    shop.deliver("orders", corrected(**{name: NEW[name]}))

    (mail,) = mails(shop)
    assert (mail["to"], mail["templateId"]) == ("ada@example.com", "order-corrected")


def test_mails_after_it_go_to_the_corrected_address():
    shop = shop_with("CONFIRMED")
    shop.deliver("orders", corrected(customerEmail="grace@example.org"))

    shop.deliver("orders", step("order.shipped", customerEmail="ada@example.com"))

    assert mails(shop)[-1]["to"] == "grace@example.org"
    assert mails(shop)[-1]["templateId"] == "order-shipped"


def test_the_audit_trail_tells_from_what_to_what_in_digests_and_no_word_of_it():
    shop = shop_with("PENDING")

    shop.deliver("orders", corrected(**NEW, operator="ida"))
    shop.deliver("orders", corrected(6, **OLD, operator="ida"))

    there, back = emitted(shop, "analytics.audit")
    assert there["action"] == "order.corrected"
    assert there["previousState"].keys() == there["newState"].keys() == {"status", *NEW}
    assert all(there["previousState"][name] != there["newState"][name] for name in NEW)
    assert (back["previousState"], back["newState"]) == (there["newState"], there["previousState"])
    assert there["metadata"]["actor"] == {"kind": "operator", "id": "ida"}
    assert not any(v in json.dumps([there, back]) for v in (*NEW.values(), *OLD.values()))


def test_the_audit_trail_names_the_customer_who_corrected():
    shop = shop_with("PENDING")

    shop.deliver("orders", by_customer(customerName="Grace Example"))

    (entry,) = emitted(shop, "analytics.audit")
    assert entry["metadata"]["actor"] == {"kind": "customer", "id": "user-1"}


@pytest.mark.parametrize("change", [{}, OLD, {"customerName": " Ada Example\u00a0"}])
def test_what_the_order_says_already_changes_nothing_and_mails_nobody(change):
    shop = shop_with("PENDING")

    assert shop.deliver("orders", corrected(**change))["statusCode"] == 200

    assert contact(order(shop)) == OLD
    assert "placedIdentity" not in order(shop)
    assert last_verdict(shop) == "repeated"
    assert mails(shop) == []


def test_a_correction_that_names_another_user_is_refused_by_name_and_changes_nothing():
    """Elsewhere that is a remark; here a parcel would go to whom its buyer did not name."""
    shop = shop_with("PENDING")
    before = order(shop)

    response = shop.deliver("orders", corrected(**NEW, userId="user-2"))

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["field"] == "payload.userId"
    assert (order(shop), mails(shop)) == (before, [])


def test_a_correction_of_no_order_waits_and_one_of_a_rejected_checkout_is_refused():
    shop = Pipeline()
    unheard = corrected(**NEW, orderId=order_id_for("pay-unheard"))
    assert shop.deliver("orders", unheard)["statusCode"] == 503
    shop.memory.seed("checkouts", checkout_row(orderId=ORDER_ID, status="rejected"))

    response = shop.deliver("orders", corrected(**NEW, orderId=ORDER_ID))

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["code"] == "checkout_rejected"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("customerEmail", "two@example.com, three@example.com"),
        ("customerEmail", "grace@localhost@x"),
        ("customerName", "Grace\nExample"),
        ("customerAddress", "\u200b"),
        ("customerAddress", "x" * 501),
        ("reason", ""),
        ("correctedBy", "system"),
    ],
)
def test_a_value_that_breaks_a_rule_is_refused_by_name(name, value):
    shop = shop_with("PENDING")

    response = shop.deliver("orders", corrected(**{**NEW, name: value}))

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["field"] == f"payload.{name}"
    assert contact(order(shop)) == OLD


@given(order_of_news=st.permutations([1, 2, 3, 4]), again=st.lists(st.integers(0, 3), max_size=4))
def test_the_newest_word_on_a_field_counts_in_whatever_order_they_arrive(order_of_news, again):
    shop = shop_with("PENDING")
    news = [corrected(m, customerName=f"Name {m}") for m in order_of_news]
    news.insert(2, corrected(0, customerEmail="grace@example.org"))

    for event in [*news, *(news[i] for i in again)]:
        assert shop.deliver("orders", event)["statusCode"] == 200

    assert contact(order(shop)) == {
        **OLD,
        "customerName": "Name 4",
        "customerEmail": "grace@example.org",
    }


def test_an_older_word_that_says_otherwise_is_late_and_not_a_repetition():
    shop = shop_with("PENDING")
    shop.deliver("orders", corrected(2, customerName="Grace Example"))
    told = len(mails(shop))

    shop.deliver("orders", corrected(1, customerName="Eva Example"))

    assert last_verdict(shop) == "late"
    assert order(shop)["customerName"] == "Grace Example"
    assert len(mails(shop)) == told


def test_an_older_word_does_not_win_over_what_was_said_again_since():
    """A to B, and back to A: the second event arrives first, and changes nothing then."""
    shop = shop_with("PENDING")
    there, back = corrected(1, **NEW), corrected(2, **OLD)

    shop.deliver("orders", back)
    shop.deliver("orders", there)

    assert contact(order(shop)) == OLD
    assert mails(shop) == []


def test_a_shipment_between_reading_and_writing_wins(monkeypatch):
    shop = shop_with("CONFIRMED")
    transact, done = shop.memory.transact, list[int]()

    def first(writes: Any) -> None:
        if not done:
            done.append(0)
            done[0] = shop.deliver("orders", step("order.shipped"))["statusCode"]
        transact(writes)

    monkeypatch.setattr(shop.memory, "transact", first)

    assert shop.deliver("orders", corrected(**NEW))["statusCode"] == 200

    assert done == [200]
    assert (contact(order(shop)), order(shop)["status"]) == (OLD, "SHIPPED")
    assert last_verdict(shop) == "late"
    assert [mail["templateId"] for mail in mails(shop)] == ["order-shipped"]


def test_a_correction_between_reading_and_writing_of_a_step_is_told_by_its_mail(monkeypatch):
    """The step is decided again: it read the address of before."""
    shop = shop_with("CONFIRMED")
    transact, done = shop.memory.transact, list[int]()

    def first(writes: Any) -> None:
        if not done:
            done.append(0)
            done[0] = shop.deliver("orders", corrected(**NEW))["statusCode"]
        transact(writes)

    monkeypatch.setattr(shop.memory, "transact", first)

    assert shop.deliver("orders", step("order.shipped"))["statusCode"] == 200

    assert (done, order(shop)["status"], contact(order(shop))) == ([200], "SHIPPED", NEW)
    (parcel,) = [mail for mail in mails(shop) if mail["templateId"] == "order-shipped"]
    assert parcel["to"] == NEW["customerEmail"]
    assert parcel["templateData"]["customerName"] == NEW["customerName"]


def test_of_two_corrections_in_the_same_moment_none_is_lost(monkeypatch):
    shop = shop_with("CONFIRMED")
    transact, done = shop.memory.transact, list[int]()

    def first(writes: Any) -> None:
        if not done:
            done.append(0)
            other = corrected(4, customerEmail="grace@example.org")
            done[0] = shop.deliver("orders", other)["statusCode"]
        transact(writes)

    monkeypatch.setattr(shop.memory, "transact", first)
    shop.deliver("orders", corrected(5, customerName="Grace Example"))

    assert order(shop)["customerName"] == "Grace Example"
    assert order(shop)["customerEmail"] == "grace@example.org"
    # The later one saw the earlier one's address: each mailbox was told what it had to know.
    assert [mail["to"] for mail in mails(shop)] == [
        "grace@example.org",
        "ada@example.com",
        "grace@example.org",
    ]


def test_a_customer_corrects_a_few_times_and_then_asks_the_shop():
    shop = shop_with("PENDING")
    for minute in range(MOST_BY_CUSTOMER + 2):
        event = by_customer(minute, customerEmail=f"someone-{minute}@example.org")
        assert shop.deliver("orders", event)["statusCode"] == 200

    assert order(shop)["customerEmail"] == f"someone-{MOST_BY_CUSTOMER - 1}@example.org"
    assert last_verdict(shop) == Verdict.CAPPED.value
    assert len(mails(shop)) == 2 * MOST_BY_CUSTOMER
    assert emitted(shop, "analytics.audit")[-1]["action"] == "order.corrected.capped"
    shop.deliver("orders", corrected(30, **NEW))
    assert contact(order(shop)) == NEW


def test_any_number_of_corrections_leaves_room_for_the_next_step():
    shop = shop_with("PROCESSING")
    for minute in range(59):
        shop.deliver("orders", corrected(minute, customerAddress=f"{minute} Test Street"))

    row = order(shop)
    assert len(row["timeline"]) + len(row["timelineNewest"]) <= 40
    assert shop.deliver("orders", step("order.shipped"))["statusCode"] == 200
    assert order(shop)["status"] == "SHIPPED"


def test_an_order_from_before_corrections_is_corrected_and_its_row_read_as_before():
    shop = shop_with("PENDING")
    old = {n: v for n, v in order(shop).items() if n not in {"timeline", "cartDigest"}}
    shop.memory.seed("orders", old)

    shop.deliver("orders", corrected(**NEW))

    assert contact(order(shop)) == NEW


def ordered(*, past_the_api: bool = False) -> Pipeline:
    shop = Pipeline()
    shop.memory.seed("stock", stock())
    if past_the_api:
        command = envelope("command.checkout", checkout_payload(items=[line(quantity=2)]))
        shop.deliver("commands", command)
    else:
        shop.checkout(checkout_payload(items=[line(quantity=2)]))
    shop.drain()
    return shop


def again(shop: Pipeline, **changes: Any) -> tuple[int, int]:
    """The status of the same checkout again, at the API and past it."""
    payload = checkout_payload(items=[line(quantity=2)], **changes)
    command = envelope("command.checkout", payload, eventId=f"evt-again-{next(COUNTER)}")
    api = shop.checkout(payload)["statusCode"]
    return api, shop.deliver("commands", command)["statusCode"]


@pytest.mark.parametrize("past_the_api", [False, True])
@pytest.mark.parametrize("kept", [True, False])
def test_after_a_correction_the_first_request_is_still_the_payment_s(past_the_api, kept):
    """Also where the checkout is from before it kept digests: then the order's are all there is."""
    shop = ordered(past_the_api=past_the_api)
    if not kept:
        (checkout,) = shop.memory.all("checkouts")
        shop.memory.seed("checkouts", {n: v for n, v in checkout.items() if n != "identity"})
    shop.deliver("orders", corrected(orderId=ORDER_ID, **NEW))
    shop.deliver("orders", corrected(6, orderId=ORDER_ID, customerName="Grace E."))
    before = shop.memory.all("orders"), shop.memory.all("stock")

    assert again(shop) == (202, 200)
    # Of a checkout that tells nothing of its contact, the API knows the cart alone.
    silent = past_the_api and not kept
    assert again(shop, **NEW) == (202 if silent else 409, 489)
    assert again(shop, customerName="Grace E.") == (202 if silent else 409, 489)

    shop.drain()
    assert (shop.memory.all("orders"), shop.memory.all("stock")) == before


def test_a_confirmation_that_is_under_way_still_goes_where_it_was_addressed():
    shop = Pipeline()
    shop.memory.seed("stock", stock())
    shop.checkout(checkout_payload())
    (command,) = shop.outbox.of("command.checkout")
    shop.send(command)

    shop.deliver("orders", corrected(orderId=ORDER_ID, customerEmail="grace@example.org"))
    shop.drain()

    sent = {(mail.template_id, mail.to) for mail in shop.mailer.sent}
    assert ("order-confirmation", "ada@example.com") in sent
    (new,) = [m for m in shop.mailer.sent if m.to == "grace@example.org"]
    assert "Mug" in new.text
    assert "12.50" in new.text


def test_no_word_of_either_contact_reaches_the_log():
    shop = shop_with("PENDING")

    shop.deliver("orders", corrected(**NEW))
    shop.deliver("orders", corrected(6, **OLD))

    told = str(shop.telemetry.lines)
    assert not any(value in told for value in (*NEW.values(), *OLD.values()))
