"""What is watched, and whether the message can arrive."""

import json
from pathlib import Path
from typing import Any

from infra.constructs.alarms import NAMESPACE, OWN_METRICS
from infra.packaging import ROOT
from infra.topics import FUNCTIONS
from shared import observability
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
        assert watched[name, "Errors"] == 1
        assert watched[name, "Throttles"] == 1
        assert watched[name, "Duration"] == 24_000
    assert len(watched) == 3 * len(FUNCTIONS)


def test_the_functions_own_metrics_are_watched_whatever_their_dimensions(assembly: Assembly):
    """An alarm on one exact set of dimensions goes blind when the code adds one."""
    queries = {
        alarm["Metrics"][0]["Expression"] for alarm in alarms(assembly) if "Metrics" in alarm
    }

    before, after = "SELECT SUM(", f') FROM "{NAMESPACE}"'
    watched = () if assembly.stage == "local" else OWN_METRICS
    assert queries == {before + metric.name + after for metric in watched}


def test_every_watched_metric_is_one_that_the_code_writes():
    """A renamed metric would leave an alarm that can never ring."""
    code = "".join(
        path.read_text() for folder in ("shared", "functions") for path in _sources(ROOT / folder)
    )

    assert observability.NAMESPACE == NAMESPACE
    assert [m.name for m in OWN_METRICS if f'"{m.name}"' not in code] == []


def _sources(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def test_silence_is_health_and_every_alarm_reports_to_the_one_topic(assembly: Assembly):
    """A shop without orders at night is not an incident."""
    for alarm in alarms(assembly):
        assert alarm["TreatMissingData"] == "notBreaching"
        assert [assembly.text(a) for a in alarm["AlarmActions"]] == ["<AlarmTopic>"]
        assert alarm["AlarmDescription"]


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

    (subscription,) = given.resources("AWS::SNS::Subscription")
    assert subscription.properties["Endpoint"] == "ops@shop.test"
    assert not list(silent.resources("AWS::SNS::Subscription"))


def _services(principal: dict[str, Any]) -> list[str]:
    found = principal.get("Service", [])
    return found if isinstance(found, list) else [found]
