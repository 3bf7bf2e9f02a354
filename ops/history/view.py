"""A story for people, as a table, and for machines, as JSON."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ops.history.reading import Entry, Story
from ops.terminal import shortened, table
from shared.writes import Item, Value

_WIDEST = 60
_HEADINGS = ("time", "what", "action", "who", "event id", "correlation id", "change")


def as_text(story: Story) -> str:
    """One line per entry, oldest first."""
    rows = [
        (
            entry.at.replace("T", " ").rstrip("Z"),
            f"{entry.entity_type} {entry.entity_id}",
            entry.action,
            who(entry),
            entry.event_id,
            entry.correlation_id or "",
            change(entry),
        )
        for entry in story.entries
    ]
    older = ["", "there may be older entries: --limit shows more"] if story.more else []
    return "\n".join([table(_HEADINGS, rows), *older])


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
    return json.dumps(values, indent=2, default=_number)


def who(entry: Entry) -> str:
    """The program, the customer whom it is about, and the person who did it."""
    by = entry.metadata.get("by") or entry.metadata.get("cancelledBy")
    parts = [entry.source, entry.user_id, f"by {by}" if by else None]
    return " / ".join(part for part in parts if part)


def change(entry: Entry) -> str:
    """``field: old -> new`` for what differs, then what else is known in brackets."""
    changed = [
        f"{field}: {_shown(old)} -> {_shown(new)}"
        for field, old, new in differences(entry.before, entry.after)
    ]
    facts = [
        f"{name}={_shown(value)}"
        for name, value in entry.metadata.items()
        if name not in {"by", "cancelledBy"}
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
