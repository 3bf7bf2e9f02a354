"""Addresses that a stage is configured with: where events go, and what their signatures name."""

import re
from urllib.parse import urlsplit, urlunsplit

_VISIBLE = re.compile(r"[!-~]+")
# A name, an IPv4 or a bracketed IPv6 address; no name ends in a dot, which would be another spelling.
_PLACE = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9_.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{0,4}))?",
    re.IGNORECASE,
)
_RULE = "must be an http or https address of a host, with no user, blanks, '?' or '#' in it"


def address(text: str) -> str:
    """An address in one spelling: scheme and host in lower case.

    Raises:
        ValueError: with the rule.
    """
    try:
        parts = urlsplit(text) if _VISIBLE.fullmatch(text) else urlsplit("")
    except ValueError:  # brackets without an IPv6 address
        parts = urlsplit("")
    place = _PLACE.fullmatch(parts.netloc)
    odd = any(character in text for character in "?#\\") or ".." in parts.netloc
    if parts.scheme not in {"http", "https"} or place is None or odd:
        raise ValueError(_RULE)
    if int(place["port"] or 1) > 65_535:
        raise ValueError("must have a port from 1 to 65535, or none")
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path, "", ""))


def redis_address(text: str) -> str:
    """The address of a Redis, as it was given.

    Raises:
        ValueError: with the rule; never with the address, which holds a password.
    """
    rule = "must be redis://, rediss:// or unix:// and an address, with no blanks in it"
    try:
        parts = urlsplit(text) if _VISIBLE.fullmatch(text) else urlsplit("")
        there = parts.path if parts.scheme == "unix" else parts.hostname
        _ = parts.port if parts.scheme != "unix" else None
    except ValueError:  # a port that is no number
        raise ValueError(rule) from None
    if parts.scheme not in {"redis", "rediss", "unix"} or not there:
        raise ValueError(rule)
    return text
