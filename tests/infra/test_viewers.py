"""Who only looks may read what the commands read, and can neither change anything nor open a secret."""

from typing import Any

import pytest

from infra.settings import StageError, stage_settings
from shared.storage.schema import TABLES
from tests.infra.assembly import Assembly
from tests.infra.test_data import pascal

READS = {"BatchGetItem", "GetItem", "Query", "Scan"}
WHO = "arn:aws:iam::210987654321:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Look_1f"
# Beginnings of the names of actions that only read.
LOOKING = ("Get", "BatchGet", "Query", "Scan", "Describe", "Filter", "List")


def policy(assembly: Assembly) -> list[tuple[str, str]]:
    """Every action on every resource that it allows."""
    (found,) = assembly.resources("AWS::IAM::ManagedPolicy")
    allowed = []
    for statement in found.properties["PolicyDocument"]["Statement"]:
        assert statement["Effect"] == "Allow"
        assert "NotAction" not in statement
        assert "NotResource" not in statement
        for action in _several(statement["Action"]):
            allowed += [(action, assembly.text(one)) for one in _several(statement["Resource"])]
    return allowed


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_every_table_and_index_may_be_read_by_its_name(assembly: Assembly):
    tables = {(action, resource) for action, resource in policy(assembly) if "dynamodb" in action}

    arns = {f"<Tables{pascal(table.name)}.Arn>" for table in TABLES.values()}
    arns |= {
        f"<Tables{pascal(table.name)}.Arn>/index/{index.name}"
        for table in TABLES.values()
        for index in table.indexes
    }
    assert tables == {(f"dynamodb:{action}", arn) for action in READS for arn in arns}


def test_nothing_may_be_changed_called_or_decrypted(assembly: Assembly):
    for action, _resource in policy(assembly):
        service, _, name = action.partition(":")
        assert service in {"dynamodb", "cloudformation", "ssm", "logs", "cloudwatch"}
        assert name.startswith(LOOKING)
        assert "*" not in action


def test_no_parameter_with_a_secret_may_be_read(assembly: Assembly):
    """The key of order ids is one of them."""
    named = [resource for action, resource in policy(assembly) if action.startswith("ssm:")]

    prefix = f"parameter/order-pipeline/{assembly.stage}/"
    names = {resource.partition(prefix)[2] for resource in named}
    assert {"flow-control", "urls/api", "urls/orders"} <= names
    assert not [name for name in names if not name or "secret" in name or "*" in name]


def test_only_metrics_have_no_name(assembly: Assembly):
    wide = {action for action, resource in policy(assembly) if resource == "*"}

    assert {action.partition(":")[0] for action in wide} == {"cloudwatch"}


def test_nobody_can_take_a_role_that_only_looks_unless_the_stage_names_who(synthesize):
    without, named = synthesize("prod"), synthesize("prod", viewers=WHO)

    def trusting(assembly: Assembly) -> list[Any]:
        return [
            statement["Principal"]
            for role in assembly.resources("AWS::IAM::Role")
            for statement in role.properties["AssumeRolePolicyDocument"]["Statement"]
            if "AWS" in statement["Principal"]
        ]

    assert trusting(without) == []
    assert trusting(named) == [{"AWS": WHO}]
    assert "ViewerRoleArn" not in without.outputs("Observability")
    assert {"ViewerPolicyArn", "ViewerRoleArn"} <= set(named.outputs("Observability"))


@pytest.mark.parametrize(
    "who",
    [
        "*",
        "arn:aws:iam::210987654321:root",
        "arn:aws:iam::210987654321:role/*",
        "arn:aws:iam::*:role/look",
        "ada",
    ],
)
def test_a_wildcard_or_a_whole_account_is_nobody_who_looks(who):
    with pytest.raises(StageError, match=r"viewers: .*the ARN of an IAM role or user"):
        stage_settings("prod", {"viewers": who})
