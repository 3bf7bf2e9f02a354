"""Sending mail, on the fake and on SES alike: what went out, and what each failure means."""

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest

from functions.notifications.channels.email.mail import Mail, Sender
from functions.notifications.channels.email.ports import Mailer
from functions.notifications.channels.email.ses import SESMailer
from shared.kernel.errors import (
    DeliveryUnknownError,
    DependencyError,
    MailRefusedError,
    PipelineError,
    ServiceNotReadyError,
)
from shared.runtime import botocore_clients
from tests.conformance.endpoint import Answer, Endpoint
from tests.conformance.messages import forwarding
from tests.fakes.mailer import InMemoryMailer
from tests.services import Services, aws_environment, product_clients, unique

SENDER = Sender("orders@shop.example", "The Shop, Ümlaut & Co", "orders")


def refusal(status: int, code: str) -> Answer:
    return Answer(status, json.dumps({"message": "no"}).encode(), {"x-amzn-ErrorType": code})


# How SES itself would show what the fake's modes stand for.
MODES = {
    "throttled": refusal(429, "TooManyRequestsException"),
    "refused": refusal(400, "BadRequestException"),
    "not_ready": refusal(400, "MessageRejected"),
    "lost_reply": Answer(lost=True),
    "timeout": Answer(lost=True),
}
EXPECTED: dict[str, tuple[type[PipelineError] | None, int]] = {
    "ok": (None, 1),
    "throttled": (DependencyError, 0),
    "refused": (MailRefusedError, 0),
    "not_ready": (ServiceNotReadyError, 0),
    "lost_reply": (DeliveryUnknownError, 1),
    "timeout": (DeliveryUnknownError, 0),
}


def mail(to: str, **changes: str) -> Mail:
    parts: dict[str, Any] = {
        "event_id": unique("evt"),
        "to": to,
        "subject": "Order Confirmation - größer ☕",
        "template_id": "order-confirmation",
        "html": "<p>Grüße &amp; ☕</p>",
        "text": "Grüße & ☕",
        "event": "{}",
    }
    return Mail(**{**parts, **changes})


@pytest.fixture(scope="module", autouse=True)
def _verified_sender(services: Services) -> None:
    services.client("sesv2").create_email_identity(EmailIdentity=SENDER.address)


@dataclass
class Kit:
    """An implementation, its failure modes, and what was sent to an address."""

    mailer: Mailer
    mode: Callable[[str], None]
    sent: Callable[[str], int]


@pytest.fixture(params=["memory", "ses"])
def kit(request: pytest.FixtureRequest) -> Iterator[Kit]:
    if request.param == "memory":
        fake = InMemoryMailer()
        yield Kit(
            fake,
            lambda mode: setattr(fake, "mode", mode),
            lambda to: sum(sent.to == to for sent in fake.sent),
        )
        return
    services: Services = request.getfixturevalue("services")
    between: Endpoint = request.getfixturevalue("endpoint")
    onward = between.respond = forwarding(services.aws_url)

    def mode(name: str) -> None:
        def answer(seen: object) -> Answer:
            if name == "lost_reply":
                onward(seen)  # type: ignore[arg-type]
            return MODES[name]

        if name != "ok":
            between.respond = answer

    with product_clients(aws_environment(services) | {"AWS_ENDPOINT_URL": between.url}):
        client = botocore_clients.mail()
        yield Kit(SESMailer(client, SENDER), mode, lambda to: len(services.mails(to)))
        client.close()


@pytest.fixture
def address() -> str:
    return f"{unique('ada')}@example.com"


@pytest.mark.parametrize("mode", EXPECTED)
def test_each_outcome_has_its_own_error_and_its_own_truth_about_the_mailbox(
    kit: Kit, address: str, mode: str
) -> None:
    error, sent = EXPECTED[mode]
    kit.mode(mode)

    with pytest.raises(error) if error else nullcontext():
        kit.mailer.send(mail(address))

    assert kit.sent(address) == sent


def test_every_mail_has_an_id_of_its_own(kit: Kit, address: str) -> None:
    ids = {kit.mailer.send(mail(address)) for _ in range(3)}

    assert len(ids) == 3
    assert all(ids)
    assert kit.sent(address) == 3


