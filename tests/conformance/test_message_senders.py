"""Sending texts and pushes, on the fakes and on SNS alike: what went out, what a failure means."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from functions.notifications.channels.push.message import message_of
from functions.notifications.channels.push.push import Push
from functions.notifications.channels.push.sns import SNSPushSender
from functions.notifications.channels.sms.sms import Sms
from functions.notifications.channels.sms.sns import SNSSmsSender
from shared.kernel.errors import (
    DeliveryUnknownError,
    DependencyError,
    EndpointGoneError,
    MessageRefusedError,
    OptedOutError,
    PipelineError,
    ServiceNotReadyError,
)
from shared.runtime import botocore_clients
from tests.conformance.endpoint import Answer, Endpoint
from tests.conformance.messages import forwarding
from tests.fakes.messages import InMemorySmsSender
from tests.services import Services, aws_environment, product_clients, unique


def refusal(status: int, code: str) -> Answer:
    body = (
        '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error>'
        f"<Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>"
        "<RequestId>r-1</RequestId></ErrorResponse>"
    )
    return Answer(status, body.encode(), {"content-type": "text/xml"})


MODES = {
    "throttled": refusal(400, "Throttled"),
    "refused": refusal(400, "InvalidParameter"),
    "opted_out": refusal(400, "OptedOut"),
    "not_ready": refusal(400, "UserError"),
    "lost_reply": Answer(lost=True),
    "timeout": Answer(lost=True),
}
EXPECTED: dict[str, tuple[type[PipelineError] | None, int]] = {
    "ok": (None, 1),
    "throttled": (DependencyError, 0),
    "refused": (MessageRefusedError, 0),
    "opted_out": (OptedOutError, 0),
    "not_ready": (ServiceNotReadyError, 0),
    "lost_reply": (DeliveryUnknownError, 1),
    "timeout": (DeliveryUnknownError, 0),
}
FAILURES = [
    ("InvalidParameter", 400, MessageRefusedError, MessageRefusedError),
    ("ParameterValueInvalid", 400, MessageRefusedError, MessageRefusedError),
    ("ValidationException", 400, MessageRefusedError, MessageRefusedError),
    ("OptedOut", 400, OptedOutError, OptedOutError),
    ("Throttled", 400, DependencyError, DependencyError),
    ("ThrottlingException", 400, DependencyError, DependencyError),
    ("Throttled", 429, DependencyError, DependencyError),
    ("KMSThrottling", 400, DependencyError, DependencyError),
    ("AuthorizationError", 403, ServiceNotReadyError, ServiceNotReadyError),
    ("UserError", 400, ServiceNotReadyError, ServiceNotReadyError),
    ("SomethingNew", 400, ServiceNotReadyError, ServiceNotReadyError),
    ("PlatformApplicationDisabled", 400, ServiceNotReadyError, ServiceNotReadyError),
    ("EndpointDisabled", 400, ServiceNotReadyError, EndpointGoneError),
    ("NotFound", 404, ServiceNotReadyError, EndpointGoneError),
    ("InternalError", 500, DeliveryUnknownError, DeliveryUnknownError),
    ("ServiceUnavailable", 503, DeliveryUnknownError, DeliveryUnknownError),
]


def text(to: str) -> Sms:
    return Sms(unique("evt"), to, "Größer für 5 € ☕", 1, "{}")


def texts_to(services: Services, number: str) -> list[dict[str, Any]]:
    """What the emulator's SNS sent to this number."""
    url = f"{services.aws_url}/_ministack/sns/sms-messages"
    answer = httpx.get(url, params={"phoneNumber": number}, trust_env=False)
    found: list[dict[str, Any]] = answer.raise_for_status().json()["sms_messages"].get(number, [])
    return found


@pytest.fixture
def number() -> str:
    return f"+49151{int(unique('n')[-12:], 16) % 10**9:09d}"


@dataclass
class Kit:
    """An implementation, its failure modes, and how many texts went to a number."""

    send: Callable[[Sms], str]
    mode: Callable[[str], None]
    sent: Callable[[str], int]


