"""A story for people, and as JSON for machines."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from commandline.text import as_json as to_json
from commandline.text import padded, width
from ops.core.terminal import harmless, shortened
from ops.history.store import Entry, Story
from shared.storage.writes import Item, Value

_WIDEST = 60
# Where an entry says who did it: operators of stock and refunds, operators of mail, and whoever
# called an order off.
_ACTORS = ("operator", "by", "cancelledBy")
_OLDER = "there may be older entries: --limit shows more"


def as_text(story: Story) -> str:
    """Three lines per entry, oldest first: what was done by whom; what it changed; about what."""
    columns = max((width(harmless(entry.action)) for entry in story.entries), default=0)
    older = [_OLDER, ""] if story.more else []
    return "\n".join([*older, *(line for e in story.entries for line in _lines(e, columns))])


def _lines(entry: Entry, columns: int) -> Sequence[str]:
    ids = [f"{entry.entity_type} {entry.entity_id}", f"event {entry.event_id}"]
    if entry.correlation_id:
        ids.append(f"correlation {entry.correlation_id}")
    time = entry.at.replace("T", " ").rstrip("Z")
    lines = (
        f"{time}  {padded(harmless(entry.action), columns)}  {who(entry)}",
        f"    {change(entry)}",
        f"    {', '.join(ids)}",
    )
    return [harmless(line) for line in lines]


def as_json(story: Story, *, kind: str, name: str) -> str:
    """One object, whole values; ASCII, so that nothing in it can play tricks on a terminal."""
    values = {
        "about": {"kind": kind, "id": name},
        "more": story.more,
        "entries": [
            {
                "at": entry.at,
                "entityType": entry.entity_type,
                "entityId": entry.entity_id,
                "action": entry.action,
                "source": entry.source,
                "userId": entry.user_id,
                "changes": [
                    {"field": field, "from": old, "to": new}
                    for field, old, new in differences(entry.before, entry.after)
                ],
                "metadata": entry.metadata,
                "eventId": entry.event_id,
                "correlationId": entry.correlation_id,
            }
            for entry in story.entries
        ],
    }
    return to_json(values, indent=2, default=_number)


def who(entry: Entry) -> str:
    """The program, the customer whom it is about, and the person who did it."""
    by = next((entry.metadata[name] for name in _ACTORS if entry.metadata.get(name)), None)
    parts = [entry.source, entry.user_id, f"by {by}" if by else None]
    return " / ".join(part for part in parts if part)


def change(entry: Entry) -> str:
    """``field: old -> new`` for what differs, then what else is known in brackets."""
    changed = [
        f"{field}: {_shown(old)} -> {_shown(new)}"
        for field, old, new in differences(entry.before, entry.after)
    ]
    facts = [
        f"{name}={_shown(value)}" for name, value in entry.metadata.items() if name not in _ACTORS
    ]
    told = ", ".join(changed) or "no change"
    return f"{told}  [{', '.join(facts)}]" if facts else told


def differences(before: Item, after: Item) -> Sequence[tuple[str, Value, Value]]:
    """Fields whose value is not the same, with None for a side that lacks it."""
    fields = list(dict.fromkeys([*before, *after]))
    return [
        (field, before.get(field), after.get(field))
        for field in fields
        if before.get(field) != after.get(field)
    ]


def _shown(value: Value) -> str:
    if value is None:
        return "-"
    if isinstance(value, Mapping | list | tuple):
        return shortened(json.dumps(value, ensure_ascii=False, default=_number), _WIDEST)
    if isinstance(value, bool):
        return str(value).lower()
    return shortened(value, _WIDEST)


def _number(value: Any) -> int | float:
    if not isinstance(value, Decimal):
        raise TypeError(type(value).__name__)
    return int(value) if value == value.to_integral_value() else float(value)
