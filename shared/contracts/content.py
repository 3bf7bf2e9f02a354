"""What an event says, as a digest: one id must always say one thing (I29).

By value: the order of keys, the spelling of numbers and times, fields that the reader does not know
and defaults that are spelled out make no difference.
"""

import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from shared.contracts.envelope import Event, plain
from shared.kernel.money import wire_number

# Raised when the same payload would be digested differently from then on: such as a new way to
# normalise text. Digests of different rules are not compared.
_RULES = 1
_NO_SHAPE = "0"


def digest_of(event: Event) -> str:
    """What an event's type and payload say: ``<type>.<shape>.<digest>``."""
    said = event.said()
    shape, values = _NO_SHAPE, said
    if isinstance(said, BaseModel):
        shape, values = shape_of(type(said)), plain(said)
    return f"{_hashed(event.event_type, 8)}.{shape}.{_hashed(canonical(values), 32)}"


def canonical(values: object) -> str:
    """JSON values as the one text that all their spellings share."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), default=_number)


def may_be_same(one: str | None, other: str | None) -> bool:
    """Whether two digests may be of the same content.

    Without a digest (a record from before there were any), or between two versions of a type that
    know different fields, the answer is unknown. Then they count as the same, so that a delivery
    that meets another version during a deployment is never refused (I25).
    """
    if one is None or other is None:
        return True
    (kind, shape, _), (other_kind, other_shape, _) = one.split("."), other.split(".")
    return one == other or (kind == other_kind and shape != other_shape)


def _hashed(text: str, digits: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:digits]


def _number(value: object) -> int | float:
    if isinstance(value, Decimal):
        return wire_number(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


@cache
def shape_of(model: type[BaseModel]) -> str:
    """Which fields a payload's digest covers: another version's payload may have others."""
    names = "\n".join((str(_RULES), *sorted(set(_names(model, "")))))
    return _hashed(names, 8)


def _names(annotation: Any, path: str) -> Iterator[str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield f"{path}.{name}"
            yield from _names(field.annotation, f"{path}.{name}")
    for argument in get_args(annotation):
        yield from _names(argument, path)
