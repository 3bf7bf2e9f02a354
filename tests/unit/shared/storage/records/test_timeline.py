"""What the owner of timelines promises: an entry is read back as it was written, with what it tells."""

from hypothesis import given
from hypothesis import strategies as st

from shared.storage.records.timeline import Timeline, TimelineEntry
from tests.unit.shared.storage.records.rows import ENTRIES, TIMELINES


@given(ENTRIES)
def test_an_entry_is_read_back_as_it_was_written(entry):
    assert TimelineEntry.from_item(entry.to_item()) == entry


@given(TIMELINES)
def test_a_timeline_is_read_back_as_it_was_written(timeline):
    assert Timeline.from_item(timeline.to_item()) == timeline


@given(st.lists(ENTRIES, min_size=1, max_size=4).map(tuple))
def test_a_row_from_before_timelines_were_counted_keeps_its_entries(entries):
    item = Timeline(first=entries).to_item()

    assert set(item) == {"timeline"}
    assert Timeline.from_item(item) == Timeline(first=entries, count=None)
    assert Timeline.from_item({}) == Timeline()
