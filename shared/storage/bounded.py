"""Lists in items that cannot outgrow their item: the first entries, the newest, and how many.

Whatever arrives in any number (ignored events, failures, replays) is noted this way: a DynamoDB item
holds 400 KB, and one that is full would refuse the next real step too (I30). Of a list ``history``
an item has the first entries as ``history``, the newest as ``historyNewest`` and the number of all
of them as ``historyCount``. Steps that are few by nature are appended to ``history`` itself, without
being counted, and are therefore always kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from shared.storage.writes import Condition, Equals, Item, Missing, Value

FIRST = 20
NEWEST = 20
# Of each text in an entry: a reason may be longer than an entry is worth.
MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class Note:
    """The parts of an ``Update`` that note one more entry.

    Args:
        when: no other run noted anything since the item was read; otherwise read it again.
    """

    set: Item
    add: Mapping[str, int]
    append: Mapping[str, Sequence[Value]]
    when: tuple[Condition, ...]


def note(item: Item, name: str, entry: Mapping[str, Value]) -> Note:
    """One more entry on the list of an item, as the item was read."""
    counter = f"{name}Count"
    count = noted(item, name)
    unchanged: Condition = Equals(counter, count) if counter in item else Missing(counter)
    short = {key: _shortened(value) for key, value in entry.items()}
    if count < FIRST:
        return Note({}, {counter: 1}, {name: [short]}, (unchanged,))
    newest = [*_entries(item, f"{name}Newest"), short][-NEWEST:]
    return Note({f"{name}Newest": newest}, {counter: 1}, {}, (unchanged,))


def noted(item: Item, name: str) -> int:
    """How many entries were noted, those that are left out included."""
    return int(str(item.get(f"{name}Count", 0)))


def left_out(item: Item, name: str) -> int:
    """How many of them are neither among the first nor among the newest."""
    return max(0, noted(item, name) - FIRST - len(_entries(item, f"{name}Newest")))


def entries(item: Item, name: str) -> list[Item]:
    """What is kept, oldest first by when it happened (``at``), in the order it was noted."""
    kept = [*_entries(item, name), *_entries(item, f"{name}Newest")]
    return sorted(kept, key=lambda entry: str(entry.get("at", "")))


def _entries(item: Item, name: str) -> list[Item]:
    return list(cast("Sequence[Item]", item.get(name) or ()))


def _shortened(value: Value) -> Value:
    too_long = isinstance(value, str) and len(value) > MAX_TEXT
    return f"{str(value)[: MAX_TEXT - 1]}…" if too_long else value
