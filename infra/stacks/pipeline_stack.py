"""What runs: the layer, the functions, and what calls them apart from QStash."""

import platform

from aws_cdk import Annotations, CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.assets.staging import HOST, LAMBDA, stage_function, stage_layer
from infra.constructs.http_api import HttpApi
from infra.constructs.mail import MailFeedback
from infra.constructs.schedule import Schedule
from infra.constructs.shared_layer import SharedLayer
from infra.constructs.tables import pascal
from infra.constructs.topic_function import TopicFunction
from infra.dependencies.bill import write_layer
from infra.environment import environment_of, provided_values
from infra.functions import FUNCTIONS
from infra.grants import Resources
from infra.settings import StageSettings
from shared.contracts.topics import Topic


class PipelineStack(Stack):
    """Layer and functions are one release: they are built from one checkout and deployed together."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageSettings,
        resources: Resources,
        env: Environment | None,
    ) -> None:
        super().__init__(scope, construct_id, env=env)
        self._stage = stage
        self._resources = resources
        self._target = HOST if stage.host_assets else LAMBDA
        self.functions = self._functions()
        self.ingress = HttpApi(self, "Ingress", stage=stage, functions=self.functions)
        self._call_on_time()
        MailFeedback(
            self,
            "MailFeedback",
            topic=resources.mail.events.topic,
            function=self.functions[Topic.NOTIFICATIONS].live,
        )
        self._tell_operators()
        self._outputs()
        self._warn_of_placeholders()
        self._warn_of_open_checkouts()

    def _functions(self) -> dict[str, TopicFunction]:
        arm = lambda_.Architecture.ARM_64
        write_layer(self._target)
        layer = SharedLayer(
            self,
            "Shared",
            asset=stage_layer(self._target),
            architecture=_host_architecture() if self._stage.host_assets else arm,
        )
        values = provided_values(
            self._stage, configuration_set=self._resources.mail.configuration_set_name
        )
        table_names = self._resources.table_names()
        return {
            spec.name: TopicFunction(
                self,
                pascal(spec.name),
                spec=spec,
                stage=self._stage,
                asset=stage_function(spec.name, self._target),
                layer=layer,
                resources=self._resources,
                environment=environment_of(spec.settings, values=values, table_names=table_names),
            )
            for spec in FUNCTIONS
        }

    def _call_on_time(self) -> None:
        for function in self.functions.values():
            if function.spec.every_minutes:
                Schedule(
                    self,
                    f"{pascal(function.spec.name)}Clockwork",
                    name=self._stage.function_name(function.spec.name),
                    every=Duration.minutes(function.spec.every_minutes),
                    function=function.live,
                )

    def _tell_operators(self) -> None:
        # What an operator sends again goes by the same limits.
        ssm.StringParameter(
            self,
            "FlowControl",
            parameter_name=f"{self._stage.config_prefix}/flow-control",
            description="How many messages of each topic QStash may deliver at once",
            string_value=self._stage.flow_control,
        )

    def _outputs(self) -> None:
        CfnOutput(self, "ConfigPrefix", value=self._stage.config_prefix)
        for function in self.functions.values():
            if function.url:
                CfnOutput(self, f"{pascal(function.spec.name)}Url", value=function.url)

    def _warn_of_open_checkouts(self) -> None:
        if self._stage.stage != "local" and self._stage.checkout_trust == "open":
            Annotations.of(self).add_warning_v2(
                "order-pipeline:open-checkouts",
                "checkout_trust=open: any caller can order on any payment id, and nothing vouches "
                "that it was paid. Let the shop's server sign its requests (docs/deploying.md)",
            )

    def _warn_of_placeholders(self) -> None:
        if self._stage.stage == "local":
            return
        for name in self._stage.placeholders():
            Annotations.of(self).add_warning_v2(
                f"order-pipeline:{name}",
                f"{name} is still an example that belongs to no shop: make stage NAME={self._stage.stage} asks for it",
            )


def _host_architecture() -> lambda_.Architecture:
    arm = platform.machine().lower() in {"arm64", "aarch64"}
    return lambda_.Architecture.ARM_64 if arm else lambda_.Architecture.X86_64
