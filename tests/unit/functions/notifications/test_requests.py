"""What SES and SNS are asked, field by field."""

from typing import Any

import pytest

from functions.notifications.channels.email.mail import Mail, Sender
from functions.notifications.channels.email.ses import SESMailer
from functions.notifications.channels.push.push import Push
from functions.notifications.channels.push.sns import SNSPushSender
from functions.notifications.channels.sms.sms import Sms
from functions.notifications.channels.sms.sns import SNSSmsSender
from functions.notifications.settings import NotificationsSettings
from shared.kernel.errors import ConfigurationError
from tests.contracts.samples import sample
from tests.pipeline import Pipeline, environment, no_parameters


class Recording:
    """A client that notes what it is asked."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    def send_email(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        return {"MessageId": "m-1"}

    publish = send_email


def asked(priority: Any) -> dict[str, Any]:
    client = Recording()
    mail = Mail("evt", "a@b.example", "s", "t", "<p>", "text", "{}", priority)
    SESMailer(client, Sender("orders@shop.example", "Shop", "orders")).send(mail)
    content: dict[str, Any] = client.requests[0]["Content"]["Simple"]
    return content


@pytest.mark.parametrize(
    ("priority", "headers"),
    [
        ("high", [("X-Priority", "1"), ("Importance", "high")]),
        ("low", [("X-Priority", "5"), ("Importance", "low")]),
    ],
)
def test_mail_of_a_priority_says_so_to_mail_programs(priority, headers):
    assert [(h["Name"], h["Value"]) for h in asked(priority)["Headers"]] == headers


def test_ordinary_mail_says_nothing_of_its_priority():
    assert "Headers" not in asked("normal")


def test_priority_of_the_event_is_the_priority_of_the_mail():
    shop = Pipeline()
    shop.deliver("notifications", sample("notification.email"))

    assert [mail.priority for mail in shop.mailer.sent] == ["high"]


@pytest.mark.parametrize("sender_id", ["", "TheShop"])
def test_text_is_transactional_and_names_a_sender_only_if_there_is_one(sender_id):
    client = Recording()

    SNSSmsSender(lambda: client, sender_id).send(Sms("evt", "+4915112345678", "Hi", 1, "{}"))

    (request,) = client.requests
    given = {name: value["StringValue"] for name, value in request.pop("MessageAttributes").items()}
    assert request == {"PhoneNumber": "+4915112345678", "Message": "Hi"}
    named = {"AWS.SNS.SMS.SenderID": sender_id} if sender_id else {}
    assert given == {"AWS.SNS.SMS.SMSType": "Transactional", **named}


def test_push_goes_to_one_endpoint_with_a_form_per_platform():
    client = Recording()

    SNSPushSender(lambda: client).send(Push("evt", "user-1", "arn:one", '{"default": "x"}', "{}"))

    assert client.requests == [
        {"TargetArn": "arn:one", "Message": '{"default": "x"}', "MessageStructure": "json"}
    ]


@pytest.mark.parametrize("sender_id", ["12345", "The Shop", "TwelveLetter", "Ümlaut", "a\n"])
def test_sender_that_networks_do_not_show_is_refused_at_the_start(sender_id):
    with pytest.raises(ConfigurationError, match="SMS_SENDER_ID"):
        NotificationsSettings.load(environment() | {"SMS_SENDER_ID": sender_id}, no_parameters)
