"""What calls a function apart from QStash and the API: the clock, and SES's reports through SNS."""

from typing import Any

import pytest

from tests.infra.assembly import Assembly, Resource


def only(assembly: Assembly, kind: str, stack: str = "Pipeline") -> Resource:
    """The one resource of a kind."""
    (resource,) = assembly.resources(kind, stack=stack)
    return resource


def clock_role(assembly: Assembly) -> Resource:
    """The role that the scheduler takes on."""
    (role,) = (
        role
        for role in assembly.resources("AWS::IAM::Role")
        if "scheduler.amazonaws.com" in str(role.properties["AssumeRolePolicyDocument"])
    )
    return role


def test_the_reconciler_and_nothing_else_runs_every_minute_on_time_and_once(assembly: Assembly):
    """A run that failed is not tried again: the next one is at most a minute away."""
    schedule = only(assembly, "AWS::Scheduler::Schedule").properties

    assert schedule["Name"] == f"order-pipeline-{assembly.stage}-reconciler"
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule["State"] == "ENABLED"
    assert schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0
    assert assembly.text(schedule["Target"]["Arn"]) == "<ReconcilerLive>"


def test_lambda_does_not_try_a_scheduled_run_again_either(assembly: Assembly):
    """The scheduler only hands the run over; repeating a failed one would be Lambda's idea."""
    invocation = only(assembly, "AWS::Lambda::EventInvokeConfig").properties

    assert assembly.text(invocation["FunctionName"]) == "<ReconcilerFunction>"
    # The last part of the alias's ARN, which is its name.
    selected, alias = invocation["Qualifier"]["Fn::Select"]
    assert (selected, assembly.text(alias["Fn::Split"][1])) == (7, "<ReconcilerLive>")
    assert invocation["MaximumRetryAttempts"] == 0
    assert invocation["MaximumEventAgeInSeconds"] == 60


def test_two_runs_of_the_reconciler_never_overlap(assembly: Assembly):
    """It is shorter than its interval, and there is room for one."""
    properties = assembly.functions()["reconciler"].properties

    assert properties["ReservedConcurrentExecutions"] == 1
    assert properties["Timeout"] < 60


def test_the_clock_may_start_the_reconciler_and_do_nothing_else(assembly: Assembly):
    """By a role of its own, to the letter."""
    role = clock_role(assembly)
    name = assembly.text({"Ref": role.logical_id})
    schedule = only(assembly, "AWS::Scheduler::Schedule").properties

    granted = [
        (statement["Action"], assembly.text(statement["Resource"]))
        for statement in assembly.statements()
        if name in statement["Roles"]
    ]
    assert granted == [("lambda:InvokeFunction", "<ReconcilerLive>")]
    assert assembly.text(schedule["Target"]["RoleArn"]) == f"{name[:-1]}.Arn>"
    functions = {assembly.text(f.properties["Role"]) for f in assembly.functions().values()}
    assert f"{name[:-1]}.Arn>" not in functions


def test_only_schedules_of_this_account_s_group_take_that_role(assembly: Assembly):
    """The scheduler serves every account: without this, somebody else's schedule could ask too."""
    (trust,) = clock_role(assembly).properties["AssumeRolePolicyDocument"]["Statement"]

    equal = {
        name: assembly.text(value) for name, value in trust["Condition"]["StringEquals"].items()
    }
    group = "arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule-group/default"
    assert trust["Action"] == "sts:AssumeRole"
    assert equal == {"aws:SourceAccount": "<AWS::AccountId>", "aws:SourceArn": group}


def test_reports_of_ses_reach_the_notifications_function(assembly: Assembly):
    """At the alias, like every other call."""
    subscription = only(assembly, "AWS::SNS::Subscription").properties

    assert subscription["Protocol"] == "lambda"
    assert assembly.text(subscription["TopicArn"]) == "<MailEventsTopic>"
    assert assembly.text(subscription["Endpoint"]) == "<NotificationsLive>"


def test_sns_may_call_that_one_function_from_that_one_topic(assembly: Assembly):
    """Feedback is believed without a signature: whoever could call this way could suppress anybody."""
    permissions = [
        permission.properties
        for permission in assembly.resources("AWS::Lambda::Permission")
        if permission.properties["Principal"] == "sns.amazonaws.com"
    ]

    (permission,) = permissions
    assert permission["Action"] == "lambda:InvokeFunction"
    assert assembly.text(permission["FunctionName"]) == "<NotificationsLive>"
    assert assembly.text(permission["SourceArn"]) == "<MailEventsTopic>"


def test_the_topic_of_the_reports_takes_them_from_this_configuration_set_only(assembly: Assembly):
    """And from SES only, although it is encrypted with a key of ours."""
    (policy,) = (
        policy.properties["PolicyDocument"]
        for policy in assembly.resources("AWS::SNS::TopicPolicy")
        if "<MailEventsTopic>" in [assembly.text(t) for t in policy.properties["Topics"]]
    )
    (allowed,) = [s for s in policy["Statement"] if s["Effect"] == "Allow"]

    assert allowed["Principal"] == {"Service": "ses.amazonaws.com"}
    assert allowed["Action"] == "sns:Publish"
    source = _lower(allowed["Condition"]["StringEquals"])["aws:sourcearn"]
    assert assembly.text(source).endswith(":configuration-set/<MailConfigurationSet>")


def test_the_topic_of_the_reports_is_offered_whether_used_or_not(assembly: Assembly):
    """A withdrawn export would block the very deployment that stops using it."""
    assert "<MailEventsTopic>" in {assembly.text(value) for value in assembly.exports.values()}


@pytest.mark.parametrize("service", ["ses.amazonaws.com", "cloudwatch.amazonaws.com"])
def test_a_service_uses_the_key_for_this_account_only(assembly: Assembly, service: str):
    """It serves other accounts as well, and the key is not theirs."""
    (key,) = assembly.resources("AWS::KMS::Key")
    (statement,) = [
        s for s in key.properties["KeyPolicy"]["Statement"] if service in str(s["Principal"])
    ]

    assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    equal = statement["Condition"]["StringEquals"]
    assert assembly.text(equal["aws:SourceAccount"]) == "<AWS::AccountId>"


def _lower(conditions: dict[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in conditions.items()}
