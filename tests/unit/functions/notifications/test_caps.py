"""No recipient is told more than so much within an hour, however important it is (S17)."""

from typing import Any

import pytest

from functions.notifications.settings import NotificationsSettings
from functions.notifications.store import cap_key
from tests.builders import answer_of
from tests.contracts.samples import sample
from tests.pipeline import Pipeline, environment, no_parameters

MAIL, SMS = sample("notification.email"), sample("notification.sms")


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


def counted(shop: Pipeline, recipient: str = MAIL["payload"]["to"]) -> Any:
    item = shop.memory.get("notifications", cap_key(recipient, shop.clock.now()))
    return None if item is None else item["told"]


@pytest.mark.parametrize(("event", "box"), [(MAIL, "mailer"), (SMS, "texts")])
def test_over_the_cap_is_refused_for_good_counted_and_leaves_no_claim(shop, event, box):
    assert [ask(shop, n, event)["statusCode"] for n in range(3)] == [200, 200, 489]

    refused = ask(shop, 2, event)
    assert answer_of(refused)["error"]["code"] == "recipient_cap"
    assert refused["headers"]["Upstash-NonRetryable-Error"] == "true"
    assert len(getattr(shop, box).sent) == 2
    assert shop.telemetry.counts["RecipientCapped"] == 2
    assert shop.memory.get("notifications", {"id": "evt-2"}) is None
    assert shop.memory.get("ledger", {"id": "notifications#evt-2"}) is None


def test_nobody_is_named_by_the_cap_or_by_its_refusal(shop):
    answers = [ask(shop, n)["body"] for n in range(3)]

    assert "ada@example.com" not in str(answers) + str(shop.telemetry.lines)
    (item,) = [r for r in shop.memory.all("notifications") if str(r["id"]).startswith("cap#")]
    assert "ada" not in str(item)


def test_high_priority_is_no_exemption(shop):
    statuses = [ask(shop, n, priority="high")["statusCode"] for n in range(3)]

    assert statuses == [200, 200, 489]


def test_every_hour_of_the_clock_starts_anew_and_a_refused_event_may_be_replayed(shop):
    shop.clock.advance(3600 - shop.clock.now().timestamp() % 3600 - 1)
    assert [ask(shop, n)["statusCode"] for n in range(3)] == [200, 200, 489]

    shop.clock.advance(1)

    assert ask(shop, 2)["statusCode"] == 200
    assert counted(shop) == 1


def test_counter_outlives_its_hour_and_is_forgotten_afterwards(shop):
    ask(shop, 0)

    item = shop.memory.get("notifications", cap_key("ada@example.com", shop.clock.now()))
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
    assert ask(shop, 2)["statusCode"] == 489

    assert ask(shop, 0)["statusCode"] == 200
    assert counted(shop) == 2


def test_one_mailbox_however_it_is_spelled_and_another_not_at_all(shop):
    assert ask(shop, 0, to="Ada@Example.com")["statusCode"] == 200
    assert ask(shop, 1)["statusCode"] == 200
    assert ask(shop, 2)["statusCode"] == 489
    assert ask(shop, 3, to="bob@example.com")["statusCode"] == 200


def test_caps_have_defaults():
    given = {name: value for name, value in environment().items() if name != "MAILS_PER_HOUR"}
    settings = NotificationsSettings.load(given, no_parameters)

    assert (settings.mails_per_hour, settings.sms_per_hour) == (20, 5)
    assert (settings.sms_max_segments, settings.sms_sender_id) == (3, "")
