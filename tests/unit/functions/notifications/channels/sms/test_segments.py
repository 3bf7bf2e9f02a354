"""What a text costs: the alphabet decides, and no character of two places is cut in two."""

import pytest

from functions.notifications.channels.sms.segments import segments_of, within
from shared.kernel.errors import InvalidInputError


@pytest.mark.parametrize(
    ("message", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 459, 3),
        ("a" * 460, 4),
        # every basic letter beyond ASCII still takes one place
        ("äöüÄÖÜßñÑàèéùìòÇØøÅåÆæÉ£¥§¿¡¤" * 5, 1),
        ("ΔΦΓΛΩΠΨΣΘΞ_" * 14, 1),
        ("line\r\n" * 26, 1),
        # the extension table takes two
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("^{}[]~|\\€\f" * 8, 1),
        # 153 places hold 76 of them, not 76.5
        ("€" * 152, 2),
        ("€" * 153, 3),
        ("a" + "€" * 152, 2),
        ("aa" + "€" * 152, 3),
        # one character of no such table makes all of it UCS-2
        ("☕" + "a" * 69, 1),
        ("☕" + "a" * 70, 2),
        ("ç" + "a" * 70, 2),
        ("`" * 71, 2),
        ("я" * 70, 1),
        ("я" * 134, 2),
        ("я" * 135, 3),
        # an emoji takes two of the seventy, and 67 hold 33
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 66, 2),
        ("😀" * 67, 3),
        ("a" + "😀" * 66, 2),
    ],
    ids=lambda value: f"{value[:3]!r}x{len(value)}" if isinstance(value, str) else None,
)
def test_segments(message, segments):
    assert segments_of(message) == segments


def test_message_that_costs_too_much_is_refused_with_what_it_takes_and_why():
    assert within("a" * 459, 3) == 3

    with pytest.raises(InvalidInputError) as refused:
        within("a" * 460, 3)

    assert refused.value.field == "payload.message"
    assert "must fit into 3 SMS, and takes 4" in refused.value.rule
    assert "aaa" not in str(refused.value)


# 3GPP TS 23.038, the default alphabet, row by row, without the escape; then its extension.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"


def test_alphabet_has_all_its_letters():
    assert len(set(BASIC)) == 127
    assert len(set(EXTENSION)) == 10


@pytest.mark.parametrize("character", BASIC, ids=ascii)
def test_each_letter_of_the_alphabet_takes_one_place(character):
    counts = (160, 161, 306, 307)

    assert [segments_of(character * count) for count in counts] == [1, 2, 2, 3]


@pytest.mark.parametrize("character", EXTENSION, ids=ascii)
def test_each_letter_of_the_extension_takes_two(character):
    assert [segments_of(character * count) for count in (80, 81, 152, 153)] == [1, 2, 2, 3]


@pytest.mark.parametrize(
    "character",
    [c for c in map(chr, range(256)) if c not in BASIC + EXTENSION],
    ids=ascii,
)
def test_every_other_letter_turns_the_message_into_ucs_2(character):
    assert [segments_of(character + "a" * count) for count in (69, 70, 133, 134)] == [1, 2, 2, 3]


@pytest.mark.parametrize("first", range(60, 70))
def test_a_surrogate_pair_at_the_end_of_a_part_moves_to_the_next_one(first):
    """134 units fill two parts; cutting before the pair leaves a unit free and takes a third."""
    message = "я" * first + "😀" + "я" * (132 - first)

    assert segments_of(message) == (3 if first == 66 else 2)


@pytest.mark.parametrize("first", range(145, 156))
def test_an_escaped_letter_at_the_end_of_a_part_moves_to_the_next_one(first):
    message = "a" * first + "€" + "a" * (304 - first)

    assert segments_of(message) == (3 if first == 152 else 2)


def test_alone_no_place_is_lost_to_the_header():
    assert segments_of("a" * 158 + "€") == 1
    assert segments_of("a" * 159 + "€") == 2
    assert segments_of("я" * 68 + "😀") == 1
    assert segments_of("я" * 69 + "😀") == 2
