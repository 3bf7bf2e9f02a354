"""Texts: under the same ledger as mail, and never longer than they may cost."""

from typing import Any

import pytest

from functions.notifications.send_ledger import CLAIM_SECONDS
from shared.kernel.errors import DependencyError
from shared.kernel.strict_json import loads
from tests.builders import answer_of
from tests.contracts.samples import sample
from tests.pipeline import Pipeline
from tests.unit.shared.faults import Faults

EVENT = sample("notification.sms")


@pytest.fixture
def shop() -> Pipeline:
    return Pipeline()


def deliver(shop: Pipeline, **changes: Any) -> dict[str, Any]:
    """A new attempt without Redis' help."""
    shop.redis.flush()
    event = {**EVENT, "payload": {**EVENT["payload"], **changes}}
    return shop.deliver("notifications", event)


def row(shop: Pipeline) -> dict[str, Any]:
    return dict(shop.memory.get("notifications", {"id": EVENT["eventId"]}) or {})


def told(shop: Pipeline) -> list[dict[str, Any]]:
    return [loads(m.body.encode(), max_bytes=10_000)["payload"] for m in shop.outbox.messages]


def test_text_is_sent_once_and_told_without_its_number(shop):
    assert deliver(shop)["statusCode"] == 200
    assert answer_of(deliver(shop))["duplicate"] is True

    (text,) = shop.texts.sent
    assert (text.to, text.segments) == ("+4915112345678", 1)
    assert (row(shop)["state"], row(shop)["messageId"]) == ("sent", "text-1")
    (audit,) = told(shop)
    assert (audit["action"], audit["entityId"]) == ("sms.sent", EVENT["eventId"])
    assert audit["metadata"]["segments"] == "1"
    assert "4915112345678" not in shop.outbox.messages[0].body
    assert [measure.name for measure in shop.telemetry.measures] == ["SmsSent"]


def test_throttled_text_is_tried_again_and_then_sent(shop):
    shop.texts.mode = "throttled"
    assert deliver(shop)["statusCode"] == 503
    assert (row(shop)["state"], row(shop)["attention"]) == ("failed", "failed")

    shop.texts.mode = "ok"
    assert deliver(shop)["statusCode"] == 200
    assert len(shop.texts.sent) == 1
    assert "attention" not in row(shop)


def test_text_that_is_refused_for_good_is_not_retried(shop):
    shop.texts.mode = "refused"
    response = deliver(shop)

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["code"] == "message_refused"
    assert row(shop)["state"] == "failed"


def test_owner_who_opted_out_gets_no_text_and_nobody_has_to_look_at_it(shop):
    shop.texts.mode = "opted_out"

    assert deliver(shop)["statusCode"] == 200
    assert row(shop)["state"] == "suppressed"
    assert "attention" not in row(shop)
    assert [audit["action"] for audit in told(shop)] == ["sms.suppressed"]
    assert [measure.name for measure in shop.telemetry.measures] == ["SmsSuppressed"]


def test_text_that_waits_for_the_account_goes_out_later(shop):
    shop.texts.mode = "not_ready"
    waiting = deliver(shop)
    assert (waiting["statusCode"], waiting["headers"]["retry-after"]) == (503, "300")

    shop.texts.mode = "ok"
    assert deliver(shop)["statusCode"] == 200
    assert len(shop.texts.sent) == 1


def test_text_is_sent_without_what_cannot_be_seen_and_in_its_own_lines(shop):
    deliver(shop, message="Pay\u200b \u202e1\u202c EUR\nThe Shop")

    assert [(text.message, text.segments) for text in shop.texts.sent] == [
        ("Pay 1 EUR\nThe Shop", 1)
    ]


@pytest.mark.parametrize(("mode", "sent"), [("lost_reply", 1), ("timeout", 0)])
def test_text_that_nobody_knows_the_end_of_is_unknown_and_never_repeated(shop, mode, sent):
    shop.texts.mode = mode
    assert deliver(shop)["statusCode"] == 200
    assert (row(shop)["state"], row(shop)["attention"]) == ("unknown", "unknown")

    shop.texts.mode = "ok"
    deliver(shop)
    assert len(shop.texts.sent) == sent
    assert [audit["action"] for audit in told(shop)] == ["sms.unknown"]


def test_run_killed_after_the_send_leaves_an_unknown_and_no_second_text(shop):
    faults = Faults({(2, "before"): lambda: DependencyError("timeout")})
    shop.tables = faults.wrap("tables", shop.memory)
    assert deliver(shop)["statusCode"] == 503
    shop.tables = shop.memory
    assert row(shop)["state"] == "claimed"

    shop.clock.advance(CLAIM_SECONDS)
    assert deliver(shop)["statusCode"] == 200
    assert row(shop)["state"] == "unknown"
    assert len(shop.texts.sent) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"message": "a" * 460}, "payload.message"),
        ({"message": "☕" * 202}, "payload.message"),
        ({"message": ""}, "payload.message"),
        ({"message": "\u200b\u2060 "}, "payload.message"),
        ({"phoneNumber": "015112345678"}, "payload.phoneNumber"),
        ({"phoneNumber": "+0151123456"}, "payload.phoneNumber"),
        ({"phoneNumber": "+49 151 1234"}, "payload.phoneNumber"),
        ({"phoneNumber": "+4915112345678\n"}, "payload.phoneNumber"),
        ({"phoneNumber": "+1234567890123456"}, "payload.phoneNumber"),
    ],
)
def test_text_that_may_not_go_out_is_refused_for_good_and_never_claimed(shop, changes, field):
    response = deliver(shop, **changes)

    assert response["statusCode"] == 489
    assert answer_of(response)["error"]["field"] == field
    assert shop.texts.sent == []
    assert shop.memory.all("notifications") == []


def test_how_many_segments_a_text_may_take_is_a_setting(shop):
    shop.environ["SMS_MAX_SEGMENTS"] = "1"

    assert deliver(shop, message="a" * 161)["statusCode"] == 489
    assert deliver(shop, message="a" * 160)["statusCode"] == 200
