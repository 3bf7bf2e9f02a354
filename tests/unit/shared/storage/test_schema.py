"""What the tables' schema promises to those who spread items over it."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from shared.storage.schema import PENDING_SHARDS, TABLES, shard_of

ROOT = Path(__file__).resolve().parents[4]


@given(st.text(max_size=50))
def test_every_key_has_one_of_the_few_shards_and_always_the_same(text):
    assert shard_of(text) in {str(shard) for shard in range(PENDING_SHARDS)}
    assert shard_of(text) == shard_of(text)


def test_every_index_has_a_reader():
    """An index that no program reads costs a write with every item."""
    readers = [
        path.read_text(encoding="utf-8")
        for folder in ("functions", "ops", "shared")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "schema.py"
    ]
    unread = [
        f"{table.name}.{index.name}"
        for table in TABLES.values()
        for index in table.indexes
        if not any(
            f'"{index.name}"' in text and f"{table.name.upper()}" in text for text in readers
        )
    ]

    assert unread == []
