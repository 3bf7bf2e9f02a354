"""Text as people see it: without what cannot be seen and only turns, hides or joins the rest.

What is stored today was let in by older rules. Before it reaches a mailbox, a telephone or a
subject line, every character that changes how its neighbours look is taken out.
"""

import re
import unicodedata

# Turn the direction of what follows (a file name that ends in "gpj.exe" reads "exe.jpg"), take no
# room, or carry hidden text. The soft hyphen is among them: in a subject it would be a hyphen.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e007f]"
)
# Look like whatever a font makes of them: the sign of a bank, a tick, a lock.
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
_JOINERS = re.compile("[\u200c\u200d]")
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BREAKS_BUT_NEWLINES = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]+")
# Letters of scripts without case, their marks, pictures and their shades: only behind these does a
# joiner mean anything (Persian, Hindi and their neighbours; a family of emoji).
_JOINED = frozenset({"Lo", "Mn", "Mc", "So", "Sk"})


def legible(text: str) -> str:
    """One line of text without anything invisible; a break or control character is a blank."""
    return _joined(_PRIVATE.sub("", _INVISIBLE.sub("", _BREAKS.sub(" ", text))))


def legible_lines(text: str) -> str:
    """Text without anything invisible, in its own lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _joined(_PRIVATE.sub("", _INVISIBLE.sub("", _BREAKS_BUT_NEWLINES.sub(" ", lines))))


def _joined(text: str) -> str:
    if _JOINERS.search(text) is None:
        return text
    kept: list[str] = []
    for character in text:
        if _JOINERS.match(character) is None or _may_join(kept):
            kept.append(character)
    return "".join(kept)


def _may_join(before: list[str]) -> bool:
    return bool(before) and unicodedata.category(before[-1]) in _JOINED
