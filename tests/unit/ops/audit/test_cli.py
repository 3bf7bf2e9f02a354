"""The audit's command: what it reads and how, what it says, and how it ends."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.__main__ import main
from ops.core import connection
from ops.core.rows import Name
from ops.core.table_reader import StoredTables
from shared.adapters.attributes import to_attributes
from shared.kernel.errors import DependencyError
from shared.runtime import botocore_clients
from shared.storage.schema import TABLES
from tests.order_ids import ORDER_ID_KEY
from tests.unit.ops.audit.test_run import SOLD, Memory, lived

REFUSED = ClientError({"Error": {"Code": "AccessDeniedException"}}, "Scan")


class Scanner:
    """DynamoDB's Scan over tables in memory, two rows a page, and nothing but Scan."""

    def __init__(self, shop: Memory) -> None:
        self.shop, self.requests = shop, list[dict[str, Any]]()
        self.refuses = False

    def scan(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        if self.refuses:
            raise REFUSED
        rows = self.shop.tables.all(request["TableName"].removeprefix("real-"))
        start = request.get("ExclusiveStartKey", 0)
        more = {"LastEvaluatedKey": start + 2} if start + 2 < len(rows) else {}
        return {"Items": [to_attributes(row) for row in rows[start : start + 2]], **more}


@pytest.fixture
def shop():
    return Memory(*lived())


@pytest.fixture
def scanner(shop, monkeypatch):
    """The command finds this shop as its stage."""
    found = Scanner(shop)
    opened = connection.Connection(
        stage="test",
        tables=shop.tables,
        table_names={name: f"real-{name}" for name in TABLES},
        publisher=None,  # type: ignore[arg-type]
        clock=shop.clock,
        read_parameters=lambda names: dict.fromkeys(names, ORDER_ID_KEY),
    )
    monkeypatch.setattr(connection, "connect", lambda _options: opened)
    monkeypatch.setattr(botocore_clients, "plain", lambda _service: found)
    return found


def test_a_table_is_read_whole_page_by_page_and_consistently(shop, scanner):
    source = StoredTables(shop.tables, scanner, {"ledger": "real-ledger"})

    pages = list(source.pages("ledger"))

    assert [row["id"] for page in pages for row in page] == [
        row["id"] for row in shop.tables.all("ledger")
    ]
    assert max(len(page) for page in pages) == 2
    assert all(request["ConsistentRead"] for request in scanner.requests)


def test_neighbours_are_fetched_a_hundred_at_a_time_and_empty_names_never(shop):
    names: list[Name] = [("orders", (SOLD,)), ("orders", ("",))]
    names += [("ledger", (f"commands#{number}",)) for number in range(250)]
    shop.tables.calls.clear()

    found = StoredTables(shop.tables, None, {}).get(names)

    assert set(found) == {("orders", (SOLD,))}
    assert shop.tables.calls == ["get_many"] * 3


def test_kept_promises_end_with_0_and_nothing_is_written(shop, scanner, capsys):
    shop.tables.calls.clear()

    assert main(["audit", "--minutes", "0"]) == 0

    assert "every promise is kept" in capsys.readouterr().out
    assert set(shop.tables.calls) == {"get_many"}


def test_a_broken_promise_ends_with_1_and_is_named(shop, scanner, capsys):
    shop.change("stock", shop.one("stock", sku="jar"), available=-1)

    assert main(["audit", "--minutes", "0", "--json"]) == 1

    found = json.loads(capsys.readouterr().out)
    negative = next(c for c in found["checks"] if c["check"] == "stock is never below zero")
    assert negative["found"] == [{"id": "jar", "says": "available is -1", "attention": False}]


def test_a_store_that_does_not_answer_ends_with_2(scanner, capsys):
    scanner.refuses = True

    assert main(["audit"]) == 2

    assert "cannot read dead_letters" in capsys.readouterr().err
    with pytest.raises(DependencyError):
        list(StoredTables(scanner.shop.tables, scanner, {"orders": "x"}).pages("orders"))


def test_a_stage_that_does_not_exist_ends_with_2(monkeypatch, capsys):
    def nowhere(_options: object) -> None:
        raise ClientError({"Error": {"Code": "ValidationError"}}, "DescribeStacks")

    monkeypatch.setattr(connection, "connect", nowhere)

    assert main(["audit", "--stage", "nowhere"]) == 2

    # A traceback would end with 1, and a script would read it as a broken promise.
    assert "AWS refused DescribeStacks (ValidationError)" in capsys.readouterr().err


@pytest.mark.parametrize("minutes", ["-1", "nan", "inf", "1e3", "1_0", "\u0661", "", "5256001"])
def test_minutes_that_are_none_end_with_2(monkeypatch, capsys, minutes):
    with pytest.raises(SystemExit) as end:
        main(["audit", "--minutes", minutes])

    assert end.value.code == 2
    assert "--minutes" in capsys.readouterr().err


def test_a_long_audit_says_how_far_it_is(scanner, monkeypatch, capsys):
    monkeypatch.setattr("ops.audit.cli._QUIET_SECONDS", 0.0)

    main(["audit"])

    assert ".. ledger: " in capsys.readouterr().err
