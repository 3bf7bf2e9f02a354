"""Tables as the schema says, safe where they must be; mail that cannot be misused."""

import pytest

from shared.storage.schema import TABLES, Table
from tests.infra.assembly import Assembly, Resource


def pascal(name: str) -> str:
    """The construct id of a table."""
    return "".join(part.capitalize() for part in name.split("_"))


def created(assembly: Assembly, table: Table) -> Resource:
    """The resource made for a table."""
    (found,) = (
        resource
        for resource in assembly.resources("AWS::DynamoDB::Table")
        if assembly.text({"Ref": resource.logical_id}) == f"<Tables{pascal(table.name)}>"
    )
    return found


each_table = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)


def test_a_stage_has_the_tables_of_the_schema_and_no_others(assembly: Assembly):
    """The schema is the one list."""
    assert len(list(assembly.resources("AWS::DynamoDB::Table"))) == len(TABLES)


@each_table
def test_keys_and_indexes_are_those_of_the_schema(assembly: Assembly, table: Table):
    """Partition first, sort second, every attribute text, and whole items in an index unless it has keys only."""
    properties = created(assembly, table).properties

    def names(keys: list[dict[str, str]]) -> list[str]:
        return [key["AttributeName"] for key in sorted(keys, key=lambda key: key["KeyType"])]

    indexes = {
        index["IndexName"]: (names(index["KeySchema"]), index["Projection"]["ProjectionType"])
        for index in properties.get("GlobalSecondaryIndexes", [])
    }
    assert names(properties["KeySchema"]) == list(table.key_names())
    assert indexes == {
        index.name: (
            [name for name in (index.partition, index.sort) if name],
            "KEYS_ONLY" if index.keys_only else "ALL",
        )
        for index in table.indexes
    }
    assert {a["AttributeType"] for a in properties["AttributeDefinitions"]} == {"S"}


@each_table
def test_every_table_is_on_demand_encrypted_and_recoverable(assembly: Assembly, table: Table):
    """And expires only what the schema lets expire."""
    properties = created(assembly, table).properties

    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["SSESpecification"]["SSEEnabled"] is True
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    expiry = properties.get("TimeToLiveSpecification")
    assert expiry == ({"AttributeName": table.ttl, "Enabled": True} if table.ttl else None)


@each_table
def test_production_keeps_its_tables_and_other_stages_let_them_go(assembly: Assembly, table: Table):
    """Deleting a stack must not delete a shop's orders."""
    resource = created(assembly, table)
    keeps = assembly.stage == "prod"

    assert resource.whole["DeletionPolicy"] == ("RetainExceptOnCreate" if keeps else "Delete")
    assert resource.properties.get("DeletionProtectionEnabled", False) is keeps


@each_table
def test_every_table_is_offered_to_other_stacks_whether_used_or_not(
    assembly: Assembly, table: Table
):
    """A withdrawn export would block the very deployment that stops using it."""
    offered = {assembly.text(value) for value in assembly.exports.values()}

    name = f"Tables{pascal(table.name)}"
    assert {f"<{name}>", f"<{name}.Arn>"} <= offered


def test_mail_goes_out_over_tls_and_bounces_are_reported(assembly: Assembly):
    """To the topic that only SES may write to: what bounced, and who complained."""
    (configuration,) = assembly.resources("AWS::SES::ConfigurationSet")
    (destination,) = assembly.resources("AWS::SES::ConfigurationSetEventDestination")

    assert configuration.properties["DeliveryOptions"]["TlsPolicy"] == "REQUIRE"
    assert set(configuration.properties["SuppressionOptions"]["SuppressedReasons"]) == {
        "BOUNCE",
        "COMPLAINT",
    }
    reported = destination.properties["EventDestination"]
    assert reported["Enabled"] is True
    assert set(reported["MatchingEventTypes"]) == {"bounce", "complaint"}
    assert assembly.text(reported["SnsDestination"]["TopicARN"]) == "<MailEventsTopic>"


def test_the_sender_is_an_address_of_the_verified_domain(assembly: Assembly):
    """SES refuses any other."""
    (identity,) = assembly.resources("AWS::SES::EmailIdentity")

    sender = assembly.environment("notifications")["SENDER_ADDRESS"]
    assert sender.endswith("@" + identity.properties["EmailIdentity"])
    assert (identity.whole.get("DeletionPolicy") == "RetainExceptOnCreate") is (
        assembly.stage == "prod"
    )


def test_what_is_kept_goes_with_a_first_deployment_that_fails(prod: Assembly):
    """A table or log group that a rollback left would refuse its name to the next try."""
    policies = {
        (resource.kind, resource.whole["DeletionPolicy"])
        for resource in prod.resources()
        if resource.whole.get("DeletionPolicy", "Delete") != "Delete"
    }

    assert {kind for kind, _ in policies} >= {"AWS::DynamoDB::Table", "AWS::Logs::LogGroup"}
    assert {policy for _, policy in policies} == {"RetainExceptOnCreate"}
