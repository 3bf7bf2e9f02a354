"""Text that strangers wrote, as a mail of ours may repeat it: nothing in it becomes a link (S41).

Mail programs make links of what looks like one: a scheme, ``www.``, a domain, a mail address. A
stranger who orders under the name "Visit evil.example" would have our shop send the invitation. So
a blank goes between the parts of whatever could be one. What people are called stays readable:
"J.R.R. Tolkien" keeps its dots, "Dr.No" gets a blank.
"""

import re

# What browsers take for a dot in a domain.
_DOTS = "[.\u3002\uff0e\uff61]"
_AT = re.compile("[@\uff20\ufe6b]")
# A colon that something follows at once: http://…, mailto:…
_SCHEME = re.compile(r"(?<=\w)[:\uff1a](?=\S)")
# A dot between a letter or digit and the two letters or more that a top-level domain has at least.
_DOMAIN = re.compile(rf"(?<=[^\W_]){_DOTS}(?=[^\W\d_]{{2}})")
_NUMERIC = re.compile(rf"(?<=\d){_DOTS}(?=\d{{1,3}}{_DOTS}\d{{1,3}}{_DOTS}\d)")
# What no name has, whatever a mail program makes of it.
_UNMISTAKABLE = re.compile(
    rf"://|\bwww\d?{_DOTS}|[@\uff20\ufe6b]|(?<=[^\W_]){_DOTS}[^\W\d_]{{2,}}/", re.IGNORECASE
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
