"""What watches: alarms, the topic they report to, the dashboard, and the rights of who only looks."""

from collections.abc import Mapping

from aws_cdk import CfnOutput, Environment, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.constructs.alarms import Alarms
from infra.constructs.dashboard import Dashboard
from infra.constructs.encrypted_topic import EncryptedTopic
from infra.constructs.http_api import access_log_group
from infra.constructs.viewers import Viewers
from infra.functions import FUNCTIONS
from infra.settings import StageSettings


class ObservabilityStack(Stack):
    """Depends on the others; nothing depends on it, so it may change or go without touching them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageSettings,
        topic_key: kms.IKey,
        api_id: str,
        tables: Mapping[str, dynamodb.ITable],
        data_stack: str,
        env: Environment | None,
    ) -> None:
        super().__init__(scope, construct_id, env=env)
        topic = EncryptedTopic(
            self, "AlarmTopic", key=topic_key, publisher="cloudwatch.amazonaws.com"
        ).topic
        if stage.alarm_email:
            topic.add_subscription(subscriptions.EmailSubscription(stage.alarm_email))
        alarms = Alarms(self, "Alarms", topic=topic, stage=stage.stage)
        for spec in FUNCTIONS:
            alarms.watch_function(spec, function_name=stage.function_name(spec.name))
        alarms.watch_api(api_id)
        if stage.metric_queries:
            alarms.watch_own_metrics()
        Dashboard(self, "Dashboard", stage=stage, api_id=api_id, alarms=alarms.all)
        Viewers(
            self,
            "Viewers",
            stage=stage,
            tables=tables,
            data_stack=data_stack,
            log_groups=[
                *(f"/aws/lambda/{stage.function_name(spec.name)}" for spec in FUNCTIONS),
                access_log_group(stage),
            ],
        )
        CfnOutput(self, "AlarmTopicArn", value=topic.topic_arn)
