"""What AWS says of mails and texts, in answers that the emulator does not give."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.settings import stage_settings
from ops.core.finding import Finding, State, found
from ops.preflight import mail

REGION = "eu-central-1"
HEALTHY = {
    "SendingEnabled": True,
    "EnforcementStatus": "HEALTHY",
    "ProductionAccessEnabled": True,
    "SendQuota": {"Max24HourSend": 50000.0},
}


class Sns:
    def __init__(self, *, sandbox: bool, limit: str | None) -> None:
        self._sandbox, self._limit = sandbox, limit

    def get_sms_sandbox_account_status(self) -> Any:
        return {"IsInSandbox": self._sandbox}

    def get_sms_attributes(self, attributes: list[str]) -> Any:
        return {"attributes": {} if self._limit is None else {attributes[0]: self._limit}}


class Ses:
    def __init__(self, *, verified: bool | None = True, **account: Any) -> None:
        self._verified, self._account = verified, HEALTHY | account

    def get_account(self) -> Any:
        return self._account

    def get_email_identity(self, EmailIdentity: str) -> Any:  # noqa: N803
        if self._verified is None:
            raise ClientError({"Error": {"Code": "NotFoundException"}}, "GetEmailIdentity")
        return {"VerifiedForSendingStatus": self._verified}


class Stacks:
    """Shows a stack in two pages; the identity is on the second one."""

    def __init__(self, identity: str = "shop.test") -> None:
        self._identity = identity

    def list_stack_resources(self, StackName: str, NextToken: str = "") -> Any:  # noqa: N803
        if not NextToken:
            first = {"ResourceType": "AWS::DynamoDB::Table", "PhysicalResourceId": "shop.test"}
            return {"StackResourceSummaries": [first], "NextToken": "2"}
        second = {"ResourceType": "AWS::SES::EmailIdentity", "PhysicalResourceId": self._identity}
        return {"StackResourceSummaries": [second]}


def texts(stage: str, *, sandbox: bool = False, limit: str | None = "50") -> dict[str, Finding]:
    return dict(found(mail.texts(stage, REGION, Sns(sandbox=sandbox, limit=limit))))


def mails(ses: Ses, stage: str = "prod", stacks: Stacks | None = None) -> dict[str, Finding]:
    settings = stage_settings(stage, {"sender_domain": "shop.test"})
    return dict(found(mail.checks(settings, REGION, ses, stacks or Stacks())))


def test_an_account_that_may_send_is_fine():
    findings = {**texts("prod"), **mails(Ses())}

    assert {said.state for said in findings.values()} == {State.OK}


@pytest.mark.parametrize(("stage", "state"), [("prod", State.MEND), ("staging", State.OK)])
def test_a_sandbox_stops_production_alone(stage, state):
    sandbox = Ses(ProductionAccessEnabled=False)

    assert texts(stage, sandbox=True)["SMS sandbox"].state is state
    assert mails(sandbox, stage)["SES sending"].state is state


@pytest.mark.parametrize("limit", [None, "1", "0.5"])
def test_the_spending_limit_of_a_new_account_is_told(limit):
    said = texts("prod", limit=limit)["SMS spending limit"]

    assert "MonthlySpendLimit=50 --region eu-central-1" in said.command


@pytest.mark.parametrize(
    "account",
    [
        {"SendingEnabled": False, "EnforcementStatus": "PROBATION"},
        {"EnforcementStatus": "SHUTDOWN"},
    ],
)
def test_an_account_that_was_stopped_is_told(account):
    assert mails(Ses(**account))["SES sending"].state is State.MEND


@pytest.mark.parametrize(
    ("ses", "stacks", "told"),
    [
        (Ses(verified=None), Stacks(), "none yet; the deployment makes it"),
        (Ses(verified=False), Stacks(), "its DKIM records are not published"),
        (Ses(verified=True), Stacks("other.test"), "no stack of this stage made it"),
        (Ses(verified=True), Stacks(), "shop.test: verified"),
    ],
)
def test_an_identity_is_made_verified_or_taken_over(ses, stacks, told):
    assert told in mails(ses, stacks=stacks)["SES identity"].said
