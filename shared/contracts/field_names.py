"""Which names of fields are ours: only these may stand in a log, whatever a sender wrote (S34)."""

import re
from collections.abc import Iterator

from shared.contracts.envelope import WireModel

FOREIGN = "*"
# The root of a document, and the headers that refusals name.
_BESIDE = frozenset({"body", "content-type", "content-encoding"})
_STEP = re.compile(r"([^\[\]]*)((?:\[[0-9]{1,3}\])*)")


def loggable(path: str) -> str:
    """A field's path in which every name that no contract declares is a star.

    Refusals tell the sender their own keys; a log line must not: a key of a map is the sender's text.
    """
    return ".".join(_step(step) for step in path.split("."))


def _step(step: str) -> str:
    found = _STEP.fullmatch(step)
    if found is None:
        return FOREIGN
    name, indices = found.groups()
    return f"{name if name in _declared() else FOREIGN}{indices}"


def _declared() -> frozenset[str]:
    # Collected when a refusal asks for it, so that a start pays nothing: the models that are loaded
    # are those that this function reads.
    return _BESIDE | frozenset(_aliases(WireModel))


def _aliases(model: type[WireModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield field.alias or name
    for child in model.__subclasses__():
        yield from _aliases(child)
