"""How large an item is where it is stored, measured before it is stored.

DynamoDB counts an item's names and values together, and refuses one over 400 KB as a request that
makes no sense. What came in says little about that: a decision adds to it, and numbers written out
are longer than they came.
"""

from collections.abc import Mapping, Sequence

from shared.kernel.errors import PayloadTooLargeError
from shared.storage.writes import Put, Update, Value, Write

MAX_ITEM_BYTES = 400 * 1024
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
MAX_NAME_BYTES = 64 * 1024 - 1
# Of a list or map, of each value in it, and the most that a number takes.
_CONTAINER, _ELEMENT, _NUMBER = 3, 1, 21


def size_of(value: Value) -> int:
    """Bytes of a value, never fewer than DynamoDB counts.

    Raises:
        PayloadTooLargeError: a name in it is longer than DynamoDB takes.
    """
    match value:
        case str():
            return len(value.encode("utf-8", "surrogatepass"))
        case None | bool():
            return 1
        case Mapping():
            inner = sum(_name(name) + size_of(child) + _ELEMENT for name, child in value.items())
            return _CONTAINER + inner
        case Sequence():
            return _CONTAINER + sum(size_of(child) + _ELEMENT for child in value)
    return _NUMBER


def check_fits(writes: Sequence[Write]) -> None:
    """Nothing, if each write fits into its item, and all of them into one transaction.

    Of an update only what it brings counts: what its item grows by is bounded elsewhere (I30).

    Raises:
        PayloadTooLargeError: one does not; trying again cannot help.
    """
    total = 0
    for write in writes:
        size = _brought(write)
        total += size
        if size > MAX_ITEM_BYTES:
            raise PayloadTooLargeError(
                f"payload: must fit into an item of {write.table}, "
                f"which holds at most {MAX_ITEM_BYTES} bytes"
            )
    if total > MAX_TRANSACTION_BYTES:
        raise PayloadTooLargeError(
            f"payload: all that follows from it must be at most {MAX_TRANSACTION_BYTES} bytes"
        )


def _brought(write: Write) -> int:
    match write:
        case Put():
            return size_of(write.item)
        case Update():
            return size_of(write.key) + size_of(write.set) + size_of(write.append)
    return 0


def _name(name: str) -> int:
    size = len(name.encode("utf-8", "surrogatepass"))
    if size > MAX_NAME_BYTES:
        raise PayloadTooLargeError(f"payload: names must be at most {MAX_NAME_BYTES} bytes")
    return size
