"""A person is erased from every table, and no promise is broken by it (S46)."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops.core.errors import OperatorError
from ops.mail.suppression import SuppressionService
from ops.privacy.person import Person
from shared.kernel.errors import ContentionError
from shared.messaging.dead_letters.resend import obstacle, parsed
from shared.storage.schema import TABLES
from shared.storage.writes import Delete
from tests.builders import answer_of, checkout_payload, dead_letter_row, envelope, line
from tests.order_ids import ORDER_IDS, order_id_for
from tests.unit.ops.privacy.privacy_shop import (
    ADA,
    BOB,
    BOBS,
    DELIVERED,
    ENDPOINT,
    PERSON,
    PHONE,
    REJECTED,
    STRINGS,
    PrivacyShop,
)
from tests.unit.shared.faults import Faults, Killed


@pytest.fixture
def shop() -> PrivacyShop:
    return PrivacyShop().lived()


def bobs(shop: PrivacyShop) -> dict[str, Any]:
    """Every row that says something of Bob, to the byte."""
    return {
        f"{table}/{key}": json.dumps(row, default=str, sort_keys=True)
        for table, rows in shop.rows().items()
        for key, row in rows.items()
        if not any(text in json.dumps(row, default=str) for text in STRINGS)
        and any(text in json.dumps(row, default=str) for text in (*BOB.values(), BOBS))
    }


def forget(shop: PrivacyShop, record: str) -> None:
    """A record of the ledger, as if its thirty days were over."""
    shop.memory.transact([Delete("ledger", {"id": record})])


def test_nothing_of_the_person_is_left_in_any_table_and_the_audit_is_green(shop):
    assert {place.partition("/")[0] for place in shop.holds(*STRINGS)} == {
        *("orders", "checkouts", "ledger", "notifications", "audit", "dead_letters"),
    }
    assert shop.broken_promises() == set()

    done = shop.erase()
    shop.drain()

    assert shop.holds(*STRINGS) == []
    assert shop.broken_promises() == set()
    assert (list(done.in_the_way), done.endpoints) == ([], [ENDPOINT])
    assert len(shop.holds(done.pseudonym)) > 5


def test_another_persons_rows_are_the_same_to_the_byte(shop):
    before = bobs(shop)
    assert len(before) > 15

    shop.erase()

    after = {
        f"{table}/{key}": json.dumps(row, default=str, sort_keys=True)
        for table, rows in shop.rows().items()
        for key, row in rows.items()
    }
    assert {name: after.get(name) for name in before} == before


def test_what_sums_and_promises_need_stays(shop):
    before = shop.rows()
    shop.erase()
    after = shop.rows()

    for name in ("stock", "movements", "reservations", "allowances"):
        assert after[name] == before[name]
    kept = ("orderId", "paymentId", "items", "totalAmount", "status", "cartDigest", "createdAt")
    row, was = after["orders"][DELIVERED], before["orders"][DELIVERED]
    assert {name: row[name] for name in kept} == {name: was[name] for name in kept}
    refund = ("refundStatus", "refundAmount", "refundReference", "refundEventId")
    row, was = after["checkouts"][REJECTED], before["checkouts"][REJECTED]
    assert {name: row[name] for name in refund} == {name: was[name] for name in refund}
    actions = sorted(str(row["action"]) for row in before["audit"].values())
    assert sorted(str(row["action"]) for row in after["audit"].values()) == actions


def test_the_same_checkout_again_is_the_same_order_and_brings_nothing_back(shop):
    shop.erase()
    shop.drain()
    before, sent = shop.rows(), len(shop.outbox.messages)

    for payment, product, state in (("pay-1", "mug", "confirmed"), ("pay-2", "cup", "rejected")):
        body = checkout_payload(paymentId=payment, items=[line(product)], **ADA)
        answer = answer_of(shop.checkout(body))
        assert answer["data"]["orderId"] == order_id_for(payment)
        assert answer["data"]["status"] == state
    shop.drain()

    assert (shop.rows(), len(shop.outbox.messages)) == (before, sent)


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_late_delivery_of_the_command_makes_no_order_and_brings_nothing_back(shop, forgotten):
    """Also when the ledger and Redis have forgotten it."""
    commands = [m for m in shop.outbox.messages if m.event_type == "command.checkout"]
    shop.erase()
    shop.drain()
    if forgotten:
        for message in commands:
            forget(shop, f"commands#{message.event_id}")
        shop.redis.flush()
    orders = shop.rows()["orders"]

    answers = [shop.send(message)["statusCode"] for message in commands]
    shop.drain()

    assert set(answers) == {200}
    assert shop.rows()["orders"] == orders
    assert shop.holds(*STRINGS) == []


def test_another_cart_of_an_erased_payment_is_still_refused(shop):
    shop.erase()

    body = checkout_payload(paymentId="pay-1", items=[line("mug", quantity=2)], **BOB)

    assert shop.checkout(body)["statusCode"] == 409


def test_a_dead_letter_of_an_erased_person_can_never_be_sent_again(shop):
    shop.erase()

    row = shop.rows()["dead_letters"]["evt-failed"]
    values = parsed(row["originalEvent"])
    assert row["state"] == "discarded"
    assert obstacle("evt-failed", "commands", "command.checkout", values) is not None


def test_a_complaint_outlives_its_owners_data(shop):
    shop.erase()
    mail = {
        "to": ADA["customerEmail"].upper(),
        "subject": "Again",
        "templateId": "order-confirmed",
        "templateData": {"orderId": "x", "customerName": "A", "items": [line()], "totalAmount": 1},
    }
    before = len(shop.mailer.sent)

    shop.deliver("notifications", envelope("notification.email", mail, eventId="evt-again"))

    assert len(shop.mailer.sent) == before
    listed = [
        row for row in shop.memory.all("notifications") if row["id"].startswith("suppressed#")
    ]
    assert [sorted(row) for row in listed] == [["id", "reason", "state", "updatedAt"]]


def test_an_erasure_is_in_the_trail_without_the_person(shop):
    done = shop.erase()
    shop.drain()

    [entry] = [row for row in shop.memory.all("audit") if row["action"] == "person.erased"]
    assert entry["entity"] == f"person#{done.pseudonym}"
    assert entry["metadata"] == {
        "actor": {"kind": "operator", "id": "otto"},
        "reason": "asked by letter",
    }
    assert entry["newState"]["rows"]["orders"] == 1


def test_a_reason_that_names_the_person_is_refused_before_anything_is_read(shop):
    for reason in (f"for {ADA['customerEmail'].upper()}", f"letter of {ADA['userId']}"):
        with pytest.raises(OperatorError, match="--reason: must not name"):
            shop.service(reason=reason).find(PERSON)


def test_a_second_erasure_finds_nothing_and_changes_nothing(shop):
    shop.erase()
    shop.drain()
    before = shop.rows()

    again = shop.erase()
    shop.drain()

    assert (again.rows, list(again.in_the_way), shop.rows()) == ({}, [], before)


def test_a_dry_run_changes_nothing_and_tells_what_would_go(shop):
    before = shop.rows()

    told = shop.erase(dry_run=True)

    assert shop.rows() == before
    assert told.rows == shop.erase().rows
    assert {"orders", "checkouts", "messages", "audit entries", "dead letters"} <= set(told.rows)


def test_an_erasure_that_dies_anywhere_is_finished_by_the_next(shop):
    steps = sum(shop.erase(dry_run=True).rows.values())
    assert steps > 20
    for number in range(0, steps, 6):
        dying = PrivacyShop().lived()
        faults = Faults({(number, "after"): Killed})
        with pytest.raises(Killed):
            dying.erase(tables=faults.wrap("tables", dying.tables))
        dying.drain()
        assert dying.broken_promises() == set(), number

        dying.erase()
        dying.drain()

        assert dying.holds(*STRINGS) == [], number
        assert dying.broken_promises() == set(), number


# ------------------------------------------------------------------ what is on its way
def waiting(shop: PrivacyShop) -> list[str]:
    """Why nothing was erased; and nothing was."""
    before = shop.rows()
    done = shop.erase()
    assert shop.rows() == before
    return [obstacle.why for obstacle in done.in_the_way]


def test_an_order_that_is_on_its_way_stops_the_erasure_until_it_is_there():
    shop = PrivacyShop()
    shop.order("pay-1", ADA)
    assert waiting(shop) == ["its checkout is not decided"]
    shop.drain()
    assert waiting(shop) == ["is PENDING"]
    shop.step("confirmed", DELIVERED)
    assert waiting(shop) == ["is CONFIRMED"]
    shop.step("shipped", DELIVERED)
    assert waiting(shop) == ["is SHIPPED"]
    shop.step("delivered", DELIVERED, deliveredAt="2026-03-02T12:00:00.000Z")

    assert list(shop.erase().in_the_way) == []
    assert shop.holds(*ADA.values()) == []


def test_an_order_whose_arrival_was_never_told_can_be_erased_a_month_later_and_is_mailed_no_more():
    shop = PrivacyShop()
    shop.order("pay-1", ADA)
    shop.drain()
    shop.step("confirmed", DELIVERED)
    shop.step("shipped", DELIVERED)
    shop.clock.advance(timedelta(days=29).total_seconds())
    assert waiting(shop) == ["is SHIPPED"]
    shop.clock.advance(timedelta(days=2).total_seconds())
    assert list(shop.erase().in_the_way) == []
    sent = len(shop.mailer.sent)

    shop.step("delivered", DELIVERED, deliveredAt="2026-03-02T12:00:00.000Z")

    row: Any = shop.rows()["orders"][DELIVERED]
    assert (row["status"], len(shop.mailer.sent)) == ("DELIVERED", sent)
    assert shop.holds(*ADA.values()) == []


def test_new_tracking_of_an_erased_order_is_not_kept():
    shop = PrivacyShop()
    shop.order("pay-1", ADA)
    shop.drain()
    shop.step("confirmed", DELIVERED)
    shop.step("shipped", DELIVERED)
    shop.clock.advance(timedelta(days=31).total_seconds())
    shop.erase()
    sent = len(shop.mailer.sent)
    row: Any = shop.rows()["orders"][DELIVERED]
    names = ("orderId", "userId", "customerName", "customerEmail", "customerAddress")
    said = {name: row[name] for name in (*names, "items", "totalAmount", "status")}
    event = envelope("order.shipped", {**said, "trackingNumber": "PC-2"}, eventId="evt-again")

    shop.deliver("orders", {**event, "timestamp": shop.clock.now().isoformat()})
    shop.drain()

    assert "trackingNumber" not in shop.rows()["orders"][DELIVERED]
    assert len(shop.mailer.sent) == sent


def test_an_open_refund_stops_the_erasure_and_a_settled_one_does_not():
    shop = PrivacyShop()
    shop.order("pay-1", ADA)
    shop.drain()
    shop.step("confirmed", DELIVERED)
    shop.step("cancelled", DELIVERED, reason="no", cancelledBy="user")

    assert waiting(shop) == ["its refund is open"]


@pytest.mark.parametrize("state", ["open", "replaying"])
def test_a_dead_letter_that_waits_stops_the_erasure(state):
    shop = PrivacyShop()
    original = json.dumps(envelope("command.checkout", {**ADA, "paymentId": "pay-7"}))
    shop.memory.seed("dead_letters", dead_letter_row(state=state, originalEvent=original))
    shop.order("pay-1", ADA)
    shop.drain()
    shop.delivered(DELIVERED)

    assert waiting(shop) == [f"its dead letter is {state}"]


def test_a_settled_dead_letter_that_is_sent_again_stops_the_erasure():
    """An operator decided, and the reconciler still has to send it."""
    shop = PrivacyShop()
    original = json.dumps(envelope("command.checkout", {**ADA, "paymentId": "pay-7"}))
    due = {"state": "resolved", "dueAt": "2026-03-01T12:00:00.000Z", "dueShard": "0"}
    shop.memory.seed("dead_letters", dead_letter_row(originalEvent=original, **due))
    shop.order("pay-1", ADA)
    shop.drain()
    shop.delivered(DELIVERED)

    assert waiting(shop) == ["its dead letter is resolved"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"state": "waiting"}, "its message is waiting"),
        ({"state": "claimed"}, "its message is claimed"),
        ({"state": "unknown", "attention": "unknown"}, "its message is unknown"),
    ],
)
def test_a_message_that_waits_stops_the_erasure(shop, changes, why):
    row = shop.rows()["notifications"]["evt-email"]
    shop.memory.seed("notifications", {**row, **changes})

    assert waiting(shop) == [why]


def test_an_event_that_was_not_handled_yet_stops_the_erasure(shop):
    [record] = [
        row
        for row in shop.memory.all("ledger")
        if row["eventType"] == "order.delivered"
        and row["consumer"] == "orders"
        and row["correlationId"] == DELIVERED
    ]
    caused = record["outbox"][0]
    forget(shop, f"{caused['topic']}#{caused['eventId']}")

    assert waiting(shop) == [f"{caused['eventType']} is on its way"]


def test_a_decision_whose_events_were_not_all_published_stops_the_erasure(shop):
    """A worker died after its commit: the reconciler still publishes what the record holds."""
    [record] = [
        row
        for row in shop.memory.all("ledger")
        if (row["eventType"], row["consumer"]) == ("order.delivered", "orders")
        and row["correlationId"] == DELIVERED
    ]
    shop.memory.seed("ledger", {**record, "state": "committed"})

    assert waiting(shop) == ["what it caused is not published"]


def test_a_row_that_changes_meanwhile_is_not_overwritten_and_the_next_run_finishes(shop):
    service = shop.service()
    found = service.find(PERSON)
    row = shop.rows()["orders"][DELIVERED]
    shop.memory.seed("orders", {**row, "updatedAt": "2026-12-01T00:00:00.000Z"})

    with pytest.raises(ContentionError, match="the same command again does the rest"):
        service.erase(found)

    assert shop.rows()["orders"][DELIVERED]["customerName"] == ADA["customerName"]
    shop.erase()
    shop.drain()
    assert shop.holds(*STRINGS) == []


# ------------------------------------------------------------------ who is meant
def test_by_address_alone_their_orders_and_messages_go(shop):
    done = shop.erase(Person.named(None, ["ADA.B@mail.example"], [PHONE]))
    shop.drain()

    assert list(done.in_the_way) == []
    assert shop.holds(ADA["customerEmail"], ADA["customerAddress"], PHONE) == []
    # What speaks of the user and of no order is found by the user's id alone.
    assert {place.partition("/")[0] for place in shop.holds(ADA["userId"])} == {
        *("audit", "ledger", "notifications")
    }
    shop.erase(Person.named(ADA["userId"], []))
    shop.drain()
    assert shop.holds(*STRINGS) == []
    assert shop.broken_promises() == set()


def test_a_row_that_cannot_be_read_is_told_and_stops_no_other(shop):
    shop.memory.seed("orders", {"orderId": "ord_odd", "userId": ADA["userId"]})

    found = shop.service().find(PERSON)

    assert [odd.__class__.__name__ for odd in found.unreadable] == ["UnreadableRowError"]
    assert [order.order_id for order in found.orders] == [DELIVERED]


def test_an_operator_who_is_called_like_a_customer_stays_in_the_trail():
    shop = PrivacyShop()
    otto = {**ADA, "userId": "otto"}
    shop.order("pay-1", otto)
    shop.drain()
    shop.step("confirmed", DELIVERED)
    shop.step("shipped", DELIVERED)
    shop.step("delivered", DELIVERED, deliveredAt="2026-03-02T12:00:00.000Z")
    shop.bring_in("sku,name,price,available,threshold\njar,Jar,5,4,0\n")
    shop.drain()
    [before] = [row for row in shop.memory.all("audit") if row["action"] == "catalogue.created"]

    shop.erase(Person.named("otto", []))

    [after] = [row for row in shop.memory.all("audit") if row["action"] == "catalogue.created"]
    assert after == before
    assert shop.rows()["orders"][DELIVERED]["userId"] != "otto"


@pytest.mark.parametrize(
    "word", ["high", "normal", "order", "order-confirmation", "PENDING", "orders", "sale", "EUR"]
)
def test_who_calls_themselves_or_their_payment_a_word_of_ours_takes_no_other_with_them(word):
    shop = PrivacyShop()
    shop.order("pay-8", BOB)
    shop.drain()
    shop.delivered(BOBS)
    shop.order(word, {**ADA, "userId": word})
    shop.drain()
    shop.delivered(order_id_for(word))
    before = bobs(shop)
    assert len(before) > 15

    done = shop.erase(Person.named(word, []))
    shop.drain()

    assert (done.rows["orders"], bobs(shop)) == (1, before)
    assert shop.broken_promises() == set()
    assert shop.holds(*list(ADA.values())[1:]) == []


def test_a_lifted_suppression_still_names_the_operator_who_lifted_it(shop):
    lift = SuppressionService(
        shop.tables, shop.ledger(), NoList(), actor="otto", reason="Ada wrote to us"
    )
    lift.lift(ADA["customerEmail"])
    shop.drain()

    shop.erase()

    [entry] = [r for r in shop.memory.all("audit") if r["action"] == "address.unsuppressed"]
    assert (entry["userId"], entry["metadata"]["by"]) == ("otto", "otto")
    assert "reason" not in entry["metadata"]


class NoList:
    """A mail service that suppresses no one."""

    def remove(self, address: str) -> bool:
        return False


@pytest.mark.parametrize(
    ("user", "emails", "phones", "says"),
    [
        (None, [], [], "--user, --email, --phone"),
        ("ada byron", [], [], "--user"),
        (None, ["ada"], [], "--email"),
        (None, [], ["0151"], "--phone"),
    ],
)
def test_a_name_that_can_be_no_ones_is_refused_by_its_option(user, emails, phones, says):
    with pytest.raises(OperatorError, match=says):
        Person.named(user, emails, phones)


def test_the_pseudonym_is_the_same_in_every_run_and_tells_nothing_without_the_key():
    one = Person.named("user-1", []).pseudonym(ORDER_IDS)

    assert one == Person.named("user-1", ["a@b.example"]).pseudonym(ORDER_IDS)
    assert one != Person.named("user-2", []).pseudonym(ORDER_IDS)
    assert one != Person.named("user-1", []).pseudonym(type(ORDER_IDS)(b"another key"))


# ------------------------------------------------------------------ whatever happened
NAMES = st.text("abcdefghij", min_size=12, max_size=16)
LIVES = st.lists(
    st.tuples(st.sampled_from(["her", "him"]), st.sampled_from(["delivered", "cancelled"])),
    min_size=1,
    max_size=4,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(first=NAMES, street=NAMES, lives=LIVES)
def test_whatever_was_ordered_nothing_of_the_person_is_left_and_all_of_others(first, street, lives):
    shop = PrivacyShop()
    person = {
        "userId": f"u-{first}",
        "customerName": f"N{first}",
        "customerEmail": f"{first}@mail.example",
        "customerAddress": f"{street} 5, Testville",
    }
    for number, (who, end) in enumerate(lives):
        shop.order(f"pay-{number}", person if who == "her" else BOB)
        shop.drain()
        order = order_id_for(f"pay-{number}")
        shop.step("confirmed", order)
        if end == "cancelled":
            shop.step("cancelled", order, reason=f"for {first}", cancelledBy="user")
            row: Any = shop.memory.get("checkouts", {"orderId": order})
            shop.memory.seed("checkouts", {**row, "refundStatus": "settled"})
        else:
            shop.step("shipped", order, trackingNumber=f"T-{street}")
            shop.step("delivered", order, deliveredAt="2026-03-02T12:00:00.000Z")
    strings = [*person.values(), *([f"T-{street}"] if all(w == "her" for w, _ in lives) else [])]
    others = {
        table: {
            key: row for key, row in rows.items() if BOB["userId"] in json.dumps(row, default=str)
        }
        for table, rows in shop.rows().items()
    }

    done = shop.erase(Person.named(person["userId"], [person["customerEmail"]]))
    shop.drain()

    assert list(done.in_the_way) == []
    assert shop.holds(*strings) == []
    assert shop.broken_promises() == set()
    now = shop.rows()
    assert {t: {k: now[t][k] for k in rows} for t, rows in others.items()} == others


def test_every_table_is_looked_at_or_known_to_name_no_one():
    shop = PrivacyShop().lived()
    nameless = {"stock", "movements", "reservations", "allowances"}

    assert {place.partition("/")[0] for place in shop.holds(*STRINGS)} == TABLES.keys() - nameless


def test_the_page_names_every_table_once():
    page = (Path(__file__).parents[4] / "docs/privacy.md").read_text(encoding="utf-8")
    stated = re.findall(r"^\| `([a-z_]+)` \|", page, flags=re.MULTILINE)

    assert sorted(stated) == sorted(TABLES)
