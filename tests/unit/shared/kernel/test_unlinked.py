"""What a stranger wrote becomes no link in a mail of ours, and what people are called stays (S41)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.legible import legible
from shared.kernel.unlinked import holds_link, shortened, unlinked

# As generous as a mail program that wants to please: a scheme, an address, or a domain by its form.
LINK = re.compile(
    r"[a-z][a-z0-9+.-]*:\S|\S@\S|(?<![\w])(?:[^\W_](?:[\w-]*[^\W_])?[.\u3002\uff0e\uff61])+[^\W\d_]{2,}"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b",
    re.IGNORECASE,
)
PEOPLE = [
    "Ada Lovelace",
    "J.R.R. Tolkien",
    "Müller-Lüdenscheidt GmbH & Co. KG",
    "Jean-Luc d'Arc",
    "O'Brien",
    "مریم میرزاخانی",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "דוד בן־גוריון",
    "山田太郎",
    "नरेंद्र",
    "Nguyễn Thị Minh Khai",
    "St. John-Smith, Jr.",
    "Mr. T",
    "X Æ A-12",
    "Dr. No",
    "Martin Luther King Jr.",
    "Maria 3.0",
]
STRANGERS = [
    "http://evil.example now",
    "visit www.evil.example",
    "WWW.EVIL.EXAMPLE",
    "evil.example/win",
    "https:evil.example",
    "a@evil.example",
    "Ada, see evil.com",
    "evil\u3002example",
    "evil\uff0eexample",
    "mailto:a@b.example",
    "javascript:alert(1)",
    "tel:+49301234567",
    "http://1.2.3.4/x",
    "go to 203.0.113.7 now",
    "xn--e1awd7f.com",
    "пример.рф",
    "http\uff1a//evil.example",
    "a\uff20evil.example",
    "evil.example.",
    "(evil.example)",
    "1.evil.example",
    "evil\u2024com",
    "i\u2764.ws",
    "a.:9",
]
# Top-level domains that exist, one of each kind of script, as letters and as letters with marks.
TOPS = [
    "com",
    "example",
    "xn--p1ai",
    "рф",
    "ไทย",
    "भारत",
    "ಭಾರತ",
    "ලංකා",
    "بھارت",
    "中国",
    "みんな",
    "e\u0301xa",
]


@pytest.mark.parametrize("name", PEOPLE)
def test_what_people_are_called_stays_as_it_is_and_is_taken(name):
    assert unlinked(name) == name
    assert not holds_link(name)


@pytest.mark.parametrize("text", STRANGERS)
def test_a_link_is_taken_apart(text):
    assert LINK.search(unlinked(text)) is None, unlinked(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://evil.example",
        "http:evil.example",
        "mailto:a",
        "www.evil.example",
        "evil.example/x",
        "evil.example?x=1",
        "evil.example#x",
        "evil.example:8080",
        "a@evil.example",
        "ftp://x",
    ],
)
def test_an_address_is_recognised_as_no_name(text):
    assert holds_link(text)
    assert holds_link(f"Ada {text} Lovelace")


@given(st.text(st.sampled_from("aZ9é.:/@-_ \u3002\uff0e\uff57w+()?#&\u200c\u5c71"), max_size=40))
def test_nothing_stays_a_link_and_doing_it_again_changes_nothing(text):
    once = unlinked(text)

    assert LINK.search(once) is None, once
    assert unlinked(once) == once


@given(
    st.text(st.characters(categories=("L", "M", "Nd", "So")), min_size=1, max_size=6),
    st.sampled_from(".\u2024\u3002\ufe52\uff0e\uff61"),
    st.sampled_from(TOPS),
    st.sampled_from(["", " ", "Ada ", "(", "1.", "http://", "x@"]),
    st.sampled_from(["", " ", ".", "/x", ":80", "?a=1", ")", "\u200c"]),
)
def test_no_domain_of_any_script_stays_whole(label, dot, top, before, after):
    domain = f"{label}{dot}{top}"

    assert domain not in unlinked(f"{before}{domain}{after}")
    assert domain not in unlinked(legible(f"{before}{domain}{after}"))


@pytest.mark.parametrize(
    "name", ["M.E\u0301. Dupont", "J.\u00c5. Berg", "山.田", "Dr. med. Anna", "3.14"]
)
def test_an_initial_with_an_accent_of_its_own_is_an_initial(name):
    assert unlinked(name) == name


@given(st.text(max_size=60))
def test_only_blanks_and_signs_are_added_never_a_letter_lost(text):
    def letters(value: str) -> str:
        return re.sub(r"[\s@\uff20\ufe6b:\uff1a()]|at", "", value)

    assert letters(unlinked(text)) == letters(text)


@given(st.text(max_size=60), st.integers(2, 50))
def test_a_long_text_is_cut_and_says_so(text, most):
    short = shortened(text, most)

    assert len(short) <= most
    assert short == text or short.endswith("…")
