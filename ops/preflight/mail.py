"""May the stage send: mails through SES, and texts through SNS?"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from infra.settings import StageSettings
from ops.core.finding import Check, Finding, mend, ok

_ABSENT = frozenset({"NotFoundException"})
_NO_STACK = frozenset({"ValidationError"})
_IDENTITY = "AWS::SES::EmailIdentity"
# What AWS allows a new account in a month, in US dollars.
_FIRST_LIMIT = 1.0


def checks(settings: StageSettings, region: str, ses: Any, stacks: Any) -> Iterator[Check]:
    """Sending, and the identity of the sender's domain.

    Args:
        ses, stacks: clients of SES (v2) and CloudFormation.
    """
    yield Check("SES sending", partial(_sending, settings, region, ses))
    yield Check("SES identity", partial(_identity, settings, region, ses, stacks))


def texts(stage: str, region: str, sns: Any) -> Iterator[Check]:
    """The sandbox of texts, and what they may cost.

    Args:
        sns: a client of SNS.
    """
    yield Check("SMS sandbox", partial(_sms_sandbox, stage, region, sns))
    yield Check("SMS spending limit", partial(_sms_spending, region, sns))


def _sending(settings: StageSettings, region: str, ses: Any) -> Finding:
    account = ses.get_account()
    if not account["SendingEnabled"]:
        return mend(
            f"sending is switched off (enforcement: {account.get('EnforcementStatus', 'unknown')})",
            f"aws sesv2 put-account-sending-attributes --sending-enabled --region {region}",
        )
    if account.get("EnforcementStatus", "HEALTHY") == "SHUTDOWN":
        return mend(
            "AWS has stopped all mails of this account",
            f"aws sesv2 get-account --region {region}",
        )
    if not account["ProductionAccessEnabled"]:
        return _sandbox(settings, region)
    a_day = int(account.get("SendQuota", {}).get("Max24HourSend", 0))
    return ok(f"production access, {a_day} mails a day" if a_day >= 0 else "production access")


def _sandbox(settings: StageSettings, region: str) -> Finding:
    told = "in the sandbox: mails reach verified addresses alone"
    if settings.stage != "prod":
        return ok(told)
    return mend(
        told,
        f"aws sesv2 put-account-details --production-access-enabled --mail-type TRANSACTIONAL "
        f"--website-url https://{settings.sender_domain} --region {region} "
        "--use-case-description 'Order confirmations and shipping notices of our shop'",
    )


def _identity(settings: StageSettings, region: str, ses: Any, stacks: Any) -> Finding:
    domain, stack = settings.sender_domain, f"OrderPipelineData-{settings.stage}"
    try:
        identity = ses.get_email_identity(EmailIdentity=domain)
    except ClientError as error:
        if _code(error) in _ABSENT:
            return ok(f"{domain}: none yet; the deployment makes it, then publish its DKIM records")
        raise
    if not _is_of(stack, domain, stacks):
        return mend(
            f"{domain}: is there, and no stack of this stage made it; a deployment would end with "
            "'already exists' unless it takes the identity over",
            f".venv/bin/node node_modules/aws-cdk/bin/cdk deploy --all -c stage={settings.stage} "
            "--import-existing-resources",
        )
    if not identity["VerifiedForSendingStatus"]:
        return mend(
            f"{domain}: is not verified: its DKIM records are not published, or not seen yet",
            f"aws sesv2 get-email-identity --email-identity {domain} --region {region} "
            "--query DkimAttributes.Tokens",
        )
    return ok(f"{domain}: verified")


def _is_of(stack: str, domain: str, stacks: Any) -> bool:
    request = {"StackName": stack}
    try:
        while True:
            answer = stacks.list_stack_resources(**request)
            if any(
                entry["ResourceType"] == _IDENTITY and entry.get("PhysicalResourceId") == domain
                for entry in answer["StackResourceSummaries"]
            ):
                return True
            if "NextToken" not in answer:
                return False
            request["NextToken"] = answer["NextToken"]
    except ClientError as error:
        if _code(error) in _NO_STACK:
            return False
        raise


def _sms_sandbox(stage: str, region: str, sns: Any) -> Finding:
    if not sns.get_sms_sandbox_account_status()["IsInSandbox"]:
        return ok("out of the sandbox")
    told = "in the sandbox: texts reach verified numbers alone"
    if stage != "prod":
        return ok(told)
    # AWS offers no call for this: a person answers the request.
    return mend(
        told,
        f"open https://{region}.console.aws.amazon.com/sns/v3/home?region={region}#/mobile/text-messaging",
    )


def _sms_spending(region: str, sns: Any) -> Finding:
    attributes = sns.get_sms_attributes(attributes=["MonthlySpendLimit"])["attributes"]
    limit = float(attributes.get("MonthlySpendLimit") or _FIRST_LIMIT)
    if limit <= _FIRST_LIMIT:
        return mend(
            f"{limit:g} US dollars a month, as of a new account: a few dozen texts, then silence",
            f"aws sns set-sms-attributes --attributes MonthlySpendLimit=50 --region {region}",
        )
    return ok(f"{limit:g} US dollars a month")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
