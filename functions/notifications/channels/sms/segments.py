"""What an SMS costs: into how many parts it is cut, and by which alphabet (GSM 03.38)."""

from collections.abc import Iterable

from shared.kernel.errors import InvalidInputError

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Behind an escape: each takes two places.
_EXTENSION = frozenset("^{}\\[~]|€\f")

_GSM_ALONE, _GSM_PART = 160, 153
_UCS2_ALONE, _UCS2_PART = 70, 67


def segments_of(message: str) -> int:
    """How many SMS the message takes.

    One character outside the GSM alphabet turns the whole message into UCS-2, which halves what
    fits. A character of two places is never cut in two, so a part may stay one place short.
    """
    if all(character in _BASIC or character in _EXTENSION for character in message):
        places = [2 if character in _EXTENSION else 1 for character in message]
        return _cut(places, alone=_GSM_ALONE, part=_GSM_PART)
    places = [2 if ord(character) > 0xFFFF else 1 for character in message]
    return _cut(places, alone=_UCS2_ALONE, part=_UCS2_PART)


def within(message: str, most: int) -> int:
    """How many SMS the message takes, which must not be more than ``most``.

    Raises:
        InvalidInputError: it takes more.
    """
    segments = segments_of(message)
    if segments > most:
        rule = (
            f"must fit into {most} SMS, and takes {segments}: one holds {_GSM_ALONE} characters "
            f"of the GSM alphabet, {_GSM_PART} each if there are more; with any other character "
            f"{_UCS2_ALONE}, or {_UCS2_PART} each"
        )
        raise InvalidInputError("payload.message", rule)
    return segments


def _cut(places: Iterable[int], *, alone: int, part: int) -> int:
    wide = list(places)
    if sum(wide) <= alone:
        return 1
    segments, left = 0, 0
    for width in wide:
        if width > left:
            segments, left = segments + 1, part
        left -= width
    return segments
