"""Who decides how long to wait: the destination, then the publisher, then the service's own curve."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.qstash.model.backoff import (
    Pace,
    default_backoff_ms,
    destination_delay_ms,
    retry_delay_ms,
)
from local.qstash.syntax.durations import DAY_MS
from local.qstash.syntax.headers import HeaderMap

NOW = 1_795_000_000_000


def test_default_curve_is_the_documented_one():
    seconds = [default_backoff_ms(n) // 1000 for n in range(1, 7)]

    assert seconds == [12, 148, 1808, 22026, 86400, 86400]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Retry-After", "5", 5_000),
        ("Retry-After", "0", 0),
        ("Retry-After", "0.5", 500),
        ("X-Ratelimit-Reset", "6m5s", 365_000),
        ("X-Ratelimit-Reset-Requests", "30", 30_000),
        ("X-Ratelimit-Reset-Tokens", "100ms", 100),
        ("Retry-After", "Wed, 18 Nov 2026 11:07:10 GMT", 30_000),
        ("Retry-After", "Wed, 18 Nov 2020 11:07:10 GMT", 0),
        ("Retry-After", "86401", None),
        ("X-Ratelimit-Reset", "1795000000", None),
        ("Retry-After", "soon", None),
        ("Retry-After", "someday, maybe", None),
        ("Retry-After", "-1", None),
        ("Retry-After", "Mon, 01 Jan 2024 00:00:00 +99999999999999999999", None),
        ("Retry-After", "Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("Retry-After", "inf", None),
        ("Retry-After", "nan", None),
        ("Retry-After", "", None),
    ],
)
def test_destination_may_ask_for_a_delay_of_at_most_a_day(name, value, expected):
    assert destination_delay_ms({name: [value]}, now_ms=NOW) == expected


@given(
    st.text(st.characters(max_codepoint=255), max_size=30)
    | st.builds(
        "Mon, {} {} {} {}:{}:00 {}".format,
        st.integers(0, 40), st.sampled_from(["Jan", "Feb", "Foo"]), st.integers(0, 10**6), st.integers(0, 99),
        st.integers(0, 99), st.sampled_from(["GMT", "-0000", "+9999", "-2359", "EST", "x", "+" + "9" * 20]),
    )
)  # fmt: skip
def test_whatever_a_destination_asks_for_is_a_delay_or_nothing(text):
    delay = destination_delay_ms({"Retry-After": [text]}, now_ms=NOW)

    assert delay is None or 0 <= delay <= DAY_MS


def test_retry_after_beats_the_expression_which_beats_the_default():
    def chosen(expression: str | None, headers: HeaderMap) -> int:
        return retry_delay_ms(
            retried=0, expression=expression, response_headers=headers, now_ms=NOW, pace=Pace()
        )

    assert chosen("1000", {"Retry-After": ["2"]}) == 2000
    assert chosen("1000", {}) == 1000
    assert chosen(None, {}) == default_backoff_ms(1)
    assert chosen("1000", {"Retry-After": [str(DAY_MS)]}) == 1000


def test_pace_shortens_everything_but_the_destinations_own_wish():
    def chosen(expression: str | None, headers: HeaderMap) -> int:
        return retry_delay_ms(
            retried=0, expression=expression, response_headers=headers, now_ms=NOW, pace=Pace(0.01)
        )

    assert chosen("1000", {}) == 10
    assert chosen(None, {}) == 122
    assert chosen(None, {"Retry-After": ["2"]}) == 2000
