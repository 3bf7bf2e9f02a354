"""An attribute that this pipeline never stores, such as a set: it must not stop the rows beside it."""

import re
from collections.abc import Mapping
from typing import Any

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")
_KINDS = {
    "SS": "a set of texts",
    "NS": "a set of numbers",
    "BS": "a set of bytes",
    "B": "bytes",
}


class OddAttributeError(TypeError):
    """A row was asked for an attribute of a kind that cannot be read; names attribute and kind."""


class OddAttribute:
    """Stands in a row for an attribute that cannot be read.

    Whatever reads it as a value raises :class:`OddAttributeError`; a row that is only carried along
    keeps it as it was stored.

    Args:
        name: the attribute, of which some part may be odd.
        kind: of that part, as DynamoDB calls it.
        stored: its typed form in DynamoDB.
    """

    def __init__(self, name: str, stored: Mapping[str, Any], kind: str) -> None:
        self.name, self.stored = name, stored
        # Another program may have named it: what is no name is no text for a log (S34).
        shown = name if _NAME.fullmatch(name) else "*"
        self.problem = f"{shown} is or holds {_KINDS.get(kind, 'a kind that is not known')}"

    def _refused(self, *_: object) -> Any:
        raise OddAttributeError(self.problem)

    # Each way to read a value.
    __str__ = __format__ = __bool__ = __len__ = __iter__ = __getitem__ = _refused

    def __repr__(self) -> str:
        """Without the value."""
        return f"OddAttribute({self.problem!r})"
