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
