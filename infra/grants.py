"""What a function may do to the data, as values: the table in `topics` lists them, the role gets them.

A transaction is authorised by its parts (`PutItem`, `UpdateItem`). Nothing here can name a wildcard:
a table is one ARN, and an index has to be asked for by its name. The two exceptions are what SNS
leaves no other words for, and say so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aws_cdk import Aws
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam

from infra.constructs.mail import Mail
from shared.contracts.channels import CHANNELS, Permission
from shared.storage.schema import Table


@dataclass(frozen=True, slots=True)
class Resources:
    """What the data stack offers to functions."""

    tables: Mapping[str, dynamodb.ITable]
    mail: Mail

    def table_names(self) -> dict[str, str]:
        """Logical to physical table name."""
        return {name: table.table_name for name, table in self.tables.items()}


Grant = Callable[[Resources], iam.PolicyStatement]

GET = "dynamodb:GetItem"
BATCH_GET = "dynamodb:BatchGetItem"
PUT = "dynamodb:PutItem"
CHECK = "dynamodb:ConditionCheckItem"
UPDATE = "dynamodb:UpdateItem"
QUERY = "dynamodb:Query"
PUBLISH = "sns:Publish"
DEVICES = f"arn:{Aws.PARTITION}:sns:{Aws.REGION}:{Aws.ACCOUNT_ID}:endpoint/*"


def on(table: Table, *actions: str) -> Grant:
    """These actions on the items of one table."""

    def statement(resources: Resources) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            actions=list(actions), resources=[resources.tables[table.name].table_arn]
        )

    return statement


def query(table: Table, index: str) -> Grant:
    """Query one index of a table, and not the table itself.

    Raises:
        ValueError: the schema has no such index.
    """
    if index not in {known.name for known in table.indexes}:
        raise ValueError(f"table {table.name} has no index {index}")

    def statement(resources: Resources) -> iam.PolicyStatement:
        arn = resources.tables[table.name].table_arn
        return iam.PolicyStatement(actions=[QUERY], resources=[f"{arn}/index/{index}"])

    return statement


def send_mail(resources: Resources) -> iam.PolicyStatement:
    """Mail from the stage's one address, through its configuration set."""
    return resources.mail.send_statement()


def send_texts(_resources: Resources) -> iam.PolicyStatement:
    """Texts to telephones, and nothing else that SNS publishes to.

    A number has no ARN: SNS asks about the number itself, which a policy cannot name, and has no
    condition key for it. So this allows what is left when everything with an ARN of SNS is taken
    away, in any account and region: no topic, no device.
    """
    return iam.PolicyStatement(actions=[PUBLISH], not_resources=[f"arn:{Aws.PARTITION}:sns:*:*:*"])


def send_pushes(_resources: Resources) -> iam.PolicyStatement:
    """Messages to devices of this account and region.

    Devices register while the pipeline runs, so no deployment knows their ARNs; a topic's ARN has
    no slash and cannot match.
    """
    return iam.PolicyStatement(actions=[PUBLISH], resources=[DEVICES])


_SENDING: Mapping[Permission, Grant] = {
    Permission.SEND_MAIL: send_mail,
    Permission.PUBLISH_TO_NUMBERS: send_texts,
    Permission.PUBLISH_TO_DEVICES: send_pushes,
}


def send_by_every_channel() -> tuple[Grant, ...]:
    """What the declared channels need to send, each permission once."""
    return tuple(dict.fromkeys(_SENDING[channel.permission] for channel in CHANNELS))
