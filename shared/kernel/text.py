"""What text is: one line or several, readable, and safe in a header, a log and a mail.

The character classes are written so that Python and JSON Schema (ECMA-262 with the ``u`` flag) read
them alike: the documents that are made from the contract say what is checked here.
"""

import re
import unicodedata
from typing import TypeGuard

LINE_RULE = "must not contain line breaks or control characters"
CONTROL_RULE = "must not contain control characters"
DIRECTION_RULE = "must not contain characters that override the direction of text"
VISIBLE_RULE = "must contain at least one visible character"

_BREAKS = r"\n\r\u0085\u2028\u2029"
_CONTROL = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
_CONTROL_IN_LINES = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f"
# Overrides, embeddings and isolates can make a line read as what it does not say. The plain marks
# (U+200E, U+200F, U+061C) cannot, and names in Arabic and Hebrew need them.
_DIRECTION = r"\u202a-\u202e\u2066-\u2069"
# Blanks at the edges of what a person typed or pasted: they say nothing and are dropped.
EDGE = r" \u00a0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff"
# Legal beside something visible, nothing on their own: blanks, joiners, fillers, selectors,
# combining marks without a base, tags, and code points that will never be characters.
_NOTHING = (
    EDGE + r"\u00ad\u0300-\u036f\u0483-\u0489\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u1ab0-\u1aff\u1dc0-\u1dff\u200c-\u200f\u2061-\u2065\u206a-\u206f\u20d0-\u20ff\u2800"
    r"\u302a-\u302f\u3099\u309a\u3164\ufdd0-\ufdef\ufe00-\ufe0f\ufe20-\ufe2f\uffa0"
    r"\ufff0-\ufffb\ufffe\uffff"
    # Beyond U+FFFF the two dialects have no common escape, so these are the characters themselves.
    + "".join(
        f"{chr(first)}-{chr(last)}"
        for first, last in (
            (0x1BCA0, 0x1BCA3),
            (0x1D159, 0x1D159),
            (0x1D173, 0x1D17A),
            (0xE0000, 0xE0FFF),
            *((plane + 0xFFFE, plane + 0xFFFF) for plane in range(0x10000, 0x110000, 0x10000)),
        )
    )
)

LINE_PATTERN = f"^[{_NOTHING}]*[^{_NOTHING}{_CONTROL}{_DIRECTION}][^{_CONTROL}{_DIRECTION}]*$"
LINES_PATTERN = (
    rf"^[{_NOTHING}\t{_BREAKS}]*[^{_NOTHING}\t{_BREAKS}{_CONTROL_IN_LINES}{_DIRECTION}]"
    f"[^{_CONTROL_IN_LINES}{_DIRECTION}]*$"
)

_UNWANTED = re.compile(f"[{_CONTROL}{_DIRECTION}]")
_LINE_BREAK = rf"\r\n|[{_BREAKS}]"
_PLAIN = re.compile(r"[!-~]")
_EDGES = (
    " \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200C))) + "\u202f\u205f\u2060\u3000\ufeff"
)


def is_visible(text: str) -> bool:
    """Whether a reader would see anything of it.

    Unassigned and private code points count: a script that is newer than our tables, or a name
    with private-use characters, is a name all the same.
    """
    if _PLAIN.search(text):
        return True
    # Compiled for whom it takes it, not at every start.
    shown = re.finditer(f"[^{_NOTHING}{_CONTROL}{_DIRECTION}]", text)
    return any(unicodedata.category(found[0])[0] != "M" for found in shown)


def is_line(value: object) -> TypeGuard[str]:
    """Whether a value is text that may stand on one line."""
    return isinstance(value, str) and _UNWANTED.search(value) is None and is_visible(value)


def line(text: str) -> str:
    """One line, as it is. No text at all is left to the rule about lengths.

    Raises:
        ValueError: with the rule it breaks.
    """
    unwanted = _UNWANTED.search(text)
    if unwanted:
        raise ValueError(DIRECTION_RULE if re.match(f"[{_DIRECTION}]", unwanted[0]) else LINE_RULE)
    return visible(text)


def visible(text: str) -> str:
    """Text of any kind with something to see in it. No text at all is left to the length's rule.

    Raises:
        ValueError: with the rule.
    """
    if text and not is_visible(text):
        raise ValueError(VISIBLE_RULE)
    return text


def trimmed(text: str) -> str:
    """Without the blanks around it. Line breaks are not blanks: they stay, to be refused."""
    return text.strip(_EDGES)


def typed_line(text: str) -> str:
    """One line that a person typed: without the blanks around it.

    Raises:
        ValueError: with the rule it breaks.
    """
    return trimmed(line(text))


def folded(text: str) -> str:
    """What a person typed into a box of several lines, as one line with commas for the breaks.

    The same text always gives the same line, so a repeated request stays the same request.

    Raises:
        ValueError: with the rule it breaks.
    """
    if re.search(f"[{_CONTROL_IN_LINES}]", text):
        raise ValueError(CONTROL_RULE)
    if re.search(f"[{_DIRECTION}]", text):
        raise ValueError(DIRECTION_RULE)
    visible(text)
    lines = [trimmed(part) for part in re.split(_LINE_BREAK, text.replace("\t", " "))]
    told = [part for part in lines if is_visible(part)]
    return ", ".join([*(part.rstrip(", ") for part in told[:-1]), *told[-1:]])


def one_line(text: str, most: int) -> str:
    """Text of our own data as a line of at most that length: a dash if nothing can be seen of it."""
    shown = _UNWANTED.sub(" ", text)[:most].strip()
    return shown if is_visible(shown) else "-"
