"""Doubtful mail: seen by an operator, decided once, never sent again on its own."""

import json

import pytest

from ops.dead_letters.domain import OperatorError
from ops.mail.resolve import MailDesk
from shared.errors import PublishError
from tests.builders import checkout_command, stock
from tests.pipeline import Pipeline


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
    return MailDesk(pipeline.tables, pipeline.publisher, pipeline.clock)


def _decide(desk, mail, resolution):
    return desk.resolve(mail.event_id, resolution, actor="ada", reason="asked the customer")


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
    assert pipeline.drain() == []


def test_a_resend_that_qstash_does_not_take_waits_again(pipeline, desk):
    [mail] = desk.waiting("unknown")
    pipeline.outbox.failing = True

    with pytest.raises(PublishError):
        _decide(desk, mail, "resend")

    assert [m.event_id for m in desk.waiting("unknown")] == [mail.event_id]


def test_a_decision_needs_a_reason_and_a_mail(desk):
    [mail] = desk.waiting("unknown")

    with pytest.raises(OperatorError):
        desk.resolve(mail.event_id, "sent", actor="ada", reason="")
    with pytest.raises(OperatorError):
        desk.resolve("nobody", "sent", actor="ada", reason="why")
