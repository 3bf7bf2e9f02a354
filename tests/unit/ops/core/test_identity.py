"""In an account a change is recorded under the name that AWS gives, or it is not made (S26)."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from ops.__main__ import main
from ops.core import connection
from ops.core.errors import OperatorError
from ops.core.identity import caller_of
from shared.runtime import botocore_clients
from shared.storage.schema import TABLES
from tests.builders import dead_letter_row, stock
from tests.pipeline import no_parameters
from tests.unit.ops.core.test_actor import COMMANDS
from tests.unit.ops.stock.stock_shop import StockShop

ARN = "arn:aws:sts::210987654321:assumed-role/AWSReservedSSO_Operators_1f/ada@shop.com"


class STS:
    """Answers as the service does, and counts."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.asked = answer, 0

    def get_caller_identity(self) -> Any:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Account:
    """A shop in an account."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answer: Any) -> None:
        self.sts, self.shop = STS(answer), StockShop()
        self.shop.memory.seed("stock", stock())
        self.shop.memory.seed("dead_letters", dead_letter_row("evt"))
        monkeypatch.setattr(connection, "connect", lambda _options: self.opened())
        monkeypatch.setenv("USER", "mallory")
        monkeypatch.setenv("LOGNAME", "mallory")

    def opened(self) -> connection.Connection:
        return connection.Connection(
            stage="prod",
            tables=self.shop.memory,  # type: ignore[arg-type]
            table_names={name: name for name in TABLES},
            publisher=self.shop.outbox,
            clock=self.shop.clock,
            read_parameters=no_parameters,
            identify=caller_of(lambda: self.sts),
        )

    def rows(self) -> str:
        return repr([self.shop.memory.all(table) for table in TABLES])


@pytest.fixture
def account(monkeypatch):
    return Account(monkeypatch, {"Arn": ARN, "Account": "210987654321", "UserId": "AROA:ada"})


def test_a_movement_is_recorded_under_the_name_that_aws_gives_and_not_the_environments(account):
    assert main(["stock", "restock", "mug", "1", "--reason", "delivery"]) == 0

    (audit,) = account.shop.outbox.of("analytics.audit")
    assert json.loads(audit.body)["payload"]["metadata"]["actor"] == {"kind": "operator", "id": ARN}
    assert "mallory" not in account.rows()


def test_a_name_that_is_said_in_an_account_is_not_recorded_and_that_is_told(account, capsys):
    command = ["dead-letters", "discard", "evt", "--reason", "broken", "--operator", "mallory"]

    assert main(command) == 0

    assert f"--operator mallory is not recorded: AWS names you {ARN}" in capsys.readouterr().err
    row: Any = account.shop.memory.get("dead_letters", {"eventId": "evt"})
    assert row["history"][-1]["by"] == ARN
    assert "mallory" not in account.rows()


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "answer",
    [
        NoCredentialsError(),
        ClientError({"Error": {"Code": "ExpiredToken", "Message": "over"}}, "GetCallerIdentity"),
        {},
        {"Arn": "otto"},
        {"Arn": f"{ARN}\nactor root"},
        {"Arn": "arn:aws:sts::210987654321:assumed-role/" + "x" * 2100},
    ],
    ids=["none", "expired", "empty", "no ARN", "two lines", "long"],
)
def test_no_change_is_made_when_aws_does_not_say_who_it_is(
    monkeypatch, tmp_path, capsys, command, answer
):
    account = Account(monkeypatch, answer)
    before = account.rows()
    file = tmp_path / "file.csv"
    file.write_text("sku,name,price,available,threshold\njar,Jar,1.00,5,1\n", encoding="utf-8")

    assert main([str(file) if word == "file.csv" else word for word in command]) == 2

    assert "nothing was changed, because AWS" in capsys.readouterr().err
    assert account.rows() == before
    assert account.shop.outbox.batches == []


@pytest.mark.parametrize(
    "command",
    [
        ["stock", "show", "mug"],
        ["dead-letters", "list"],
        ["dead-letters", "show", "evt"],
        ["dead-letters", "replay", "evt", "--reason", "x", "--dry-run"],
        ["refunds", "list"],
        ["mail", "list"],
    ],
)
def test_a_command_that_only_reads_asks_nobody_who_it_is(account, command):
    main(command)

    assert account.sts.asked == 0


def test_the_stack_of_an_account_asks_sts_and_that_of_a_laptop_does_not(monkeypatch):
    sts = STS({"Arn": ARN})
    monkeypatch.setattr(botocore_clients, "plain", lambda service: {"sts": sts}[service])
    monkeypatch.setattr(connection, "_outputs", lambda _stack: {})
    opened = Account(monkeypatch, {}).opened()
    monkeypatch.setattr(connection, "_opened", lambda *_: opened)

    in_account = connection._in_account("prod")

    assert in_account.identify is not None
    assert (in_account.identify(), sts.asked) == (ARN, 1)


def test_an_answer_without_an_arn_says_so():
    with pytest.raises(OperatorError, match="AWS named you by no ARN"):
        caller_of(lambda: STS({"Arn": 5}))()
