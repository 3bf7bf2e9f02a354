"""The mail addresses that we take: exactly those that the mail service can deliver to.

Deliberately narrower than RFC 5322: no quoted parts, comments, lists or display names, so that what
reaches the mail service can only ever be one recipient (S15). Why this is not a library's, and what
SES takes, stands in docs/decisions/0022.
"""

import re

from shared.kernel.text import EDGE, trimmed

MAX_LENGTH = 254
_MAX_LOCAL = 64

PLAIN_RULE = "must be one plain e-mail address, such as jane@shop.example"
LOCAL_RULE = "must have at most 64 ASCII letters, digits and . ! # $ % & ' * + / = ? ^ _ ` { | } ~ - before the @"
DOT_RULE = "must not begin or end with a dot before the @, nor have two dots in a row"
ASCII_DOMAIN_RULE = "must have its domain in ASCII, which for other scripts begins with xn--"
DOMAIN_RULE = (
    "must end in a domain name, such as shop.example: parts of at most 63 letters, digits and "
    "hyphens with a dot between them, no dot at the end, no numeric address"
)

_CHARACTERS = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~-"
_ATOM = f"[{_CHARACTERS}]+"
_LOCAL = rf"{_ATOM}(?:\.{_ATOM})*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# The last part is letters, or a name of another script in ASCII: digits would be an IP address.
_LAST = r"(?:[A-Za-z]{2,63}|[Xx][Nn]--[A-Za-z0-9-]{0,58}[A-Za-z0-9])"
_DOMAIN = rf"(?:{_LABEL}\.)+{_LAST}"

_ADDRESS = rf"(?=[^@]{{1,{_MAX_LOCAL}}}@){_LOCAL}@{_DOMAIN}"
PATTERN = f"^[{EDGE}]*{_ADDRESS}[{EDGE}]*$"

_GOOGLE = frozenset({"gmail.com", "googlemail.com"})
_ONE = re.compile(_ADDRESS)
# Whatever makes it several addresses, or one with more around it.
_MORE = r"[\s,;:<>()\"\\\x00-\x20\x7f]"


def address(text: str) -> str:
    """A mail address, without the blanks around it. Its length as a whole is left to who asks.

    Raises:
        ValueError: with the rule it breaks.
    """
    found = trimmed(text)
    if len(found) <= MAX_LENGTH and _ONE.fullmatch(found) is None:
        raise ValueError(_rule_broken_by(found))
    return found


def mailbox_of(address: str) -> str:
    """Which mailbox an address leads to, as far as mail hosts agree: without its tag
    (``ada+shop@…``), in lower case, and for Google without dots. For counting only, never to send.
    """
    local, at, domain = address.strip().lower().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _GOOGLE:
        local, domain = local.replace(".", "") or local, "gmail.com"
    return f"{local}{at}{domain}"


def _rule_broken_by(text: str) -> str:
    # Compiled when a request makes the mistake, not at every start.
    local, _, domain = text.rpartition("@")
    literal = domain.startswith("[")
    if not local or not domain or "@" in local or re.search(_MORE, local if literal else text):
        return PLAIN_RULE
    if len(local) > _MAX_LOCAL or re.fullmatch(f"[.{_CHARACTERS}]+", local) is None:
        return LOCAL_RULE
    if re.fullmatch(_LOCAL, local) is None:
        return DOT_RULE
    return DOMAIN_RULE if domain.isascii() else ASCII_DOMAIN_RULE
