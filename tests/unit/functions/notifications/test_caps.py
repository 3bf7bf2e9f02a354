"""No recipient is told more than so much within an hour; the rest is told later (S17)."""

from dataclasses import replace
from typing import Any

import pytest

from functions.notifications.channels.email.mail import Mail
from functions.notifications.channels.email.template_data import TEMPLATES
from functions.notifications.domain import SendRecord, SendState
from functions.notifications.send_ledger import SendLedgerTables, cap_key
from functions.notifications.settings import NotificationsSettings
from shared.contracts.channels import EMAIL, SMS
from shared.kernel.errors import RecipientCappedError
from tests.builders import answer_of, envelope, stock
from tests.contracts.samples import sample
from tests.pipeline import Pipeline, environment, no_parameters
from tests.unit.functions.notifications.channels.email.test_rendering import DATA
from tests.unit.shared.faults import Faults

MAIL, TEXT = sample("notification.email"), sample("notification.sms")


@pytest.fixture
def shop() -> Pipeline:
    shop = Pipeline()
    shop.environ |= {"MAILS_PER_HOUR": "2", "SMS_PER_HOUR": "2"}
    return shop


def ask(
    shop: Pipeline, number: int, event: dict[str, Any] = MAIL, **changes: Any
) -> dict[str, Any]:
    shop.redis.flush()
    payload = {**event["payload"], **changes}
    return shop.deliver("notifications", {**event, "eventId": f"evt-{number}", "payload": payload})


def counted(
    shop: Pipeline,
    recipient: str = MAIL["payload"]["to"],
    budget: str = f"program:{MAIL['payload']['templateId']}",
) -> Any:
    item = shop.memory.get("notifications", cap_key(recipient, shop.clock.now(), budget))
    return None if item is None else item["told"]


@pytest.mark.parametrize(("event", "box"), [(MAIL, "mailer"), (TEXT, "texts")])
def test_over_the_cap_waits_is_counted_and_leaves_word_of_it(shop, event, box):
    assert [ask(shop, n, event)["statusCode"] for n in range(3)] == [200, 200, 503]

    waiting = ask(shop, 2, event)
    assert answer_of(waiting)["error"]["code"] == "recipient_cap"
    assert "Upstash-NonRetryable-Error" not in waiting["headers"]
    assert len(getattr(shop, box).sent) == 2
    assert shop.telemetry.counts["RecipientCapped"] == 2
    kept = shop.memory.get("notifications", {"id": "evt-2"})
    assert kept is not None
    assert kept["state"] == "waiting"
    left = float(str(kept["expiresAt"])) - shop.clock.now().timestamp()
    assert int(waiting["headers"]["retry-after"]) == round(left)
    assert "attention" not in kept
    assert shop.memory.get("ledger", {"id": "notifications#evt-2"}) is None


def test_nobody_is_named_by_the_cap_or_by_its_refusal(shop):
    answers = [ask(shop, n)["body"] for n in range(3)]

    assert "ada@example.com" not in str(answers) + str(shop.telemetry.lines)
    caps = [r for r in shop.memory.all("notifications") if str(r["id"]).startswith("cap#")]
    assert len(caps) == 2
    assert "ada" not in str(caps)


def test_high_priority_is_no_exemption(shop):
    statuses = [ask(shop, n, priority="high")["statusCode"] for n in range(3)]

    assert statuses == [200, 200, 503]


def test_every_hour_of_the_clock_starts_anew_and_what_waited_goes_out(shop):
    shop.clock.advance(3600 - shop.clock.now().timestamp() % 3600 - 1)
    assert [ask(shop, n)["statusCode"] for n in range(3)] == [200, 200, 503]

    shop.clock.advance(1)

    assert ask(shop, 2)["statusCode"] == 200
    assert counted(shop) == 1


