"""Bounces and complaints: a suppressed address is never mailed again (I14)."""

import json

import pytest

from functions.notifications.send_ledger import SendLedgerTables, suppression_key
from shared.kernel.errors import DependencyError
from shared.storage.writes import Delete
from tests.builders import Context, checkout_command, stock
from tests.pipeline import Pipeline
from tests.unit.shared.faults import Faults


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


@pytest.mark.parametrize(
    "message", ["Successfully validated SNS topic for Amazon SES event publishing.", "", "[]", "{}"]
)
def test_a_message_that_is_no_report_is_logged_without_its_words_and_left_alone(pipeline, message):
    assert _feedback(pipeline, message, _report()) == {"suppressed": 1}

    assert [row["to"] for row in pipeline.memory.all("notifications")] == ["ada@example.com"]
    told = dict(pipeline.telemetry.lines)["Left a message about mail alone"]
    assert set(told) == {"reason"}
    assert "validated" not in str(pipeline.telemetry.lines)


@pytest.mark.parametrize(
    "spelled", ['"Ada" <ada@example.com>', "Ada <ada@example.com>", "<ada@example.com>"]
)
def test_a_reported_address_is_suppressed_whatever_name_stands_before_it(pipeline, spelled):
    _feedback(pipeline, _report(address=spelled))

    pipeline.deliver("commands", checkout_command())
    pipeline.drain()

    assert pipeline.mailer.sent == []


def test_a_report_that_cannot_be_stored_fails_so_that_sns_repeats_it(pipeline):
    faults = Faults({(1, "before"): lambda: DependencyError("timeout")})
    pipeline.tables = faults.wrap("tables", pipeline.memory)
    with pytest.raises(DependencyError):
        _feedback(pipeline, _report())
    pipeline.tables = pipeline.memory

    assert _feedback(pipeline, _report()) == {"suppressed": 1}
    assert pipeline.memory.get("notifications", suppression_key("ada@example.com")) is not None


def _again(pipeline, **changes):
    """An operator takes the address off; then SES reports it."""
    pipeline.memory.transact([Delete("notifications", suppression_key("ada@example.com"))])
    detail = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "ada@example.com"}]}
    _feedback(pipeline, json.dumps({"eventType": "Bounce", "bounce": {**detail, **changes}}))
    return pipeline.memory.get("notifications", suppression_key("ada@example.com")) is not None


def test_an_address_that_was_taken_off_the_list_returns_with_a_new_report_and_not_with_the_old(
    pipeline,
):
    assert _again(pipeline, feedbackId="first")
    pipeline.redis.flush()
    assert not _again(pipeline, feedbackId="first")
    assert _again(pipeline, feedbackId="second")


@pytest.mark.parametrize(
    "event",
    [{"Records": [None]}, {"Records": ["Sns"]}, {"Records": [{"Sns": "x"}]}, {"Records": 7}],
)
def test_what_only_looks_like_a_report_is_a_delivery_without_a_signature(pipeline, event):
    request = {"rawPath": "/", "headers": {}, "requestContext": {"http": {"method": "POST"}}}

    assert pipeline.consumer("notifications")({**request, **event}, Context())["statusCode"] == 401


def test_nothing_that_comes_over_http_is_taken_for_a_report(pipeline):
    body = json.dumps(_from_sns(_report()))
    request = {"rawPath": "/", "headers": {}, "requestContext": {"http": {"method": "POST"}}}

    response = pipeline.consumer("notifications")({**request, "body": body}, Context())

    assert response["statusCode"] == 401
    assert pipeline.memory.all("notifications") == []
