"""What is watched, and whether the message can arrive."""

import json
from typing import Any

import pytest

from infra.constructs.alarms import OWN_METRICS
from infra.functions import FUNCTIONS
from shared.telemetry.measurement import Measure
from shared.telemetry.powertools import PowertoolsTelemetry
from tests.infra.assembly import Assembly


def alarms(assembly: Assembly) -> list[dict[str, Any]]:
    """The properties of every alarm."""
    return [alarm.properties for alarm in assembly.resources("AWS::CloudWatch::Alarm")]


def test_every_function_is_watched_for_errors_throttles_and_slowness(assembly: Assembly):
    """By the name it is deployed under."""
    watched = {
        (alarm["Dimensions"][0]["Value"], alarm["MetricName"]): alarm["Threshold"]
        for alarm in alarms(assembly)
        if alarm.get("Namespace") == "AWS/Lambda"
    }

    for spec in FUNCTIONS:
        name = f"order-pipeline-{assembly.stage}-{spec.name}"
        assert watched.pop((name, "Errors")) == 1
        assert watched.pop((name, "Throttles")) == 1
        near = 40_000 if spec.name == "reconciler" else 24_000
        assert watched.pop((name, "Duration")) == near
    assert set(watched) == {(f"order-pipeline-{assembly.stage}-reconciler", "Invocations")}


def test_the_functions_own_metrics_are_watched_whatever_their_dimensions(assembly: Assembly):
    """An alarm on one exact set of dimensions goes blind when the code adds one."""
    expected = {
        f'SELECT {metric.statistic}({metric.name}) FROM "OrderPipeline/{assembly.stage}"'  # noqa: S608 - no database
        for metric in OWN_METRICS
    }

    assert set(by_query(assembly)) == (set() if assembly.stage == "local" else expected)


@pytest.mark.parametrize(
    ("query", "threshold", "minutes", "periods"),
    [
        ("MAX(OldestPendingSeconds)", 301, 3, 1),
        ("SUM(CheckoutsStuck)", 1, 5, 1),
        ("SUM(ReconcileFailures)", 1, 5, 3),
        ("SUM(CheckoutsUnpublished)", 5, 5, 1),
    ],
)
def test_what_is_owed_and_what_cannot_be_carried_on_wakes_somebody(
    prod: Assembly, query: str, threshold: int, minutes: int, periods: int
):
    """At this much, within this long, so many times in a row."""
    alarm = by_query(prod)[f'SELECT {query} FROM "OrderPipeline/prod"']  # noqa: S608 - no database

    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert alarm["Threshold"] == threshold
    assert alarm["Metrics"][0]["Period"] == 60 * minutes
    assert alarm["EvaluationPeriods"] == periods


def test_a_refund_request_is_work_and_no_alarm(prod: Assembly):
    """It is found by its state; nobody has to get up for it."""
    assert not [query for query in by_query(prod) if "Refund" in query]


def by_query(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """The alarms on the functions' own metrics by their query."""
    return {
        alarm["Metrics"][0]["Expression"]: alarm for alarm in alarms(assembly) if "Metrics" in alarm
    }


def test_alarms_look_where_the_code_writes(prod: Assembly, capsys: pytest.CaptureFixture[str]):
    """The namespace of a stage is spelled here and there: an alarm on the other one never rings."""
    PowertoolsTelemetry(service="reconciler", stage="prod", level="INFO").measure(
        Measure("OldestPendingSeconds", 1)
    )

    written = json.loads(capsys.readouterr().out)
    namespace = written["_aws"]["CloudWatchMetrics"][0]["Namespace"]
    assert all(query.endswith(f' FROM "{namespace}"') for query in by_query(prod))


def test_silence_is_health_and_every_alarm_reports_to_the_one_topic(assembly: Assembly):
    """A shop without orders at night is not an incident; the clock stopping is."""
    for alarm in alarms(assembly):
        clock = alarm.get("MetricName") == "Invocations"
        assert alarm["TreatMissingData"] == ("breaching" if clock else "notBreaching")
        assert [assembly.text(a) for a in alarm["AlarmActions"]] == ["<AlarmTopic>"]
        assert alarm["AlarmDescription"]


def test_the_clock_stopping_is_noticed(assembly: Assembly):
    """No run in three periods in a row; none of the other alarms would ring."""
    (silence,) = [a for a in alarms(assembly) if a.get("MetricName") == "Invocations"]

    assert silence["Dimensions"][0]["Value"] == f"order-pipeline-{assembly.stage}-reconciler"
    assert (silence["ComparisonOperator"], silence["Threshold"]) == (
        "LessThanOrEqualToThreshold",
        0,
    )
    assert silence["EvaluationPeriods"] == 3


def test_services_can_use_the_key_of_the_topics_they_publish_to(assembly: Assembly):
    """With a key that CloudWatch or SES may not use, messages vanish without a trace."""
    (key,) = assembly.resources("AWS::KMS::Key")
    allowed = {
        service
        for statement in key.properties["KeyPolicy"]["Statement"]
        for service in _services(statement["Principal"])
        if "kms:GenerateDataKey" in statement["Action"]
    }

    assert allowed == {"cloudwatch.amazonaws.com", "ses.amazonaws.com"}
    topics = list(assembly.resources("AWS::SNS::Topic"))
    assert len(topics) == 2
    for topic in topics:
        assert assembly.text(topic.properties["KmsMasterKeyId"]) == "<TopicKey.Arn>"


def test_topics_take_messages_from_one_service_of_this_account_over_tls(assembly: Assembly):
    """Nobody else's alarm, nobody else's bounce."""
    for policy in assembly.resources("AWS::SNS::TopicPolicy"):
        text = json.dumps(policy.properties["PolicyDocument"])
        allowing = [
            s for s in policy.properties["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"
        ]
        assert "aws:SecureTransport" in text
        assert len(allowing) == 1
        conditions = allowing[0]["Condition"]["StringEquals"]
        assert "aws:sourceaccount" in {name.lower() for name in conditions}


def test_an_address_for_alarms_is_subscribed_only_when_given(synthesize):
    """Whoever deploys says who is woken."""
    given: Assembly = synthesize("prod", alarm_email="ops@shop.test")
    silent: Assembly = synthesize("prod")

    (subscription,) = given.resources("AWS::SNS::Subscription", stack="Observability")
    assert subscription.properties["Endpoint"] == "ops@shop.test"
    assert not list(silent.resources("AWS::SNS::Subscription", stack="Observability"))


def _services(principal: dict[str, Any]) -> list[str]:
    found = principal.get("Service", [])
    return found if isinstance(found, list) else [found]