@pytest.mark.parametrize("minute", [0, 1, 30, 59])
def test_who_waits_is_asked_back_early_in_the_next_hour_and_not_before(shop, minute):
    shop.clock.advance(3600 - shop.clock.now().timestamp() % 3600 + 60 * minute)
    left = 3600 - 60 * minute

    waits = [int(ask(shop, n)["headers"].get("retry-after", 0)) for n in range(20)][2:]

    assert all(left <= wait < left + 300 for wait in waits)
    assert len(set(waits)) > 10, "they would all come back at once"


def test_a_victim_of_many_checkouts_gets_the_cap_an_hour_and_loses_nothing(shop):
    """Delivered again when the answer said so, as often as it takes."""
    shop.environ["MAILS_PER_HOUR"] = "5"
    due = dict.fromkeys(range(25), 0.0)
    began, hours = shop.clock.now().timestamp(), list[int]()
    while due:
        number, at = min(due.items(), key=lambda entry: entry[1])
        shop.clock.advance(max(0.0, began + at - shop.clock.now().timestamp()))
        answer = ask(shop, number)
        now = shop.clock.now().timestamp()
        if answer["statusCode"] == 200:
            hours.append(int(now // 3600))
            del due[number]
        else:
            due[number] = now - began + int(answer["headers"]["retry-after"])

    assert [hours.count(hour) for hour in sorted(set(hours))] == [5] * 5
    assert len({mail.event_id for mail in shop.mailer.sent}) == 25
    assert shop.telemetry.counts["RecipientCapped"] == 20 + 15 + 10 + 5


def test_of_two_runs_that_meet_what_waited_one_sends_it(shop):
    """The other looked before and claims after: it finds the claim."""
    mail = Mail("evt-1", "ada@example.com", "s", "t", "", "", "{}")
    caps = {EMAIL: 1}
    other = SendLedgerTables(shop.memory, shop.clock, caps=caps)
    assert other.claim(replace(mail, event_id="evt-0")).mine
    with pytest.raises(RecipientCappedError):
        other.claim(mail)
    shop.clock.advance(3600)
    faults = Faults()
    late = SendLedgerTables(faults.wrap("tables", shop.memory), shop.clock, caps=caps)
    first: list[SendRecord] = []

    def overtake(_name: str) -> None:
        if len(faults.calls) == 2:
            first.append(other.claim(mail))

    faults.watch = overtake
    record = late.claim(mail)

    assert [claim.mine for claim in first] == [True]
    assert (record.state, record.mine) == (SendState.CLAIMED, False)


# ------------------------------------------------------------------ the shop's own alerts
LOW = {"productName": "Mug", "sku": "mug", "currentStock": 2, "threshold": 3}


def alert(shop: Pipeline, number: int, **changes: Any) -> int:
    asked = {"to": "stock@shop.example", "templateId": "low-stock-alert", "templateData": LOW}
    return int(ask(shop, number, **{**asked, **changes})["statusCode"])


def test_thirty_products_that_run_low_at_once_are_thirty_mails_to_the_shop():
    shop = Pipeline()
    shop.environ["MAILS_PER_HOUR"] = "20"
    names = [f"mug-{number}" for number in range(30)]
    shop.memory.seed("stock", *(stock(name, available=1) for name in names))
    for name in names:
        moved = {"productId": name, "previousStock": 3, "newStock": 1, "reason": "sale"}
        event = envelope("inventory.stock.updated", moved, eventId=f"evt-{name}")
        assert shop.deliver("inventory", event)["statusCode"] == 200

    answers = shop.drain()

    assert {status for _, status in answers} == {200}
    assert len(shop.mailer.sent) == 30
    assert "RecipientCapped" not in shop.telemetry.counts


def test_only_alerts_to_the_shop_are_beyond_the_cap(shop):
    assert [alert(shop, n, to="Stock@Shop.example") for n in range(4)] == [200] * 4
    assert counted(shop, "stock@shop.example", "program:low-stock-alert") is None
    assert counted(shop, "stock@shop.example", "total") is None

    customers = [alert(shop, n, to="bob@example.com") for n in range(10, 13)]
    orders = [ask(shop, n, to="stock@shop.example")["statusCode"] for n in range(20, 23)]
    assert customers == orders == [200, 200, 503]


def test_counter_outlives_its_hour_and_is_forgotten_afterwards(shop):
    ask(shop, 0)

    key = cap_key("ada@example.com", shop.clock.now(), "total")
    item = shop.memory.get("notifications", key)
    assert item is not None
    left = float(str(item["ttl"])) - shop.clock.now().timestamp()
    assert 3600 <= left <= 7200


def test_duplicates_and_retries_of_one_event_count_once(shop):
    shop.mailer.mode = "throttled"
    assert [ask(shop, 0)["statusCode"] for _ in range(3)] == [503] * 3
    shop.mailer.mode = "ok"
    assert [ask(shop, 0)["statusCode"] for _ in range(3)] == [200] * 3

    assert counted(shop) == 1


def test_event_that_was_counted_is_carried_on_when_the_cap_is_reached_meanwhile(shop):
    shop.mailer.mode = "throttled"
    assert ask(shop, 0)["statusCode"] == 503
    shop.mailer.mode = "ok"
    assert ask(shop, 1)["statusCode"] == 200
    assert ask(shop, 2)["statusCode"] == 503

    assert ask(shop, 0)["statusCode"] == 200
    assert counted(shop) == 2


def test_one_mailbox_however_it_is_spelled_and_another_not_at_all(shop):
    assert ask(shop, 0, to="Ada@Example.com")["statusCode"] == 200
    assert ask(shop, 1)["statusCode"] == 200
    assert ask(shop, 2)["statusCode"] == 503
    assert ask(shop, 3, to="bob@example.com")["statusCode"] == 200


def test_caps_have_defaults():
    given = {name: value for name, value in environment().items() if name != "MAILS_PER_HOUR"}
    settings = NotificationsSettings.load(given, no_parameters)

    assert settings.caps() == {EMAIL: 20, SMS: 5}
    assert (settings.sms_max_segments, settings.sms_sender_id) == (3, "")


OPEN: dict[str, Any] = {"trust": "open"}


def test_templates_do_not_use_up_each_others_budget(shop):
    confirmed: dict[str, Any] = {"templateId": "order-confirmed"}
    assert [ask(shop, n)["statusCode"] for n in range(3)] == [200, 200, 503]
    assert [ask(shop, 10 + n, **confirmed)["statusCode"] for n in range(3)] == [200, 200, 503]


def test_twenty_unpaid_carts_neither_flood_a_mailbox_nor_use_up_a_real_confirmation(shop):
    shop.environ["MAILS_PER_HOUR"] = "20"
    unpaid = [ask(shop, n, **OPEN)["statusCode"] for n in range(20)]

    assert unpaid == [200] * 4 + [503] * 16
    assert len(shop.mailer.sent) == 4
    assert ask(shop, 100)["statusCode"] == 200
    assert ask(shop, 101, trust="signed")["statusCode"] == 200
    assert ask(shop, 102, templateId="order-confirmed")["statusCode"] == 200


def test_all_templates_of_strangers_together_have_a_budget_too(shop):
    shop.environ["MAILS_PER_HOUR"] = "20"
    templates = ("order-confirmation", "order-cancelled", "order-confirmed", "order-delivered")
    statuses = [
        ask(shop, 10 * number + kind, templateId=template, **OPEN)["statusCode"]
        for number in range(4)
        for kind, template in enumerate(templates)
    ]

    assert statuses.count(200) == 10
    assert counted(shop, budget="open") == 10


@pytest.mark.parametrize(
    "spelling",
    ["Ada@Example.com", "ada+1@example.com", "ada+a+b@example.com", "ADA+Shop@EXAMPLE.COM"],
)
def test_another_spelling_of_a_mailbox_has_no_budget_of_its_own(shop, spelling):
    assert [ask(shop, n)["statusCode"] for n in range(2)] == [200, 200]

    assert ask(shop, 2, to=spelling)["statusCode"] == 503
    assert counted(shop) == 2


def test_a_mail_goes_to_the_address_as_it_was_given(shop):
    ask(shop, 0, to="Ada+Shop@example.com")

    assert shop.mailer.sent[0].to == "Ada+Shop@example.com"


def test_what_was_counted_before_budgets_were_apart_is_no_obstacle(shop):
    """Rows of the version before have no kind in their key."""
    key = cap_key("ada@example.com", shop.clock.now(), "")
    shop.memory.seed("notifications", {**key, "told": 99, "ttl": 1})

    assert ask(shop, 0)["statusCode"] == 200


ALL = [name for name in TEMPLATES if name != "low-stock-alert"]
SIGNED: dict[str, Any] = {"trust": "signed"}


def flood(shop: Pipeline, first: int, **changes: Any) -> int:
    """How many mails went out of twelve of each template."""
    before = len(shop.mailer.sent)
    data = DATA["order-shipped"] | DATA["order-rejected"]
    for number in range(12):
        for kind, template in enumerate(ALL):
            asked = {"templateId": template, "templateData": data, **changes}
            ask(shop, first + 100 * number + kind, **asked)
    return len(shop.mailer.sent) - before


def test_another_program_s_mails_do_not_use_up_those_of_orders(shop):
    assert [ask(shop, n)["statusCode"] for n in range(3)] == [200, 200, 503]

    assert [ask(shop, 10 + n, **SIGNED)["statusCode"] for n in range(3)] == [200, 200, 503]


@pytest.mark.parametrize("causes", [({}, OPEN), (OPEN, {}), ({},)])
def test_programs_and_strangers_reach_a_ceiling_that_leaves_room_for_orders(shop, causes):
    shop.environ["MAILS_PER_HOUR"] = "10"
    assert sum(flood(shop, 10_000 * n, **cause) for n, cause in enumerate(causes)) == 20

    assert flood(shop, 50_000, **SIGNED) == 10 + 10
    assert counted(shop, budget="total") == 30
    assert counted(shop, budget="order-confirmation") == 10


def test_all_that_is_told_of_orders_leaves_room_for_the_confirmations(shop):
    shop.environ["MAILS_PER_HOUR"] = "4"
    others = [name for name in ALL if name != "order-confirmation"]
    data = DATA["order-shipped"] | DATA["order-rejected"]
    for number in range(8):
        for kind, template in enumerate(others):
            ask(shop, 10 * number + kind, templateId=template, templateData=data, **SIGNED)
    assert len(shop.mailer.sent) == 12

    confirmed = [ask(shop, 1000 + n, **SIGNED)["statusCode"] for n in range(5)]
    assert confirmed == [200] * 4 + [503]


def test_a_cap_of_one_still_lets_everything_out_in_time(shop):
    shop.environ["MAILS_PER_HOUR"] = "1"

    assert [ask(shop, n, **OPEN)["statusCode"] for n in range(2)] == [200, 503]
    assert ask(shop, 10)["statusCode"] == 200
    assert ask(shop, 11, **SIGNED)["statusCode"] == 200


@pytest.mark.parametrize("trust", ["gold", 7, None, {}, "SIGNED"])
def test_a_word_that_is_no_trust_counts_as_a_programs(shop, trust):
    ask(shop, 0, trust=trust)

    assert counted(shop) == 1


def test_what_waited_under_the_version_before_goes_out_in_its_hour(shop):
    """Its row names no budget; the next attempt counts against those of its cause."""
    for number in range(3):
        ask(shop, number, **SIGNED)
    shop.clock.advance(3600)

    assert ask(shop, 2, **SIGNED)["statusCode"] == 200
    assert counted(shop, budget="order-confirmation") == 1
