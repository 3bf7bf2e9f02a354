"""The one construct for all functions: code, role, environment, address and limits."""

from collections.abc import Iterator, Mapping

from aws_cdk import Aws, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.assets.staging import StagedAsset
from infra.constructs.shared_layer import SharedLayer, asset_code
from infra.functions import FunctionSpec
from infra.grants import Resources, send_pushes
from infra.nag import acknowledge
from infra.settings import StageSettings
from shared.contracts.topics import Topic

RETENTION = {
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    90: logs.RetentionDays.THREE_MONTHS,
}


class TopicFunction(Construct):
    """A function as `infra.functions` describes it, in one stage.

    Callers go through the alias `live`, so that its address survives every release and SnapStart
    can be switched on without moving it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        spec: FunctionSpec,
        stage: StageSettings,
        asset: StagedAsset,
        layer: SharedLayer,
        resources: Resources,
        environment: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        self.spec = spec
        self._stage = stage
        name = stage.function_name(spec.name)
        self._log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{name}",
            retention=RETENTION[stage.log_retention_days],
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            if stage.retain_data
            else RemovalPolicy.DESTROY,
        )
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            description=f"Order pipeline, {stage.stage}: {spec.name}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=layer.architecture,
            code=asset_code(asset),
            handler=spec.handler,
            layers=[layer.version],
            role=self._role(resources),
            environment=dict(environment),
            memory_size=spec.memory_mb or stage.memory_mb,
            timeout=Duration.seconds(spec.timeout_seconds),
            reserved_concurrent_executions=stage.reserved_concurrency[spec.name],
            log_group=self._log_group,
            tracing=lambda_.Tracing.ACTIVE if stage.tracing else lambda_.Tracing.DISABLED,
            snap_start=(
                lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS
                if spec.name in stage.snap_start
                else None
            ),
        )
        acknowledge(
            self.function,
            "AwsSolutions-L1",
            "3.13 is what the layer is built, compiled and measured for; a newer runtime is a "
            "release of its own",
        )
        self.live = lambda_.Alias(
            self, "Live", alias_name="live", version=self.function.current_version
        )
        self.url = self._publish_address(spec.topic) if spec.topic else None

    def _publish_address(self, topic: Topic) -> str:
        """The function's own URL, and the parameter by which every function finds it at run time.

        By name only: a reference would tie every function to every other.
        """
        # No IAM on the URL: QStash cannot sign for AWS. Its own signature is the lock (S1).
        url = self.live.add_function_url(auth_type=lambda_.FunctionUrlAuthType.NONE).url
        ssm.StringParameter(
            self,
            "Address",
            parameter_name=f"{self._stage.config_prefix}/urls/{topic}",
            description=f"Where QStash delivers events of topic {topic}",
            string_value=url,
        )
        return url

    def _role(self, resources: Resources) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        for statement in (*self._runtime_statements(), *self._configuration_statements()):
            role.add_to_policy(statement)
        for grant in self.spec.grants:
            role.add_to_policy(grant(resources))
        if send_pushes in self.spec.grants:
            acknowledge(
                role,
                "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:sns:<AWS::Region>:<AWS::AccountId>:endpoint/*]",
                "devices register at run time: no deployment knows their endpoints",
            )
        if self._stage.tracing:
            acknowledge(
                role,
                "AwsSolutions-IAM5[Resource::*]",
                "X-Ray's two upload actions know no resources; nothing else here has a wildcard",
            )
        return role

    def _runtime_statements(self) -> Iterator[iam.PolicyStatement]:
        yield iam.PolicyStatement(
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[self._log_group.log_group_arn],
        )

    def _configuration_statements(self) -> Iterator[iam.PolicyStatement]:
        parameters = self._parameter_arns(secret=False)
        secrets = self._parameter_arns(secret=True)
        yield iam.PolicyStatement(actions=["ssm:GetParameters"], resources=parameters + secrets)
        # The AWS-managed key aws/ssm lets every principal of the account decrypt through SSM, so
        # the statement above is the whole permission. A customer's own key asks for this one.
        if self._stage.secrets_key_arn:
            yield _decrypt(self._stage.secrets_key_arn, secrets)

    def _parameter_arns(self, *, secret: bool) -> list[str]:
        found = self.spec.settings.parameters().values()
        paths = sorted(parameter.path for parameter in found if parameter.secret is secret)
        prefix = self._stage.config_prefix.removeprefix("/")
        return [
            Stack.of(self).format_arn(
                service="ssm", resource="parameter", resource_name=f"{prefix}/{path}"
            )
            for path in paths
        ]


def _decrypt(key_arn: str, parameter_arns: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=["kms:Decrypt"],
        resources=[key_arn],
        conditions={
            "StringEquals": {
                "kms:ViaService": f"ssm.{Aws.REGION}.amazonaws.com",
                # SSM binds each ciphertext to its parameter: the key opens ours and no others.
                "kms:EncryptionContext:PARAMETER_ARN": parameter_arns,
            }
        },
    )
