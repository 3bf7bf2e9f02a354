"""What counts as text: something to see, in the order it is written, on one line."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.contracts.catalog import models
from shared.contracts.commands import CheckoutPayload
from shared.contracts.envelope import validated
from shared.kernel.errors import InvalidInputError
from shared.kernel.text import (
    CONTROL_RULE,
    DIRECTION_RULE,
    EDGE,
    LINE_PATTERN,
    LINE_RULE,
    LINES_PATTERN,
    VISIBLE_RULE,
    folded,
    is_line,
    is_visible,
    line,
    one_line,
    trimmed,
    typed_line,
    visible,
)
from tests.builders import checkout_payload

NOTHING_TO_SEE = {
    "blank": " ",
    "blanks": "   ",
    "no-break space": "\u00a0",
    "ideographic space": "\u3000",
    "zero width space": "\u200b",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "joiners": "\u200c\u200d",
    "soft hyphen": "\u00ad",
    "marks of direction": "\u200e\u200f\u061c",
    "Hangul fillers": "\u115f\u1160\u3164\uffa0",
    "Braille blank": "\u2800",
    "Khmer inherent vowels": "\u17b4\u17b5",
    "Mongolian separator": "\u180e",
    "combining accents": "\u0301\u0308",
    "Hebrew points": "\u05b0",
    "Arabic marks": "\u064b",
    "Devanagari vowel sign": "\u093e",
    "variation selectors": "\ufe0f\U000e0100",
    "tags": "\U000e0041\U000e007f",
    "no characters": "\ufffe\uffff\ufdd0\U0001ffff",
    "invisible operators": "\u2062\u2064",
    "musical formatting": "\U0001d173",
    "null notehead": "\U0001d159",
    "a mixture": " \u200b\u0301\u3164\U000e0020 ",
}
NAMES = [
    "Ada Lovelace",
    "Þórður Ægisson",
    "Nguyễn Thị Minh Khai",
    "Nguye\u0302\u0303n",  # with combining marks
    "محمد علی\u200cزاده",  # noqa: RUF001 - ZWNJ, as Persian is spelled
    "क्\u200dष",  # ZWJ, as Indic scripts are
    "\u200fשרה כהן",
    "山田 太郎",
    "김철수",
    "👩\u200d💻",
    "\ue000",  # private use: somebody's own character
    "\U000323b0",  # newer than our tables, perhaps
    "?",
    "X Æ A-12",
]


@pytest.mark.parametrize("text", NOTHING_TO_SEE.values(), ids=NOTHING_TO_SEE.keys())
@pytest.mark.parametrize("rule", [line, typed_line, folded, visible])
def test_text_that_shows_nothing_is_refused(rule, text):
    with pytest.raises(ValueError, match=VISIBLE_RULE):
        rule(text)

    assert not is_visible(text)
    assert one_line(text, 10) == "-"


@pytest.mark.parametrize("text", NAMES)
@pytest.mark.parametrize("rule", [line, typed_line, folded, visible])
def test_a_name_of_any_script_is_kept_as_it_is(rule, text):
    assert rule(text) == text
    assert re.search(LINE_PATTERN, text)
    assert re.search(LINES_PATTERN, text)


@pytest.mark.parametrize(
    "override", [*"\u202a\u202b\u202c\u202d\u202e", *"\u2066\u2067\u2068\u2069"]
)
@pytest.mark.parametrize("rule", [line, typed_line, folded])
def test_what_makes_a_line_read_otherwise_is_refused_by_its_name(rule, override):
    with pytest.raises(ValueError, match=DIRECTION_RULE):
        rule(f"Ada{override}ecalevoL")

    assert not is_line(f"Ada{override}x")
    assert one_line(f"Ada{override}x", 9) == "Ada x"


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\tb", "a\x00b", "a\x7f", "a\x85b", "a\u2028b"])
def test_a_line_has_no_breaks_and_no_controls(text):
    for rule in (line, typed_line):
        with pytest.raises(ValueError, match=LINE_RULE):
            rule(text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("12 St James Square\nLondon", "12 St James Square, London"),
        ("12 St James Square,\r\nLondon\r\n", "12 St James Square, London"),
        ("12 St James Square \n\n\n London ", "12 St James Square, London"),
        ("\n12 St James Square\u2028London\u2029SW1", "12 St James Square, London, SW1"),
        ("12 St James Square\x85London", "12 St James Square, London"),
        ("12\tSt James Square\rLondon,", "12 St James Square, London,"),
        ("12 St James Square\n\u200b\nLondon", "12 St James Square, London"),
        ("12 St James Square, London", "12 St James Square, London"),
        ("千代田区\n丸の内", "千代田区, 丸の内"),
    ],
)
def test_several_typed_lines_become_one(typed, kept):
    assert folded(typed) == kept
    assert folded(kept) == kept


@pytest.mark.parametrize("text", ["a\x00b", "a\x0bb", "a\x1b[31mb", "a\x7fb", "a\x9fb"])
def test_controls_are_refused_even_where_lines_are_folded(text):
    with pytest.raises(ValueError, match=CONTROL_RULE):
        folded(text)


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u3000", "\u200b", "\ufeff"])
def test_blanks_around_what_a_person_typed_are_dropped(blank):
    payload = checkout_payload(
        customerName=f"{blank}Ada{blank}",
        customerAddress=f"{blank}1 Street{blank}\n{blank}Town{blank}",
        customerEmail=f"ada@example.com{blank}",
    )

    read = validated(CheckoutPayload, payload)

    assert read.customer_name == "Ada"
    assert read.customer_address == "1 Street, Town"
    assert read.customer_email == "ada@example.com"


def test_length_is_counted_once_the_lines_are_folded():
    fits = "x" * 249 + "\r\n" + "y" * 249

    assert validated(CheckoutPayload, checkout_payload(customerAddress=fits)).customer_address == (
        "x" * 249 + ", " + "y" * 249
    )
    with pytest.raises(InvalidInputError, match="must have at most 500 characters"):
        validated(CheckoutPayload, checkout_payload(customerAddress=f"{fits}z"))


texts = st.text(
    st.characters(exclude_categories=["Cs"])
    | st.sampled_from([*" \n\r\t\u200b\u3164\u202e\u0301\ufeff\u2028\x85,", "\U000e0041"]),
    max_size=30,
)


@given(texts)
@example("\u0301")
def test_the_documented_pattern_forbids_nothing_that_is_taken(text):
    if is_line(text):
        assert re.search(LINE_PATTERN, text)
    try:
        folded(text)
    except ValueError:
        return
    assert text == "" or re.search(LINES_PATTERN, text)


@given(texts)
def test_what_the_pattern_allows_and_we_refuse_is_marks_without_a_base_alone(text):
    """A schema cannot name the combining marks of every script; everything else it says."""
    if re.fullmatch(LINE_PATTERN, text) and not is_line(text):
        assert not any(
            unicodedata.category(c)[0] in "LNPS"
            and c not in "\u115f\u1160\u3164\uffa0\u2800\U0001d159"
            for c in text
        )


@given(texts)
def test_folding_twice_is_folding_once_and_leaves_one_line(text):
    try:
        once = folded(text)
    except ValueError:
        return
    assert folded(once) == once
    assert once == "" or is_line(once)


@given(texts, st.integers(1, 40))
def test_our_own_text_always_becomes_a_line(text, most):
    assert is_line(one_line(text, most))
    assert len(one_line(text, most)) <= most


def test_an_endless_text_is_looked_through_in_a_moment():
    """Each rule runs over a text before its length does."""
    for text in (" " * 300_000, "\u0301" * 300_000, "\n" * 300_000, ", \n" * 100_000):
        assert is_visible(text) is ("," in text)
        assert not is_line(text) or "\n" not in text


def test_every_text_of_every_event_has_a_rule():
    """No field of the contract is text of any kind whatever."""
    loose = {
        (event_type, name)
        for event_type, model in models().items()
        for name, info in model.model_fields["payload"].annotation.model_fields.items()  # type: ignore[union-attr]
        if info.annotation in {str, str | None} and not info.metadata
    }

    assert loose == set()


def test_the_blanks_that_are_dropped_are_those_that_the_document_allows():
    edge = re.compile(f"[{EDGE}]")

    assert {chr(c) for c in range(0x110000) if edge.match(chr(c))} == {
        chr(c) for c in range(0x110000) if trimmed(chr(c)) == ""
    }
