"""What SES says of addresses, in every shape that it says it in."""

import json
from typing import Any

import pytest

from functions.notifications.channels.email.reports import Finding, Remark, bare_address, read

SENTENCE = "Successfully validated SNS topic for Amazon SES event publishing."
MAIL = {"messageId": "0100017f-mail", "destination": ["jane@example.com"]}


def bounce(*addresses: Any, kind: str = "eventType", **changes: Any) -> str:
    detail = {
        "feedbackId": "0100017f-feedback",
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [{"emailAddress": a, "status": "5.1.1"} for a in addresses],
        "timestamp": "2026-03-01T12:00:00.000Z",
        **changes,
    }
    return json.dumps({kind: "Bounce", "mail": MAIL, "bounce": detail})


def complaint(*addresses: Any, kind: str = "eventType", **changes: Any) -> str:
    detail = {
        "feedbackId": "0100017f-feedback",
        "complainedRecipients": [{"emailAddress": a} for a in addresses],
        "timestamp": "2026-03-01T12:00:00.000Z",
        **changes,
    }
    return json.dumps({kind: "Complaint", "mail": MAIL, "complaint": detail})


def found(message: object) -> list[tuple[str, str]]:
    return [(f.address, f.reason) for f in read(message) if isinstance(f, Finding)]


def remarks(message: object) -> list[Remark]:
    return [remark for remark in read(message) if isinstance(remark, Remark)]


def ids(message: object) -> list[str]:
    return [finding.report_id for finding in read(message) if isinstance(finding, Finding)]


@pytest.mark.parametrize("kind", ["eventType", "notificationType"])
@pytest.mark.parametrize(("report", "reason"), [(bounce, "bounce"), (complaint, "complaint")])
@pytest.mark.parametrize("wrapped", [0, 1])
def test_every_address_of_a_report_is_found_in_both_dialects_bare_or_wrapped(
    kind, report, reason, wrapped
):
    message = report("a@example.com", "b@example.com", kind=kind)
    if wrapped:
        message = json.dumps({"Type": "Notification", "MessageId": "x", "Message": message})

    assert found(message) == [("a@example.com", reason), ("b@example.com", reason)]
    assert remarks(message) == []


