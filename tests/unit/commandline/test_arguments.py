"""Numbers are ASCII digits in a range, whatever Python would read as one."""

import argparse
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commandline.arguments import Parser, check_text, number, whole

NO_NUMBERS = [
    *["", " ", " 5 ", "5 ", "5\n", "1_0", "1e3", "0x10", "nan", "-nan", "inf", "Infinity", "five"],
    *["\u0661\u0662", "\uff15", "\u00b2", "1,5", "1.", ".5", "--5", "9" * 30, "9" * 5000],
]


@pytest.mark.parametrize("text", [*NO_NUMBERS, "+5", "5.0", "-1", "101"])
def test_a_whole_number_is_refused_with_its_rule(text):
    with pytest.raises(argparse.ArgumentTypeError, match="whole number from 0 to 100"):
        whole(0, 100)(text)


@pytest.mark.parametrize("text", [*NO_NUMBERS, "+5", "-0.5", "-1", "100.01"])
def test_a_decimal_number_is_refused_with_its_rule(text):
    with pytest.raises(argparse.ArgumentTypeError, match="number from 0 to 100 such as 50"):
        number(0, 100)(text)


@given(st.integers(-1000, 1000))
def test_every_number_in_the_range_is_read_as_it_is_written(value):
    assert whole(-1000, 1000)(str(value)) == value
    assert whole(-1000, 1000, signed=True)(f"{value:+d}") == value
    assert number(0, 1000)(f"{abs(value) / 8:f}") == abs(value) / 8


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_a_sign_allows_nothing_else(text):
    with pytest.raises(argparse.ArgumentTypeError):
        whole(-100, 100, signed=True)(text)


def test_arguments_that_are_no_text_are_named_and_files_may_be_called_anything(capsys):
    parser = Parser()
    check_text(argparse.Namespace(file=Path("caf\udce9"), names=["a", "b"], n=1), parser)

    for options in ({"tracking_number": "caf\udce9"}, {"tracking_number": ["a", "\udce9"]}):
        with pytest.raises(SystemExit) as end:
            check_text(argparse.Namespace(**options), parser)
        assert end.value.code == 2
        assert r"tracking number: must be UTF-8 text" in capsys.readouterr().err


def test_an_error_obeys_nothing_that_was_typed(capsys):
    with pytest.raises(SystemExit):
        Parser().parse_args(["\x1b[2J\u202e"])

    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert r"\x1b[2J\u202e" in said
