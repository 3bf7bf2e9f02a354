"""JSON as the pipeline reads it: stricter than the standard library, which lets too much pass.

``json.loads`` keeps the last of two equal keys, knows NaN and Infinity, makes binary floats,
raises RecursionError on deep nesting and ValueError on long integers. Here each of these is one
typed refusal, and numbers with a fraction arrive as Decimal (S9, S10).
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from shared.kernel.errors import InvalidJsonError, PayloadTooLargeError, UnsupportedEncodingError
from shared.kernel.money import wire_number

MAX_DEPTH = 32
_MAX_DIGITS = 24
# What DynamoDB can hold; a number that we could read and not store would be retried for ever.
_MAX_PRECISION = 38


def _shown(key: str) -> str:
    # Half a surrogate pair is a legal key and no text: it must not break the answer.
    return key.encode("utf-8", "backslashreplace").decode()[:64]


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if "" in found:
        raise InvalidJsonError("body", "names must not be empty")
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise InvalidJsonError(_shown(key), "must appear only once in its object")
            seen.add(key)
    return found


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise InvalidJsonError("body", f"numbers must have at most {_MAX_DIGITS} digits")
    return int(text)


def _fraction(text: str) -> Decimal:
    # What prices are: too short to break a limit, and without an exponent.
    if len(text) <= _MAX_DIGITS and "e" not in text and "E" not in text:
        return Decimal(text)
    try:
        number = Decimal(text) if len(text) <= 64 else None
    except InvalidOperation:  # an exponent that even Decimal does not hold
        number = None
    if (
        number is None
        or abs(number.adjusted()) > _MAX_DIGITS
        or len(number.as_tuple().digits) > _MAX_PRECISION
    ):
        raise InvalidJsonError("body", f"numbers must have at most {_MAX_DIGITS} digits")
    return number


def _constant(name: str) -> Any:
    raise InvalidJsonError("body", f"{name} is not JSON")


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return False
    return True


# How compressed bytes begin; no JSON text can.
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x78\x01": "deflate",
    b"\x78\x9c": "deflate",
    b"\x78\xda": "deflate",
    b"PK\x03\x04": "zip",
}
_ENCODINGS = {"utf-8-sig": "UTF-8 with a byte order mark"}


def _text(data: bytes) -> str:
    """The text of a body.

    Raises:
        UnsupportedEncodingError: naming what was found.
    """
    # Whatever else it is, an object in bytes of its own is neither compressed nor of two bytes a letter.
    if not (data.startswith(b"{") and b"\0" not in data[:4]):
        _check_encoding(data)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        rule = f"must be plain UTF-8, and is not at byte {error.start + 1}"
        raise UnsupportedEncodingError("body", rule) from error


def _check_encoding(data: bytes) -> None:
    compressed = (name for magic, name in _COMPRESSED.items() if data.startswith(magic))
    found = next(compressed, None)
    if found is not None:
        raise UnsupportedEncodingError("body", f"must not be compressed, and is {found}")
    encoding = json.detect_encoding(data)  # by its first bytes, as RFC 4627 describes
    if encoding != "utf-8":
        named = _ENCODINGS.get(encoding, encoding.upper())
        raise UnsupportedEncodingError("body", f"must be plain UTF-8, and is {named}")


# Made once: each costs as much as reading a short text.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_no_duplicates,
    parse_float=_fraction,
    parse_int=_integer,
    parse_constant=_constant,
)


def loads(data: bytes, *, max_bytes: int) -> Any:
    """Parse one JSON document.

    Raises:
        PayloadTooLargeError: before anything is parsed.
        UnsupportedEncodingError: compressed, or not plain UTF-8; names what was found.
        InvalidJsonError: naming what is wrong; never any other exception.
    """
    if len(data) > max_bytes:
        raise PayloadTooLargeError(f"body: must be at most {max_bytes} bytes")
    text = _text(data)
    try:
        value = _DECODER.decode(text)
        if "\\u" in text:  # an escaped half of a surrogate pair is valid JSON but not text
            json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
    except UnicodeError as error:
        raise InvalidJsonError("body", "must be valid Unicode text") from error
    except json.JSONDecodeError as error:
        rule = f"must be JSON: {error.msg} at line {error.lineno} column {error.colno}"
        raise InvalidJsonError("body", rule) from error
    except RecursionError as error:
        raise InvalidJsonError("body", f"must nest at most {MAX_DEPTH} levels") from error
    # Brackets bound the depth; few of them make the walk unnecessary.
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH and _too_deep(value):
        raise InvalidJsonError("body", f"must nest at most {MAX_DEPTH} levels")
    return value


def loads_message(data: bytes, *, max_bytes: int) -> Any:
    """Parse the body of a message, whose producer may have encoded it twice.

    A client that makes JSON of what it is given, given JSON, makes text that holds the document:
    that is unwrapped once, under the same rules. No known producer encodes it a third time.

    Raises:
        PayloadTooLargeError: before anything is parsed.
        UnsupportedEncodingError: compressed, or not plain UTF-8; names what was found.
        InvalidJsonError: naming what is wrong; never any other exception.
    """
    value = loads(data, max_bytes=max_bytes)
    if not isinstance(value, str):
        return value
    try:
        held = loads(value.encode("utf-8"), max_bytes=max_bytes)
    except (InvalidJsonError, UnsupportedEncodingError) as error:
        rule = f"{error.rule}, within the text that the body is"
        raise type(error)(error.field, rule) from error
    if isinstance(held, str):
        raise InvalidJsonError("body", "must not be encoded more than twice")
    return held


def _default(value: object) -> int | float:
    if isinstance(value, Decimal):
        return wire_number(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def dumps(value: object) -> str:
    """Compact JSON; Decimals become numbers."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=_default)
