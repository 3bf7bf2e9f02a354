"""Cron expressions: when they fire next, in UTC and in zones that change their clocks."""

from datetime import UTC, datetime

import pytest

from local.qstash.errors import BadRequestError
from local.qstash.syntax.cron import parse_cron


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        ("* * * * *", "2026-11-23T10:00:30", "2026-11-23T10:01:00"),
        ("* * * * *", "2026-11-23T10:00:00", "2026-11-23T10:01:00"),
        ("*/15 * * * *", "2026-11-23T10:46:00", "2026-11-23T11:00:00"),
        ("5/20 * * * *", "2026-11-23T10:06:00", "2026-11-23T10:25:00"),
        ("0 9-17/4 * * *", "2026-11-23T10:00:00", "2026-11-23T13:00:00"),
        ("1 1 1 1 1", "2026-11-23T10:00:00", "2027-01-01T01:01:00"),
        ("0 0 29 2 *", "2026-11-23T10:00:00", "2028-02-29T00:00:00"),
        ("0 12 * * mon-fri", "2026-11-27T13:00:00", "2026-11-30T12:00:00"),
        ("0 12 * * 7", "2026-11-23T10:00:00", "2026-11-29T12:00:00"),
        ("0 0 1 jan,JUL ?", "2026-11-23T10:00:00", "2027-01-01T00:00:00"),
        ("CRON_TZ=Europe/Berlin 0 9 * * *", "2026-07-01T00:00:00", "2026-07-01T07:00:00"),
        # 02:30 does not exist on 2026-03-29 in Berlin, and exists twice on 2026-10-25.
        ("CRON_TZ=Europe/Berlin 30 2 * * *", "2026-03-28T12:00:00", "2026-03-30T00:30:00"),
        ("CRON_TZ=Europe/Berlin 30 2 25 10 *", "2026-10-24T12:00:00", "2026-10-25T00:30:00"),
    ],
)
def test_next_minute_that_matches(cron, after, expected):
    assert parse_cron(cron).next_after(_ms(after)) == _ms(expected)


def test_a_date_that_never_comes_never_fires():
    assert parse_cron("0 0 31 2 *").next_after(_ms("2026-11-23T10:00:00")) is None


@pytest.mark.parametrize(
    "cron",
    ["", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *",
     "*/0 * * * *", "*/ * * * *", "a * * * *", "1,,2 * * * *", "CRON_TZ=Mars/Olympus * * * * *", "-1 * * * *"],
)  # fmt: skip
def test_refuses_what_is_no_cron_expression(cron):
    with pytest.raises(BadRequestError, match="cron"):
        parse_cron(cron)
