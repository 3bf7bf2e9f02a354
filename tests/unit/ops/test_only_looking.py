"""With the rights of those who only look, commands that read work, and the others say what they lack."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.__main__ import main
from ops.core import connection
from ops.core.identity import caller_of
from ops.core.publishing import PublisherOnDemand
from shared.kernel.errors import DependencyError
from shared.runtime import botocore_clients
from shared.storage.schema import TABLES
from shared.storage.writes import Write
from tests.builders import dead_letter_row
from tests.order_ids import order_id_for
from tests.unit.ops.audit.test_cli import Scanner
from tests.unit.ops.audit.test_run import Memory, lived

ARN = "arn:aws:sts::210987654321:assumed-role/look/ada"
ORDER = order_id_for("pay-1")
DEVICE = "arn:aws:sns:eu-west-1:123456789012:endpoint/GCM/shop/5e3e9847-3183-3f18-a7e8-671c3a57d4b3"
SAID = (
    "User: arn:aws:sts::1:assumed-role/look/ada is not authorized to perform: {action} on resource: "
    "{resource} because no identity-based policy allows the {action} action"
)


def denied(action: str, resource: str) -> DependencyError:
    """As the ports say it, with AWS's own words behind."""
    message = SAID.format(action=action, resource=resource)
    answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": message}}
    error = DependencyError("DynamoDB did not take it")
    error.__cause__ = ClientError(answer, action.partition(":")[2])
    return error


class OnlyReads:
    """Tables whose every write is refused as DynamoDB refuses it."""

    def __init__(self, tables: Any) -> None:
        self.get, self.get_many, self.query = tables.get, tables.get_many, tables.query

    def transact(self, writes: Sequence[Write]) -> None:
        table = f"arn:aws:dynamodb:eu-central-1:210987654321:table/Tables-{writes[0].table}-1AB"
        raise denied("dynamodb:UpdateItem", table)


def no_secret(names: list[str]) -> Mapping[str, str]:
    """SSM refuses a request that names one secret."""
    if secret := [name for name in names if "/secrets/" in name]:
        raise denied("ssm:GetParameters", f"arn:aws:ssm:eu-central-1:1:parameter{secret[0]}")
    return {}


class STS:
    def get_caller_identity(self) -> Any:
        return {"Arn": ARN}


@pytest.fixture
def needs_token(monkeypatch):
    """A shop, seen with the rights of those who only look; whether its publisher is to be had."""
    shop = Memory(*lived())
    shop.tables.seed("dead_letters", dead_letter_row("evt"))
    token = ["secrets/QSTASH_TOKEN"]

    def publisher() -> Any:
        no_secret([f"/order-pipeline/prod/{name}" for name in token])
        return None

    opened = connection.Connection(
        stage="prod",
        tables=OnlyReads(shop.tables),  # type: ignore[arg-type]
        table_names={name: f"real-{name}" for name in TABLES},
        publisher=PublisherOnDemand(publisher),
        clock=shop.clock,
        read_parameters=no_secret,
        identify=caller_of(STS),
    )
    monkeypatch.setattr(connection, "connect", lambda _options: opened)
    monkeypatch.setattr(botocore_clients, "plain", lambda _service: Scanner(shop))
    return token


LOOKS = [
    ["audit"],
    ["dead-letters", "list"],
    ["dead-letters", "show", "evt"],
    ["dead-letters", "replay", "evt", "--reason", "x", "--dry-run"],
    ["history", "order", ORDER],
    ["history", "user", "user-1"],
    ["mail", "list"],
    ["push", "list", "user-1"],
    ["refunds", "list"],
    ["stock", "list"],
    ["stock", "show", "mug"],
    ["trace", ORDER],
]


@pytest.mark.parametrize("command", LOOKS, ids=" ".join)
def test_what_only_reads_needs_no_right_to_write_and_no_secret(needs_token, capsys, command):
    status = main(command)

    said = capsys.readouterr()
    assert status in {0, 1}, said.err
    assert "not allowed" not in said.out
    # The key of order ids is a secret: without it, an order is found by its own id.
    assert "not allowed" not in said.err.replace("note: the key of order ids", "")


CHANGES = [
    ["dead-letters", "discard", "evt", "--reason", "x"],
    ["stock", "restock", "mug", "1", "--reason", "x"],
    ["refunds", "settle", order_id_for("pay-2"), "--reference", "re_1"],
    ["push", "register", "user-1", DEVICE],
]


@pytest.mark.parametrize("command", CHANGES, ids=" ".join)
def test_a_change_is_refused_with_the_action_and_the_table_that_it_lacks(
    needs_token, capsys, command
):
    needs_token.clear()

    assert main(command) == 2

    assert "not allowed: dynamodb:UpdateItem on table Tables-" in capsys.readouterr().err


@pytest.mark.parametrize("command", CHANGES[:3], ids=" ".join)
def test_a_change_that_could_not_be_published_is_not_begun(needs_token, capsys, command):
    assert needs_token

    assert main(command) == 2

    said = capsys.readouterr().err
    assert "not allowed: ssm:GetParameters on arn:aws:ssm:" in said
    assert "UpdateItem" not in said


def test_an_index_is_named_in_words_too(needs_token, capsys, monkeypatch):
    assert needs_token
    index = "arn:aws:dynamodb:eu-central-1:210987654321:table/Tables-dead_letters-1AB/index/byState"

    def query(*_: object, **__: object) -> Any:
        raise denied("dynamodb:Query", index)

    tables: Any = connection.connect(argparse.Namespace()).tables
    monkeypatch.setattr(tables, "query", query)

    assert main(["dead-letters", "list"]) == 2

    said = capsys.readouterr().err
    assert "not allowed: dynamodb:Query on index byState of table Tables-dead_letters-1AB" in said
