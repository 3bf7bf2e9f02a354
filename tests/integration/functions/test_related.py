"""All rows with one key, of a table and of an index, read page by page from real tables."""

import pytest

from ops.core.table_reader import StoredTables
from shared.storage.writes import Put
from tests.integration.functions.world import World

ROWS = 450


@pytest.mark.parametrize(
    ("value", "index"), [("user#user-1", None), ("user-1", "byUser")], ids=["table", "index"]
)
def test_every_row_of_a_key_is_read_and_no_other(world: World, value: str, index: str | None):
    for user in ("user-1", "user-2"):
        entries = [
            {"entity": f"user#{user}", "entryId": f"{number:04}", "userId": user}
            for number in range(ROWS)
        ]
        for start in range(0, ROWS, 90):
            world.tables.transact([Put("audit", row) for row in entries[start : start + 90]])
    source = StoredTables(world.tables, world.client, world.names)

    pages = list(source.related("audit", value, index))

    assert [row["entryId"] for page in pages for row in page] == [f"{n:04}" for n in range(ROWS)]
    assert {row["userId"] for page in pages for row in page} == {"user-1"}
    assert len(pages) >= 3
