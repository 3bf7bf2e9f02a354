"""Durations, booleans and counts, as publishers and destinations write them."""

import pytest

from local.qstash.errors import BadRequestError
from local.qstash.syntax.durations import go_duration_ms, parse_bool, parse_count, parse_duration_ms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50s", 50_000),
        ("3m", 180_000),
        ("1d10h30m", 124_200_000),
        ("1h30m3s", 5_403_000),
        ("250ms", 250),
        ("1.5s", 1_500),
        ("0", 0),
    ],
)
def test_reads_what_publishers_write(text, expected):
    assert parse_duration_ms(text) == expected


@pytest.mark.parametrize("text", ["", "s", "5", "10 s", "1w", "-1s", "5s!", "1s2"])
def test_refuses_what_the_service_refuses(text):
    with pytest.raises(BadRequestError):
        parse_duration_ms(text)


def test_a_bare_number_is_refused_in_the_words_of_the_service():
    with pytest.raises(BadRequestError, match='time: missing unit in duration "100"'):
        parse_duration_ms("100")


@pytest.mark.parametrize(
    ("text", "expected"), [("6m5s", 365_000), ("100ms", 100), ("1d", None), ("x", None)]
)
def test_destinations_speak_go_without_days(text, expected):
    assert go_duration_ms(text) == expected


def test_booleans_include_what_the_python_sdk_sends():
    assert parse_bool("True", name="flag")
    assert not parse_bool("False", name="flag")
    with pytest.raises(BadRequestError, match="flag"):
        parse_bool("yes", name="flag")


@pytest.mark.parametrize("text", ["-1", "1.5", "", "٣", "x"])
def test_counts_are_plain_digits(text):
    with pytest.raises(BadRequestError):
        parse_count(text, name="n")
