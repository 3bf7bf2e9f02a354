"""Text that strangers wrote, as a mail of ours may repeat it: nothing in it becomes a link (S41).

Mail programs make links of what looks like one: a scheme, ``www.``, a domain, a mail address. A
stranger who orders under the name "Visit evil.example" would have our shop send the invitation. So
a blank goes between the parts of whatever could be one. What people are called stays readable:
"J.R.R. Tolkien" keeps its dots, "Dr.No" gets a blank.
"""

import re

# What browsers take for a dot in a domain, and what looks like one.
_DOTS = "[.\u2024\u3002\ufe52\uff0e\uff61]"
_AT = re.compile("[@\uff20\ufe6b]")
# A colon that something follows at once: http://…, mailto:…
_SCHEME = re.compile(r"(?<=[\w.+-])[:\ufe55\uff1a](?=\S)")
# The two letters that a top-level domain has at least. Accents may be characters of their own, joiners
# may stand between, and in many scripts (\u092d\u093e\u0930\u0924) the second is a vowel sign, no letter.
_TOP = (
    "[^\\W\\d_][\u0300-\u036f\u200c\u200d]*"
    "(?:[^\\W\\d_]|[^\x00-\xbf\\s\u0300-\u036f\u2000-\u206f\u3000-\u303f])"
)
_DOMAIN = re.compile(rf"(?<=\S){_DOTS}(?={_TOP})")
_NUMERIC = re.compile(rf"(?<=\d){_DOTS}(?=\d{{1,3}}{_DOTS}\d{{1,3}}{_DOTS}\d)")
# What no name has, whatever a mail program makes of it.
_UNMISTAKABLE = re.compile(
    rf"://|\b(?:https?|mailto):|\bwww\d?{_DOTS}|[@\uff20\ufe6b]"
    rf"|(?<=[^\W_]){_DOTS}[^\W\d_]{{2,}}(?:/|[?#]\w|:\d)",
    re.IGNORECASE,
)
LINK_RULE = "must not contain web or mail addresses"


def unlinked(text: str) -> str:
    """The text with a blank in whatever a mail program could make a link of."""
    apart = _AT.sub(" (at) ", text)
    apart = _SCHEME.sub(": ", apart)
    apart = _NUMERIC.sub(lambda dot: f"{dot[0]} ", apart)
    return _DOMAIN.sub(lambda dot: f"{dot[0]} ", apart)


def holds_link(text: str) -> bool:
    """Whether a text unmistakably holds a web or mail address."""
    return _UNMISTAKABLE.search(text) is not None


def shortened(text: str, most: int) -> str:
    """The text, cut to that many characters with an ellipsis for the rest."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
