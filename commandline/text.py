"""Text for a terminal: nothing in it is obeyed, nothing in it is invisible, and columns line up (S19)."""

import json
import unicodedata
from typing import Any

# Letters, marks and blanks that are invisible although their Unicode category does not say so.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)


def harmless(text: object) -> str:
    """Text whose control, direction and invisible characters are shown instead of obeyed.

    Line ends are among them: what comes back is one line.
    """
    return "".join(
        named(character) if _is_hidden(character) else character for character in str(text)
    )


def harmless_lines(text: object) -> str:
    """The same for text of several lines, which stay lines."""
    return "\n".join(harmless(line.expandtabs()) for line in str(text).split("\n"))


def _is_hidden(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "C" or category in {"Zl", "Zp"} or character in _INVISIBLE


def named(character: str) -> str:
    """A character that is not to be shown, by its number, as Python writes it."""
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def width(text: str) -> int:
    """Columns that a terminal gives to harmless text: two to East Asian wide characters and to most
    symbols, none to a mark on the letter before it."""
    return sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def padded(text: str, columns: int) -> str:
    """Text with blanks behind it, up to a width."""
    return text + " " * (columns - width(text))


def cut(text: str, columns: int) -> str:
    """Text of at most that width; an ellipsis ends what had to be cut."""
    if width(text) <= columns:
        return text
    kept, room = "", columns - 1
    for character in text:
        room -= _columns(character)
        if room < 0:
            break
        kept += character
    return f"{kept}…"


def as_json(values: Any, **options: Any) -> str:
    """JSON of ASCII without a single control character: good for a machine, and for a terminal."""
    return json.dumps(values, **options).replace("\x7f", "\\u007f")
