"""Text as people see it: without what cannot be seen and only turns, hides or joins the rest.

What is stored today was let in by older rules. Before it reaches a mailbox, a telephone or a
subject line, every character that changes how its neighbours look is taken out.
"""

import re
import unicodedata

# Turn the direction of what follows (a file name that ends in "gpj.exe" reads "exe.jpg"), take no
# room, or carry hidden text. The soft hyphen is among them: in a subject it would be a hyphen.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
# No language puts more than three or four accents on a letter; more of them cover the lines around.
_ACCENTS = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_HEAP = re.compile(f"({_ACCENTS}{{4}}){_ACCENTS}+")
# Look like whatever a font makes of them: the sign of a bank, a tick, a lock.
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
_JOINERS = frozenset("\u200c\u200d")
# Each chooses the form of the character before it: a picture in colour, an older form of a kanji, a
# Mongolian letter. One more, or one behind nothing, can only carry what is not seen.
_SELECTORS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_DEPENDENT = re.compile(f"[\u200c\u200d{_SELECTORS}]")
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BREAKS_BUT_NEWLINES = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]+")
# Letters of scripts without case, their marks, pictures and their shades: only behind these does a
# joiner mean anything (Persian, Hindi and their neighbours; a family of emoji).
_JOINED = frozenset({"Lo", "Mn", "Mc", "So", "Sk"})


def legible(text: str) -> str:
    """One line of text without anything invisible; a break or control character is a blank."""
    return _seen(_BREAKS.sub(" ", text))


def legible_lines(text: str) -> str:
    """Text without anything invisible, in its own lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _seen(_BREAKS_BUT_NEWLINES.sub(" ", lines))


def _seen(text: str) -> str:
    return _HEAP.sub(r"\1", _dependent(_PRIVATE.sub("", _INVISIBLE.sub("", text))))


def _dependent(text: str) -> str:
    """Without the joiners and selectors that do nothing for the character before them."""
    if _DEPENDENT.search(text) is None:
        return text
    kept: list[str] = []
    for character in text:
        if _DEPENDENT.match(character) is None or (kept and _may_follow(kept[-1], character)):
            kept.append(character)
    return "".join(kept)


def _may_follow(before: str, character: str) -> bool:
    if character in _JOINERS:
        return unicodedata.category(before) in _JOINED
    return not before.isspace() and _DEPENDENT.match(before) is None