# ------------------------------------------------------------------ SES only
def test_a_mail_arrives_whole_in_both_forms_from_the_named_sender(
    services: Services, address: str
) -> None:
    mailer = SESMailer(services.client("sesv2"), SENDER)

    message_id = mailer.send(mail(address))

    (found,) = services.mails(address)
    assert found["MessageId"] == message_id
    assert found["To"] == [address]
    assert found["Subject"] == "Order Confirmation - größer ☕"
    assert found["BodyHtml"] == "<p>Grüße &amp; ☕</p>"
    assert found["BodyText"] == "Grüße & ☕"


def test_the_request_names_one_recipient_the_configuration_set_and_the_template(
    services: Services, endpoint: Endpoint
) -> None:
    endpoint.respond = lambda _seen: Answer(200, b'{"MessageId": "m-1"}')
    mailer = SESMailer(services.client("sesv2", endpoint_url=endpoint.url), SENDER)

    mailer.send(mail("ada@example.com"))

    (seen,) = endpoint.seen
    request = json.loads(seen.body)
    assert request["Destination"] == {"ToAddresses": ["ada@example.com"]}
    assert request["ConfigurationSetName"] == "orders"
    assert request["EmailTags"] == [{"Name": "template", "Value": "order-confirmation"}]
    assert request["FromEmailAddress"].isascii()
    assert request["FromEmailAddress"].endswith("<orders@shop.example>")


FAILURES = [
    (refusal(400, "BadRequestException"), MailRefusedError),
    (refusal(400, "InvalidParameterValue"), MailRefusedError),
    (refusal(429, "TooManyRequestsException"), DependencyError),
    (refusal(400, "LimitExceededException"), DependencyError),
    (refusal(429, "SomethingNew"), DependencyError),
    (refusal(400, "MessageRejected"), ServiceNotReadyError),
    (refusal(400, "AccountSuspendedException"), ServiceNotReadyError),
    (refusal(400, "SendingPausedException"), ServiceNotReadyError),
    (refusal(400, "MailFromDomainNotVerifiedException"), ServiceNotReadyError),
    (refusal(404, "NotFoundException"), ServiceNotReadyError),
    (refusal(403, "AccessDeniedException"), ServiceNotReadyError),
    (refusal(400, "SomethingNew"), ServiceNotReadyError),
    (refusal(500, "InternalServiceErrorException"), DeliveryUnknownError),
    (refusal(503, "ServiceUnavailable"), DeliveryUnknownError),
    (Answer(502, b"<html>bad gateway</html>"), DeliveryUnknownError),
    (Answer(lost=True), DeliveryUnknownError),
    (Answer(200, b"{}"), DeliveryUnknownError),
]


@pytest.mark.parametrize(
    ("answer", "expected"),
    FAILURES,
    ids=lambda value: (
        value.headers.get("x-amzn-ErrorType", f"{value.status}-{value.lost}")
        if isinstance(value, Answer)
        else value.__name__
    ),
)
def test_a_failure_is_told_apart_and_never_answered_with_a_second_request(
    services: Services, endpoint: Endpoint, answer: Answer, expected: type[PipelineError]
) -> None:
    endpoint.respond = lambda _seen: answer
    with product_clients(aws_environment(services) | {"AWS_ENDPOINT_URL": endpoint.url}):
        client = botocore_clients.mail()
        with pytest.raises(PipelineError) as raised:
            SESMailer(client, SENDER).send(mail("ada@example.com"))
        client.close()

    assert type(raised.value) is expected
    assert len(endpoint.seen) == 1


def test_a_reply_that_takes_too_long_leaves_the_outcome_unknown(
    services: Services, endpoint: Endpoint
) -> None:
    endpoint.respond = lambda _seen: Answer(silent=True)
    client = services.client("sesv2", endpoint_url=endpoint.url, read_timeout=0.2)

    with pytest.raises(DeliveryUnknownError):
        SESMailer(client, SENDER).send(mail("ada@example.com"))

    assert len(endpoint.seen) == 1
    endpoint.reset()


def test_a_service_that_cannot_be_reached_has_sent_nothing(services: Services) -> None:
    client = services.client("sesv2", endpoint_url="http://127.0.0.1:1")

    with pytest.raises(DependencyError) as raised:
        SESMailer(client, SENDER).send(mail("ada@example.com"))

    assert type(raised.value) is DependencyError
