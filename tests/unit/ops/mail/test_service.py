"""Doubtful mail: seen by an operator, decided once, never sent again on its own."""

import json
from typing import Any

import pytest

from functions.notifications.channels.push.devices import DeviceTables
from ops.core.errors import OperatorError
from ops.core.unreadable import parted
from ops.mail.domain import DoubtfulMail, Resolution
from ops.mail.service import DECIDED, MailService
from shared.storage.bounded import entries, noted
from tests.builders import checkout_command, stock
from tests.contracts.samples import sample
from tests.pipeline import Pipeline

ENDPOINT = (
    "arn:aws:sns:eu-west-1:123456789012:endpoint/GCM/shop/5e3e9847-3183-3f18-a7e8-671c3a57d4b3"
)


@pytest.fixture
def pipeline():
    """A pipeline in which one confirmation mail's fate is unknown."""
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(available=5, threshold=0))
    pipeline.mailer.mode = "timeout"
    pipeline.deliver("commands", checkout_command())
    pipeline.drain()
    pipeline.mailer.mode = "ok"
    return pipeline


@pytest.fixture
def desk(pipeline):
    return MailService(pipeline.tables, pipeline.publisher, pipeline.clock)


def _decide(desk: MailService, mail: DoubtfulMail, resolution: Resolution) -> bool:
    done = desk.resolve(mail.event_id, resolution, actor="ada", reason="asked the customer")
    return done.decided


def test_a_lost_answer_is_listed_and_no_second_mail_goes_out(pipeline, desk):
    [mail] = desk.waiting("unknown")
    [message] = pipeline.outbox.of("notification.email")

    assert pipeline.send(message)["statusCode"] == 200
    assert mail.template_id == "order-confirmation"
    assert pipeline.mailer.sent == []


def test_resending_sends_the_same_mail_once_under_a_new_id(pipeline, desk):
    [mail] = desk.waiting("unknown")

    decided = [_decide(desk, mail, "resend"), _decide(desk, mail, "resend")]
    pipeline.drain()

    assert decided == [True, False]
    [sent] = pipeline.mailer.sent
    assert sent.to == "ada@example.com"
    assert sent.event_id != mail.event_id
    assert json.loads(sent.event)["causationId"] == mail.event_id
    assert desk.waiting("unknown") == []


@pytest.mark.parametrize("resolution", ["sent", "dropped"])
def test_a_decision_that_needs_no_mail_sends_none(pipeline, desk, resolution):
    [mail] = desk.waiting("unknown")

    assert _decide(desk, mail, resolution)
    assert desk.waiting("unknown") == []
    assert pipeline.drain() == [("analytics.audit", 200)]
    assert pipeline.mailer.sent == []


def test_a_decision_that_is_repeated_for_weeks_does_not_fill_its_record(pipeline, desk):
    """QStash takes nothing meanwhile: the decision is made once, and stands."""
    [mail] = desk.waiting("unknown")
    pipeline.outbox.failing = True
    decided = [_decide(desk, mail, "resend") for _ in range(100)]

    record: Any = pipeline.memory.get("notifications", {"id": mail.event_id})
    rows = [row for row in pipeline.memory.all("ledger") if row["eventType"] == DECIDED]
    assert decided == [True] + [False] * 99
    assert (len(rows), noted(record, "history"), len(entries(record, "history"))) == (1, 1, 1)


def test_a_decision_needs_a_reason_and_a_mail(desk):
    [mail] = desk.waiting("unknown")

    with pytest.raises(OperatorError):
        desk.resolve(mail.event_id, "sent", actor="ada", reason="")
    with pytest.raises(OperatorError):
        desk.resolve("nobody", "sent", actor="ada", reason="why")


def _in_doubt(shop: Pipeline, event_type: str) -> DoubtfulMail:
    shop.deliver("notifications", sample(event_type))
    waiting = MailService(shop.tables, shop.publisher, shop.clock).waiting("unknown")
    [found] = parted(waiting)[0]
    return found


def test_a_doubtful_text_is_shown_and_sent_again_as_the_text_it_was():
    shop = Pipeline()
    shop.texts.mode = "timeout"
    text = _in_doubt(shop, "notification.sms")
    shop.texts.mode = "ok"
    assert (text.template_id, text.to) == ("sms", "+4915112345678")

    assert _decide(MailService(shop.tables, shop.publisher, shop.clock), text, "resend")
    shop.drain()

    [sent] = shop.texts.sent
    assert sent.message == sample("notification.sms")["payload"]["message"]


def test_a_doubtful_push_is_decided_but_not_sent_again():
    """The same event again would reach the user's other devices twice."""
    shop = Pipeline()
    shop.pushes.mode = "lost_reply"
    event = sample("notification.push")
    DeviceTables(shop.tables, shop.clock).register(event["payload"]["userId"], ENDPOINT)
    push = _in_doubt(shop, "notification.push")
    desk = MailService(shop.tables, shop.publisher, shop.clock)
    assert (push.template_id, push.to) == ("push", ENDPOINT)

    with pytest.raises(OperatorError, match="sent or dropped"):
        _decide(desk, push, "resend")
    assert _decide(desk, push, "dropped")
    assert desk.waiting("unknown") == []
