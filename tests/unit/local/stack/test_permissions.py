import json
from typing import Any

from local.stack.permissions import naming_parameters, naming_sender

SEND_PATH = "/v2/email/outbound-emails"


def everything(*_request):
    return "*"


def test_reading_parameters_is_about_the_parameter():
    body = json.dumps({"Names": ["/order-pipeline/local/urls/orders"]}).encode()
    headers = {"x-amz-target": "AmazonSSM.GetParameters"}
    request: tuple[Any, ...] = ("ssm", "POST", "/", headers, body, {}, "us-east-1", "000000000000")

    resource = naming_parameters(everything)(*request)

    assert resource == (
        "arn:aws:ssm:us-east-1:000000000000:parameter/order-pipeline/local/urls/orders"
    )


def test_every_other_request_is_about_what_the_emulator_says():
    request: tuple[Any, ...] = ("dynamodb", "POST", "/", {}, b"{}", {}, "us-east-1", "000000000000")

    assert naming_parameters(everything)(*request) == "*"


class Policies:
    """Allows some resources, and remembers what it was asked."""

    def __init__(self, *allowed: str) -> None:
        self.allowed, self.asked = allowed, list[tuple[str, str]]()

    def __call__(self, _service, _action, *_request, resource_arn, service_context, **_more):
        name = resource_arn.split(":")[-1]
        self.asked.append((name, service_context["ses:FromAddress"]))
        return None if name in self.allowed else f"denied {name}"


def send(policies: Policies, path: str = SEND_PATH) -> Any:
    mail = {"FromEmailAddress": "The Shop <orders@shop.example>", "ConfigurationSetName": "mail"}
    check = naming_sender(lambda *_request: "the emulator's own", policies)
    return check("POST", path, {}, json.dumps(mail).encode(), {}, "request")


def test_sending_needs_the_senders_domain_and_the_configuration_set():
    policies = Policies("identity/shop.example", "configuration-set/mail")

    assert send(policies) is None
    assert {sender for _, sender in policies.asked} == {"orders@shop.example"}


def test_sending_is_denied_where_one_of_them_is_missing():
    assert send(Policies("identity/shop.example")) == "denied configuration-set/mail"
    assert send(Policies("configuration-set/mail")) == "denied identity/shop.example"


def test_other_mail_requests_are_judged_by_the_emulator():
    assert send(Policies(), path="/v2/email/identities") == "the emulator's own"
