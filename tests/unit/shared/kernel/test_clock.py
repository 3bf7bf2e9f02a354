"""Times as text, and deadlines that count down."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.clock import TIME_RULE, Deadline, SystemClock, iso, moment_of
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


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01t12:00:00z", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01 12:00:00Z", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01T13:00:00+01:00", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01T06:30:00-05:30", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01T12:00:00-00:00", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01T12:00Z", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01T13:00+01:00", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01T12:00:00.5Z", "2026-03-01T12:00:00.500000+00:00"),
        ("2026-03-01T12:00:00.123456789Z", "2026-03-01T12:00:00.123456+00:00"),
        ("2026-03-01T12:00:00.999999999999999Z", "2026-03-01T12:00:00.999999+00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00"),
        ("2016-12-31T23:59:60.25Z", "2017-01-01T00:00:00.250000+00:00"),
        ("2017-01-01T05:29:60+05:30", "2017-01-01T00:00:00+00:00"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00+00:00"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"),
        ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999000+00:00"),
    ],
)
def test_a_time_is_read_by_its_value_however_it_is_spelled(text, moment):
    """RFC 3339, as JavaScript, Go, Java and .NET write it; nought values of theirs among them."""
    assert moment_of(text).isoformat() == moment
    assert moment_of(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T12:00:00",
        "2026-03-01T12Z",
        "2026-03-01",
        "2026-03-01T24:00:00Z",
        "2026-03-01T12:60:00Z",
        "2026-03-01T12:00:61Z",
        "2026-03-01T12:00:60Z",
        "2026-03-01T23:59:60Z",
        "2016-12-31T23:59:60+01:00",
        "2026-02-29T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-W09-7T12:00:00Z",
        "2026-W01-1",
        "2026-060T12:00:00Z",
        "20260301T120000Z",
        "20260131",
        "2026-03-01T12:00:00+0100",
        "2026-03-01T12:00:00+01",
        "2026-03-01T12:00:00+24:00",
        "2026-03-01T12:00:00+01:60",
        "2026-03-01T12:00:00+01:00:30",
        "2026-03-01T12:00:00,5Z",
        "2026-03-01T12:00:00.Z",
        "2026-03-01T12:00:00.1234567890123456Z",
        "2026-03-01_12:00:00Z",
        "2026-03-01T12:00:00Z\n",
        " 2026-03-01T12:00:00Z",
        "2026-03-01T12:00:00 Z",
        "\u0662\u0660\u0662\u0666-03-01T12:00:00Z",
        "+02026-03-01T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:60Z",
        "9999-12-31T23:59:59-01:00",
        "Sun, 01 Mar 2026 12:00:00 GMT",
        "1772366400",
        "",
    ],
)
def test_what_is_no_time_of_rfc_3339_is_refused(text):
    with pytest.raises(ValueError, match=TIME_RULE):
        moment_of(text)


@given(st.datetimes(timezones=st.timezones(), min_value=datetime(1950, 1, 1)))  # noqa: DTZ001
def test_whatever_python_writes_with_whole_minutes_of_offset_is_read_as_that(moment):
    text = moment.isoformat(timespec="microseconds")

    if len(text) == len("2026-03-01T12:00:00.000000+00:00"):
        assert moment_of(text) == datetime.fromisoformat(text)


@given(st.text(st.sampled_from("0123456789-:.TtZz+ W\n\u0661"), max_size=40) | st.text(max_size=40))
def test_any_text_is_a_moment_in_utc_or_breaks_the_rule(text):
    try:
        moment = moment_of(text)
    except ValueError:
        with pytest.raises(ValueError, match=f"^{TIME_RULE}$"):
            moment_of(text)
        return
    assert moment.utcoffset() == timedelta(0)


def test_deadline_counts_down():
    clock = ManualClock()
    deadline = Deadline.after(clock, 5)

    clock.advance(3)

    assert deadline.remaining() == 2


def test_system_clock_is_aware_and_never_goes_back():
    clock = SystemClock()

    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()
