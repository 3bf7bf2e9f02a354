# ruff: noqa: RUF001 - letters of many scripts are the point
"""Nothing invisible reaches a reader, and no name loses what its script needs."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.legible import legible, legible_lines

# Names as their owners write them; joiners are part of the last five.
NAMES = [
    "Ada Example",
    "Zoë Ångström-O’Neil",
    "Nguyễn Thị Hạnh",
    "محمد بن عبد الله",
    "שָׁלוֹם כֹּהֵן",
    "दीपिका शर्मा",
    "ஸ்ரீராம்",
    "山田 太郎",
    "김민준",
    "ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ᠌",
    "علی\u200cرضا می\u200cخواهد",
    "क्\u200dषमा",
    "ശ്രീജിത്ത് അവന്\u200d",
    "ක්\u200dරිස්ටෝෆර්",
    "👩\u200d👩\u200d👧 & ❤️\u200d🔥",
]
HIDDEN = [
    *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200e\u200f\u061c\ufeff",
    *"\u034f\u2800\U000e0080\U000e01f0\ufdd0\ufffe\U0001d173\U0001bca0",
    *"\u2060\u2061\u2062\u2063\u2064\u206a\u206f\u00ad\u180e\u115f\u3164\uffa0\ufff9\U000e0041",
]


@pytest.mark.parametrize("name", NAMES)
def test_name_stays_as_its_owner_writes_it(name):
    assert legible(name) == name
    assert legible_lines(name) == name


@pytest.mark.parametrize("character", HIDDEN, ids=lambda c: f"U+{ord(c):04X}")
def test_what_cannot_be_seen_is_taken_out(character):
    assert legible(f"invoice{character}gpj.exe") == "invoicegpj.exe"
    assert legible_lines(f"{character}a\n{character}") == "a\n"


@pytest.mark.parametrize("private", ["\ue000", "\uf8ff", "\U000f0000", "\U0010fffd"])
def test_what_every_font_draws_as_it_likes_is_taken_out(private):
    assert legible(f"Ada {private}Bank") == "Ada Bank"


@pytest.mark.parametrize("selector", ["\ufe0f", "\ufe00", "\U000e0100", "\u180b"])
def test_a_selector_has_one_place_behind_a_character(selector):
    assert legible(f"\u845b{selector}") == f"\u845b{selector}"
    assert legible(f"\u845b{selector * 9}") == f"\u845b{selector}"
    assert legible(f"{selector}Ada {selector}B") == "Ada B"


@pytest.mark.parametrize("accents", ["\u0301", "\u0323\u0302\u0301", "\u0300\u0301\u0302\u0303"])
def test_accents_that_a_language_has_stay_and_a_heap_of_them_does_not(accents):
    assert legible(f"e{accents}") == f"e{accents}"
    assert len(legible(f"e{accents * 40}")) == 5


@pytest.mark.parametrize("joiner", ["\u200c", "\u200d"])
@pytest.mark.parametrize("text", ["pay{}pal", "{}Ada", "Ada {}", "1{}2", "م{}{}ن"])
def test_joiner_that_joins_nothing_is_taken_out(joiner, text):
    kept = 1 if text.startswith("م") else 0

    assert legible(text.format(joiner, joiner)).count(joiner) == kept


@pytest.mark.parametrize("control", ["\x00", "\x1b", "\r\n", "\t", "\x85", "\x9b", "\u2028"])
def test_break_or_control_character_is_a_blank(control):
    assert legible(f"Ada{control}Total: 0.00") == "Ada Total: 0.00"


def test_text_of_several_lines_keeps_its_lines_and_nothing_else():
    assert legible_lines("one\r\ntwo\rthree\n\x07four\x85five") == "one\ntwo\nthree\n four five"


@given(st.text(max_size=80))
def test_no_text_keeps_a_turn_of_direction_or_a_control_character(text):
    shown = legible(text)

    assert not any(unicodedata.category(c) == "Cc" for c in shown)
    turns = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert not any(unicodedata.bidirectional(c) in turns for c in shown)
    assert legible(shown) == shown


@given(
    st.text(st.sampled_from("eم \u0301\u200d\u200c\ufe0f\U000e0100\u202e\ue000❤\n"), max_size=16)
)
def test_taking_out_twice_is_taking_out_once(text):
    assert legible(legible(text)) == legible(text)
    assert legible_lines(legible_lines(text)) == legible_lines(text)
