"""The retry-delay language: what it computes, what it refuses, and that nothing in it can hurt the server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.qstash.errors import BadRequestError
from local.qstash.syntax.durations import DAY_MS
from local.qstash.syntax.retry_expression import parse_retry_expression


@pytest.mark.parametrize(
    ("text", "delays"),
    [
        ("1000", [1000, 1000, 1000]),
        ("1000 * (1 + retried)", [1000, 2000, 3000]),
        ("min(300000, 1000 * pow(2, retried))", [1000, 2000, 4000]),
        ("7000 * retried", [0, 7000, 14000]),
        ("max(10, pow(2, retried))", [10, 10, 10]),
        ("exp(0) + sqrt(16) + abs(0-3)", [8, 8, 8]),
        ("floor(1.9) + ceil(1.1) + round(2.5)", [6, 6, 6]),
        ("-5 + 10", [5, 5, 5]),
        ("2 - 1 - 1", [0, 0, 0]),
        ("100 / 4 / 5", [5, 5, 5]),
        ("1e3 + .5 * 2", [1001, 1001, 1001]),
        ("10 % 4", [2, 2, 2]),
    ],
)
def test_computes_milliseconds_from_the_number_of_retries_made(text, delays):
    expression = parse_retry_expression(text)

    assert [expression.delay_ms(retried) for retried in range(3)] == delays


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 - 1000", 0),
        ("1 / 0", DAY_MS),
        ("0 / 0", 0),
        ("sqrt(0 - 1)", 0),
        ("exp(10000)", DAY_MS),
        ("pow(10, 400)", DAY_MS),
        ("pow(0 - 8, 0.5)", 0),
        ("pow(0, 0-1)", 0),
        ("floor(1 / 0)", DAY_MS),
        ("1 % 0", 0),
    ],
)
def test_results_are_clamped_between_nothing_and_a_day(text, expected):
    assert parse_retry_expression(text).delay_ms(0) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "1 +", "1 2", "(1", "1)", "pow(1)", "pow(1, 2, 3)", "sqrt()", "retries", "pow", "1000ms", "2 ^ 3",
        "__import__('os')", "retried.__class__", "exp(1", "1,2", "1_000", "2**3", "x" * 501, "(" * 400, "-" * 400,
    ],
)  # fmt: skip
def test_refuses_everything_outside_the_language(text):
    with pytest.raises(BadRequestError):
        parse_retry_expression(text)


@given(st.text(alphabet="0123456789.+-*/%(), eretidpowmaxns", max_size=60), st.integers(0, 5))
def test_any_text_is_either_refused_or_yields_a_delay(text, retried):
    try:
        expression = parse_retry_expression(text)
    except BadRequestError:
        return

    assert 0 <= expression.delay_ms(retried) <= DAY_MS
