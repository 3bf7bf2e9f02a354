"""Times as text, and deadlines that count down."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from shared.clock import Deadline, SystemClock, iso
from tests.fakes.clock import ManualClock

moments = st.floats(0, 32_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def test_iso_is_utc_with_milliseconds_and_z():
    moment = datetime(2026, 3, 1, 13, 0, 0, 7_999, tzinfo=timezone(timedelta(hours=1)))

    assert iso(moment) == "2026-03-01T12:00:00.007Z"


@given(moments, moments)
def test_text_order_is_time_order(left, right):
    def milliseconds(moment: datetime) -> datetime:
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    assert (iso(left) < iso(right)) is (milliseconds(left) < milliseconds(right))


@given(moments)
def test_iso_is_read_back_to_the_millisecond(moment):
    assert timedelta(0) <= moment - datetime.fromisoformat(iso(moment)) < timedelta(milliseconds=1)


def test_deadline_counts_down():
    clock = ManualClock()
    deadline = Deadline.after(clock, 5)

    clock.advance(3)

    assert deadline.remaining() == 2


def test_system_clock_is_aware_and_never_goes_back():
    clock = SystemClock()

    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()