@pytest.fixture(params=["memory", "sns"])
def kit(request: pytest.FixtureRequest) -> Iterator[Kit]:
    if request.param == "memory":
        fake = InMemorySmsSender()
        yield Kit(
            fake.send,
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
        client = botocore_clients.messages()
        sender = SNSSmsSender(lambda: client, "TheShop")
        yield Kit(sender.send, mode, lambda to: len(texts_to(services, to)))
        client.close()


@pytest.mark.parametrize("mode", EXPECTED)
def test_each_outcome_has_its_own_error_and_its_own_truth_about_the_telephone(
    kit: Kit, number: str, mode: str
) -> None:
    error, sent = EXPECTED[mode]
    kit.mode(mode)

    with pytest.raises(error) if error else nullcontext():
        assert kit.send(text(number))

    assert kit.sent(number) == sent


# ------------------------------------------------------------------ SNS only
def test_a_text_arrives_whole(services: Services, number: str) -> None:
    message_id = SNSSmsSender(lambda: services.client("sns"), "").send(text(number))

    (found,) = texts_to(services, number)
    assert (found["MessageId"], found["Message"]) == (message_id, "Größer für 5 € ☕")


def test_a_device_that_sns_knows_takes_the_message(services: Services) -> None:
    """The emulator spells a device's ARN `app/…` where SNS says `endpoint/…`: used as it is."""
    sns = services.client("sns")
    application = sns.create_platform_application(
        Name=unique("shop"), Platform="GCM", Attributes={"PlatformCredential": "c"}
    )["PlatformApplicationArn"]
    arn = sns.create_platform_endpoint(PlatformApplicationArn=application, Token=unique("t"))[
        "EndpointArn"
    ]

    push = Push(unique("evt"), "user-1", arn, message_of("Hi", "Ho", None), "{}")

    assert SNSPushSender(lambda: sns).send(push)


def attempt(client: Any, *, to_device: bool) -> str:
    if to_device:
        return SNSPushSender(lambda: client).send(Push("evt", "u", "arn:x", "{}", "{}"))
    return SNSSmsSender(lambda: client, "").send(text("+4915112345678"))


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure[0])
@pytest.mark.parametrize("to_device", [False, True], ids=["text", "push"])
def test_a_failure_is_told_apart_and_never_answered_with_a_second_request(
    services: Services,
    endpoint: Endpoint,
    failure: tuple[str, int, type[PipelineError], type[PipelineError]],
    to_device: bool,
) -> None:
    code, status, of_text, of_push = failure
    endpoint.respond = lambda _seen: refusal(status, code)
    with product_clients(aws_environment(services) | {"AWS_ENDPOINT_URL": endpoint.url}):
        client = botocore_clients.messages()
        with pytest.raises(PipelineError) as raised:
            attempt(client, to_device=to_device)
        client.close()

    assert type(raised.value) is (of_push if to_device else of_text)
    (seen,) = endpoint.seen
    asked = parse_qs(seen.body.decode())
    assert ("TargetArn" in asked, "PhoneNumber" in asked) == (to_device, not to_device)


def test_a_reply_that_takes_too_long_leaves_the_outcome_unknown(
    services: Services, endpoint: Endpoint
) -> None:
    endpoint.respond = lambda _seen: Answer(silent=True)
    client = services.client("sns", endpoint_url=endpoint.url, read_timeout=0.2)

    with pytest.raises(DeliveryUnknownError):
        SNSSmsSender(lambda: client, "").send(text("+4915112345678"))

    assert len(endpoint.seen) == 1
    endpoint.reset()


def test_a_service_that_cannot_be_reached_has_sent_nothing(services: Services) -> None:
    client = services.client("sns", endpoint_url="http://127.0.0.1:1")

    with pytest.raises(DependencyError) as raised:
        SNSSmsSender(lambda: client, "").send(text("+4915112345678"))

    assert type(raised.value) is DependencyError
