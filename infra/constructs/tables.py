"""The tables, created from `shared.storage.schema` so that code and infrastructure cannot disagree."""

from collections.abc import Iterable

from aws_cdk import CfnOutput, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from shared.storage.schema import Index, Table


def pascal(name: str) -> str:
    """`dead_letters` as `DeadLetters`: the form of construct ids and outputs."""
    return "".join(part.capitalize() for part in name.split("_"))


class Tables(Construct):
    """Every table of the schema, by logical name. Physical names are CloudFormation's choice."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        schema: Iterable[Table],
        retain: bool,
        point_in_time_recovery: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self.by_name: dict[str, dynamodb.Table] = {}
        for table in schema:
            self.by_name[table.name] = self._table(
                table, retain=retain, point_in_time_recovery=point_in_time_recovery
            )

    def _table(self, table: Table, *, retain: bool, point_in_time_recovery: bool) -> dynamodb.Table:
        created = dynamodb.Table(
            self,
            pascal(table.name),
            partition_key=_string(table.partition),
            sort_key=_string(table.sort) if table.sort else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=point_in_time_recovery
            ),
            time_to_live_attribute=table.ttl,
            deletion_protection=retain,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            if retain
            else RemovalPolicy.DESTROY,
        )
        for index in table.indexes:
            _add_index(created, index)
        CfnOutput(self, f"{pascal(table.name)}Name", value=created.table_name).override_logical_id(
            f"Table{pascal(table.name)}"
        )
        return created


def _add_index(table: dynamodb.Table, index: Index) -> None:
    table.add_global_secondary_index(
        index_name=index.name,
        partition_key=_string(index.partition),
        sort_key=_string(index.sort) if index.sort else None,
        projection_type=dynamodb.ProjectionType.KEYS_ONLY
        if index.keys_only
        else dynamodb.ProjectionType.ALL,
    )


def _string(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
