"""What must outlive the code: tables, the mail identity, and the key of the topics."""

from aws_cdk import Environment, Stack
from constructs import Construct

from infra.constructs.encrypted_topic import topic_key
from infra.constructs.mail import Mail
from infra.constructs.tables import Tables
from infra.grants import Resources
from infra.settings import StageSettings
from shared.storage.schema import TABLES


class DataStack(Stack):
    """Deployed first. In a stage that retains its data, deleting this stack deletes none of it."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: StageSettings, env: Environment | None
    ) -> None:
        super().__init__(scope, construct_id, env=env, termination_protection=stage.retain_data)
        tables = Tables(
            self,
            "Tables",
            schema=TABLES.values(),
            retain=stage.retain_data,
            point_in_time_recovery=stage.point_in_time_recovery,
        )
        self.topic_key = topic_key(
            self,
            "TopicKey",
            publishers=("cloudwatch.amazonaws.com", "ses.amazonaws.com"),
            retain=stage.retain_data,
        )
        mail = Mail(
            self,
            "Mail",
            domain=stage.sender_domain,
            sender_address=stage.sender_address,
            key=self.topic_key,
            retain=stage.retain_data,
        )
        self.resources = Resources(tables=tables.by_name, mail=mail)
        self._export_everything()

    def _export_everything(self) -> None:
        """Offer every name and ARN at all times, used or not.

        CDK exports what another stack uses and withdraws it when that use ends; but this stack is
        deployed first, and CloudFormation refuses to withdraw what is still imported.
        """
        for table in self.resources.tables.values():
            self.export_value(table.table_name)
            self.export_value(table.table_arn)
        self.export_value(self.topic_key.key_arn)
        self.resources.mail.export()
