"""Rows of any content, for the tests of their owners."""

from decimal import Decimal

from hypothesis import strategies as st

from shared.storage.records.timeline import Timeline, TimelineEntry
from tests.builders import MOMENT

LATER = "2026-03-01T13:00:00.000Z"
TEXTS = st.text("abcxyz012", min_size=1, max_size=9)
MOMENTS = st.sampled_from([MOMENT, LATER])
MONEY = st.integers(1, 10**7).map(lambda cents: Decimal(cents) / 100)
ENTRIES = st.builds(
    TimelineEntry,
    at=MOMENTS,
    event_type=TEXTS,
    event_id=TEXTS,
    verdict=TEXTS,
    facts=st.dictionaries(st.sampled_from(["carrier", "reason", "cancelledBy"]), TEXTS),
)
TIMELINES = st.builds(
    Timeline,
    first=st.lists(ENTRIES, max_size=3).map(tuple),
    newest=st.lists(ENTRIES, max_size=3).map(tuple),
    count=st.none() | st.integers(0, 99),
)
