"""Stored text on a terminal: nothing is obeyed, nothing is invisible, columns line up."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commandline.text import as_json, cut, harmless, harmless_lines, padded, width
from ops.core.terminal import table


@pytest.mark.parametrize(
    ("trick", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("\x9b2J", r"\x9b2J"),
        ("a\r\nb\tc", r"a\x0d\x0ab\x09c"),
        ("\u202etxt.exe", r"\u202etxt.exe"),
        ("\u2066\u200f", r"\u2066\u200f"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\ufeff\u00ad", r"\ufeff\xad"),
        ("filler\u3164\u115f\u2800", r"filler\u3164\u115f\u2800"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("variation\ufe0f", r"variation\ufe0f"),
        ("\udce9", r"\udce9"),
        ("Müg ☕ 茶 مرحبا", "Müg ☕ 茶 مرحبا"),
    ],
)
def test_what_a_terminal_would_obey_or_hide_is_written_out(trick, shown):
    assert harmless(trick) == shown


@given(st.text())
def test_harmless_text_is_one_line_that_holds_still(text):
    shown = harmless(text)

    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(c)[0] for c in shown} & {"C"}
    assert harmless(shown) == shown


def test_lines_stay_lines():
    assert harmless_lines("a\n\tb\x1b") == "a\n        b\\x1b"


@given(st.text(max_size=30).map(harmless), st.integers(1, 40))
def test_what_is_cut_fits_and_what_fits_is_whole(text, columns):
    assert width(cut(text, columns)) <= columns
    assert cut(text, width(text)) == text
    assert width(padded(cut(text, columns), columns)) == columns


def test_wide_characters_keep_the_columns_of_a_table_in_line():
    rows = [("茶碗", "a"), ("Mug", "b"), ("e\u0301te\u0301", "c"), ("\u202e", "d")]

    # A terminal shows 茶碗 in four columns, and e\u0301 in one.
    assert table(("name", "x"), rows).splitlines()[1:] == [
        "──────  ─",
        "茶碗    a",
        "Mug     b",
        "e\u0301te\u0301     c",
        "\\u202e  d",
    ]


def test_json_is_ascii_without_a_control_character_and_means_the_same():
    values = {"name": "\x7f\x1b\u202e\x00é"}

    shown = as_json(values)

    assert shown.isascii()
    assert shown.isprintable()
    assert json.loads(shown) == values