@pytest.mark.parametrize(
    "message",
    [
        SENTENCE,
        json.dumps({"Type": "Notification", "Message": SENTENCE}),
        "",
        "   ",
        "null",
        "[]",
        '"Bounce"',
        None,
        {"eventType": "Bounce"},
        "{}",
        json.dumps({"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "You have"}),
        json.dumps({"eventType": ["Bounce"]}),
        json.dumps({"eventType": {}}),
    ],
)
def test_message_that_is_no_report_is_a_remark_that_nobody_need_look_at(message):
    [remark] = read(message)

    assert isinstance(remark, Remark)
    assert not remark.attention


@pytest.mark.parametrize(
    "kind", ["Delivery", "Send", "Open", "Click", "DeliveryDelay", "Subscription", "Tomorrow's"]
)
def test_report_of_another_kind_suppresses_nobody(kind):
    message = json.dumps({"eventType": kind, "mail": MAIL, kind.lower(): {}})

    assert list(read(message)) == [Remark("a report of another kind")]


@pytest.mark.parametrize("kind", ["Reject", "Rendering Failure"])
def test_mail_that_ses_took_and_did_not_send_is_pointed_at(kind):
    [remark] = read(json.dumps({"eventType": kind, "mail": MAIL}))

    assert isinstance(remark, Remark)
    assert remark.attention


@pytest.mark.parametrize(
    "message",
    [
        bounce("a@example.com", bounceType="Transient"),
        bounce("a@example.com", bounceType="Undetermined"),
        bounce("a@example.com", bounceType=None),
        complaint("a@example.com", complaintFeedbackType="not-spam"),
    ],
)
def test_bounce_that_may_pass_and_praise_suppress_nobody(message):
    assert found(message) == []


@pytest.mark.parametrize("kind", ["abuse", "fraud", "virus", "other", None])
def test_complaint_of_any_other_kind_counts(kind):
    assert found(complaint("a@example.com", complaintFeedbackType=kind)) == [
        ("a@example.com", "complaint")
    ]


@pytest.mark.parametrize(
    "message",
    [
        json.dumps({"eventType": "Bounce"}),
        json.dumps({"eventType": "Bounce", "bounce": "Permanent"}),
        json.dumps({"eventType": "Complaint", "complaint": {}}),
        json.dumps({"eventType": "Complaint", "complaint": {"complainedRecipients": None}}),
        bounce("a@example.com")[:-5],
        bounce("\ud800@example.com"),
        '{"eventType": "Bounce", "eventType": "Complaint"}',
    ],
)
def test_torn_report_is_pointed_at_and_is_no_error(message):
    [remark] = read(message)

    assert isinstance(remark, Remark)
    assert remark.attention


def test_one_recipient_that_cannot_be_read_does_not_hide_the_others():
    message = bounce("", None, 7, "nobody", "b@example.com")

    assert found(message) == [("b@example.com", "bounce")]
    assert len(remarks(message)) == 4


@pytest.mark.parametrize("text", [SENTENCE, bounce("jane@example.com", bounceType="Transient")])
def test_remark_names_nobody(text):
    assert "jane" not in str(remarks(text))


# ------------------------------------------------------------------ the address alone
@pytest.mark.parametrize(
    "spelled",
    [
        "jane@x.com",
        "<jane@x.com>",
        " jane@x.com ",
        '"Jane" <jane@x.com>',
        "Jane <jane@x.com>",
        "Jane Doe <jane@x.com>",
        '"Doe, Jane" <jane@x.com>',
        "Doe, Jane <jane@x.com>",
        '"Jane \\"J\\" Doe" <jane@x.com>',
        "=?utf-8?q?J=C3=A4ne?= <jane@x.com>",
        "Jäne <jane@x.com>",
        "jane@x.com (Jane)",
    ],
)
def test_name_before_an_address_is_left_out(spelled):
    assert bare_address(spelled) == "jane@x.com"
    assert found(bounce(spelled)) == [("jane@x.com", "bounce")]


@pytest.mark.parametrize(
    "spelled",
    [
        None,
        7,
        {},
        "",
        "<>",
        "Jane",
        "jane@",
        "@x.com",
        "Jane <>",
        "jane\x00@x.com",
        "j@" + "x" * 400,
    ],
)
def test_what_is_no_address_is_none(spelled):
    assert bare_address(spelled) is None


# ------------------------------------------------------------------ which report it is
def test_the_same_report_has_the_same_id_and_a_later_one_another():
    first, later = bounce("a@example.com"), bounce("a@example.com", feedbackId="0100017f-later")

    assert ids(first) == ids(bounce("a@example.com", bounceSubType="NoEmail"))
    assert ids(first) != ids(later)


@pytest.mark.parametrize("feedback_id", [None, "", 7, "\n"])
def test_report_without_an_id_of_its_own_is_known_by_its_mail_and_time(feedback_id):
    first = bounce("a@example.com", feedbackId=feedback_id)
    again = bounce("a@example.com", feedbackId=feedback_id, bounceSubType="NoEmail")
    later = bounce("a@example.com", feedbackId=feedback_id, timestamp="2026-03-02T12:00:00.000Z")

    assert ids(first) == ids(again)
    assert ids(first) != ids(later)


def test_report_that_says_nothing_of_itself_is_known_by_its_words():
    def bare(address: str) -> str:
        detail = {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": address}]}
        return json.dumps({"eventType": "Bounce", "bounce": detail})

    assert ids(bare("a@example.com")) == ids(bare("a@example.com"))
    assert ids(bare("a@example.com")) != ids(bare("b@example.com"))
