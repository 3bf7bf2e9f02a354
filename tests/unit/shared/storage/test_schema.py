"""What the tables' schema promises to those who spread items over it."""

from hypothesis import given
from hypothesis import strategies as st

from shared.storage.schema import PENDING_SHARDS, shard_of


@given(st.text(max_size=50))
def test_every_key_has_one_of_the_few_shards_and_always_the_same(text):
    assert shard_of(text) in {str(shard) for shard in range(PENDING_SHARDS)}
    assert shard_of(text) == shard_of(text)
