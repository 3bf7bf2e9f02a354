"""Rights of those who only look: the operators' reading commands, logs and metrics, and no secret."""

from collections.abc import Iterable, Mapping

from aws_cdk import Aws, CfnOutput, Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.nag import acknowledge
from infra.settings import StageSettings
from shared.contracts.topics import Topic
from shared.storage.schema import TABLES

READS = ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan")
_LOGS = ("logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents")
_METRICS = (
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetDashboard",
    "cloudwatch:GetMetricData",
    "cloudwatch:GetMetricStatistics",
    "cloudwatch:ListMetrics",
)


class Viewers(Construct):
    """A managed policy, and a role with it if the stage's fact `viewers` names who may take it.

    The tables' key is AWS's own: its policy lets in who may read a table, through DynamoDB alone. So
    no right on any key is needed, and no secret of SSM can be opened.

    Args:
        data_stack: its name; its outputs name the tables.
        log_groups: names of the log groups.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageSettings,
        tables: Mapping[str, dynamodb.ITable],
        data_stack: str,
        log_groups: Iterable[str],
    ) -> None:
        super().__init__(scope, construct_id)
        stacks = [_here("cloudformation", f"stack/{data_stack}/*")]
        streams = [_here("logs", f"log-group:{name}:*") for name in log_groups]
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            description=f"Look at the order pipeline ({stage.stage}): no change, no secret",
            statements=[
                iam.PolicyStatement(actions=list(READS), resources=list(_read(tables))),
                iam.PolicyStatement(
                    actions=["cloudformation:DescribeStacks"],
                    resources=stacks,
                ),
                iam.PolicyStatement(
                    actions=["ssm:GetParameters"],
                    resources=[
                        _here("ssm", f"parameter{stage.config_prefix}/{name}")
                        for name in plain_parameters()
                    ],
                ),
                iam.PolicyStatement(
                    actions=list(_LOGS),
                    resources=streams,
                ),
                iam.PolicyStatement(actions=list(_METRICS), resources=["*"]),
            ],
        )
        # Streams and stacks have an id behind their name; CloudWatch's metrics have no ARN at all.
        for wide in [*stacks, *streams, "*"]:
            acknowledge(
                self.policy,
                f"AwsSolutions-IAM5[Resource::{_as_read(wide)}]",
                "what AWS adds behind a name, or has no name for; tables, indexes and parameters "
                "are named one by one",
            )
        CfnOutput(self, "PolicyArn", value=self.policy.managed_policy_arn).override_logical_id(
            "ViewerPolicyArn"
        )
        if stage.viewers:
            self._role(stage)

    def _role(self, stage: StageSettings) -> None:
        role = iam.Role(
            self,
            "Role",
            description=f"Who only looks at the order pipeline ({stage.stage})",
            assumed_by=iam.CompositePrincipal(*map(iam.ArnPrincipal, stage.viewers)),
            managed_policies=[self.policy],
            max_session_duration=Duration.hours(1),
        )
        CfnOutput(self, "RoleArn", value=role.role_arn).override_logical_id("ViewerRoleArn")


def plain_parameters() -> list[str]:
    """The parameters that are no secrets, by their names below the stage's prefix."""
    return ["flow-control", "urls/api", *(f"urls/{topic.value}" for topic in Topic)]


def _read(tables: Mapping[str, dynamodb.ITable]) -> Iterable[str]:
    for table in TABLES.values():
        arn = tables[table.name].table_arn
        yield arn
        yield from (f"{arn}/index/{index.name}" for index in table.indexes)


def _here(service: str, resource: str) -> str:
    return f"arn:{Aws.PARTITION}:{service}:{Aws.REGION}:{Aws.ACCOUNT_ID}:{resource}"


def _as_read(arn: str) -> str:
    """An ARN as cdk-nag names it in a finding."""
    known = {
        Aws.PARTITION: "<AWS::Partition>",
        Aws.REGION: "<AWS::Region>",
        Aws.ACCOUNT_ID: "<AWS::AccountId>",
    }
    for token, name in known.items():
        arn = arn.replace(token, name)
    return arn
