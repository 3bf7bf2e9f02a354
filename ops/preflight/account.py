"""Is this the stage's account, prepared for CDK, with room for the stage's functions?"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from infra.settings import StageError, StageSettings
from infra.stage_file import KnownStage
from ops.core.aws_errors import explained
from ops.core.finding import Check, Finding, mend, ok, unknown

BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
LEAST_BOOTSTRAP = 6
"""What the stacks ask for; a test compares it with what is synthesized."""
ALWAYS_UNRESERVED = 100
"""Executions at once that Lambda leaves to functions without reservations."""
_QUOTA = "L-B99A9384"  # concurrent executions, in Service Quotas
_ABSENT = "ResourceNotFoundException"


def place(file: KnownStage, sts: Any, region: str | None) -> Check:
    """Are the credentials for the stage's account and region?"""
    return Check("account and region", partial(_place, file, sts, region))


def checks(file: KnownStage, settings: StageSettings, ssm: Any, functions: Any) -> Iterator[Check]:
    """CDK's own stack, and the quota of executions at once.

    Args:
        ssm, functions: clients of SSM and Lambda.
    """
    yield Check("CDK bootstrap", partial(_bootstrap, settings.stage, ssm))
    yield Check("Lambda concurrency", partial(_concurrency, file.region, settings, functions))


def _place(file: KnownStage, sts: Any, region: str | None) -> Finding:
    try:
        caller = sts.get_caller_identity()
    except HTTPClientError as error:
        return unknown(explained(error) or "AWS cannot be reached")
    except (ClientError, BotoCoreError) as error:
        # This call needs no permission: who is refused has no good credentials.
        return mend(explained(error) or "no credentials", "aws sso login")
    try:
        file.check_place(str(caller["Account"]), None)
    except StageError as error:
        return mend(str(error), "aws sts get-caller-identity --profile PROFILE")
    try:
        file.check_place(None, region)
    except StageError as error:
        return mend(str(error), f"export AWS_REGION={file.region} AWS_DEFAULT_REGION={file.region}")
    return ok(f"{caller['Account']} in {file.region}, as {caller['Arn']}")


def _bootstrap(stage: str, ssm: Any) -> Finding:
    found = ssm.get_parameters(Names=[BOOTSTRAP_PARAMETER])["Parameters"]
    command = f"make bootstrap STAGE={stage}"
    if not found:
        return mend("this account and region were never prepared for CDK", command)
    version = str(found[0]["Value"])
    if not version.isascii() or not version.isdecimal():
        return unknown(f"{BOOTSTRAP_PARAMETER} holds no version")
    if int(version) < LEAST_BOOTSTRAP:
        return mend(f"version {version}, and {LEAST_BOOTSTRAP} is needed", command)
    return ok(f"version {version}")


def _concurrency(region: str, settings: StageSettings, functions: Any) -> Finding:
    limits = functions.get_account_settings()["AccountLimit"]
    quota, unreserved = limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]
    wanted = sum(settings.reserved_concurrency.values())
    free = unreserved - ALWAYS_UNRESERVED
    told = f"the stage reserves {wanted} of the account's {quota}"
    if wanted <= free:
        return ok(told)
    # What the stage has reserved already counts for it, too.
    free += sum(
        _reserved(functions, settings.function_name(name)) for name in settings.reserved_concurrency
    )
    if wanted <= free:
        return ok(f"{told}, and has its part already")
    needed = quota + wanted - free
    return mend(
        f"{told}, where {max(0, free)} are left: {ALWAYS_UNRESERVED} always stay unreserved, and "
        f"other functions have theirs; {needed} are needed",
        f"aws service-quotas request-service-quota-increase --service-code lambda --region {region} "
        f"--quota-code {_QUOTA} --desired-value {needed}",
    )


def _reserved(functions: Any, name: str) -> int:
    try:
        answer = functions.get_function_concurrency(FunctionName=name)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == _ABSENT:
            return 0
        raise
    return int(answer.get("ReservedConcurrentExecutions", 0))
