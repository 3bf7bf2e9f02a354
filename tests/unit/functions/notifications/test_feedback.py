"""Bounces and complaints: a suppressed address is never mailed again (I14)."""

import json

import pytest

from functions.notifications.feedback import addresses_in
from functions.notifications.store import SendLedgerTables
from shared.errors import InvalidInputError
from tests.builders import Context, checkout_command, stock
from tests.pipeline import Pipeline


def _report(kind="Bounce", address="ada@example.com", bounce_type="Permanent"):
    if kind == "Bounce":
        detail = {"bounceType": bounce_type, "bouncedRecipients": [{"emailAddress": address}]}
        return json.dumps({"eventType": "Bounce", "bounce": detail})
    detail = {"complainedRecipients": [{"emailAddress": address}]}
    return json.dumps({"notificationType": "Complaint", "complaint": detail})


def _from_sns(*messages):
    return {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": m}} for m in messages]}


@pytest.fixture
def pipeline():
    pipeline = Pipeline()
    pipeline.memory.seed("stock", stock(available=5, threshold=0))
    return pipeline


def _feedback(pipeline, *messages):
    return pipeline.consumer("notifications")(_from_sns(*messages), Context())


@pytest.mark.parametrize("kind", ["Bounce", "Complaint"])
@pytest.mark.parametrize("address", ["ada@example.com", "ADA@Example.com"])
def test_after_a_report_the_address_gets_no_mail_and_the_audit_says_why(pipeline, kind, address):
    assert _feedback(pipeline, _report(kind, address)) == {"suppressed": 1}

    pipeline.deliver("commands", checkout_command())
    answers = pipeline.drain()

    assert pipeline.mailer.sent == []
    assert {status for _, status in answers} == {200}
    actions = [entry["action"] for entry in pipeline.memory.all("audit")]
    assert "email.suppressed" in actions


def test_a_bounce_that_arrives_between_claim_and_send_still_counts(pipeline, monkeypatch):
    claim = SendLedgerTables.claim

    def claim_then_bounce(ledger, mail):
        record = claim(ledger, mail)
        ledger.settle(ledger.suppression(mail.to, "bounce"))
        return record

    monkeypatch.setattr(SendLedgerTables, "claim", claim_then_bounce)

    pipeline.deliver("commands", checkout_command())
    pipeline.drain()

    assert pipeline.mailer.sent == []


def test_the_same_report_twice_is_one_suppression(pipeline):
    _feedback(pipeline, _report(), _report())
    _feedback(pipeline, _report("Complaint"))

    rows = [r for r in pipeline.memory.all("notifications") if r["state"] == "suppressed"]
    assert [row["reason"] for row in rows] == ["bounce"]


def test_a_bounce_that_may_pass_suppresses_nobody():
    assert addresses_in(_report(bounce_type="Transient")) == []


def test_other_reports_of_ses_are_not_about_suppression():
    assert addresses_in(json.dumps({"eventType": "Delivery", "delivery": {}})) == []


@pytest.mark.parametrize(
    "message",
    ["", "[]", "no json", '{"eventType": "Bounce"}', '{"eventType": "Complaint", "complaint": {}}'],
)
def test_a_report_that_cannot_be_read_is_an_error_that_sns_repeats(message):
    with pytest.raises(InvalidInputError):
        addresses_in(message)


def test_nothing_that_comes_over_http_is_taken_for_a_report(pipeline):
    body = json.dumps(_from_sns(_report()))
    request = {"rawPath": "/", "headers": {}, "requestContext": {"http": {"method": "POST"}}}

    response = pipeline.consumer("notifications")({**request, "body": body}, Context())

    assert response["statusCode"] == 401
    assert pipeline.memory.all("notifications") == []
