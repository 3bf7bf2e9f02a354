"""Which requests make the emulator keep its installation anew."""

import pytest

from local.stack.state.requests import changes_installation

SIGNED = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{}/aws4_request, SignedHeaders=host"


def request(
    service: str, target: str = "", *, method: str = "POST", path: str = "/"
) -> dict[str, object]:
    headers = [(b"Authorization", SIGNED.format(service).encode())] if service else []
    headers += [(b"X-Amz-Target", target.encode())] if target else []
    return {"type": "http", "method": method, "path": path, "headers": headers}


@pytest.mark.parametrize(
    "target",
    ["AmazonSSM.PutParameter", "AmazonSSM.DeleteParameter", "DynamoDB_20120810.CreateTable",
     "DynamoDB_20120810.UpdateTimeToLive", "AWSEvents.DisableRule"],
)  # fmt: skip
def test_settings_do(target):
    assert changes_installation(request("ssm", target), b"{}")


@pytest.mark.parametrize(
    "target",
    ["AmazonSSM.GetParameters", "DynamoDB_20120810.PutItem", "DynamoDB_20120810.TransactWriteItems",
     "DynamoDB_20120810.TransactGetItems", "DynamoDB_20120810.Query", "AWSEvents.PutEvents"],
)  # fmt: skip
def test_a_days_traffic_does_not(target):
    assert not changes_installation(request("dynamodb", target), b"{}")


def test_an_action_in_the_body_counts_wherever_it_stands():
    assert changes_installation(request("sns"), b"Action=CreatePlatformEndpoint&Token=x")
    assert changes_installation(request("sns"), b"Token=x&Action=CreatePlatformEndpoint")
    assert not changes_installation(request("sns"), b"Action=Publish&Message=x")
    assert not changes_installation(request("sns"), b"Message=x&Action=Publish")


def test_where_the_path_names_the_action_its_method_decides():
    function = "/2015-03-31/functions/f/configuration"

    assert changes_installation(request("lambda", method="PUT", path=function), b"{}")
    assert not changes_installation(request("lambda", method="GET", path=function), b"")


@pytest.mark.parametrize(
    ("service", "path"),
    [("lambda", "/2015-03-31/functions/f/invocations"), ("ses", "/v2/email/outbound-emails")],
)
def test_running_a_function_and_sending_a_mail_do_not(service, path):
    assert not changes_installation(request(service, path=path), b"{}")


def test_an_identity_for_mail_does():
    assert changes_installation(request("ses", path="/v2/email/identities"), b"{}")


def test_asking_about_a_deployment_does_since_it_goes_on_after_its_answer():
    assert changes_installation(request("cloudformation"), b"Action=DescribeStacks")


@pytest.mark.parametrize("service", ["logs", "monitoring", "sts", "xray"])
def test_log_lines_and_numbers_do_not(service):
    assert not changes_installation(request(service, "Logs_20140328.PutLogEvents"), b"{}")


def test_what_nobody_signed_does_not():
    assert not changes_installation(request("", path="/_aws/execute-api/a/api/checkout"), b"{}")


def test_wiping_the_emulator_does():
    assert changes_installation(request("", path="/_ministack/reset"), b"")
