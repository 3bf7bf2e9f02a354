"""A timeline of audit entries, for people and as JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from commandline.text import as_json as to_json
from commandline.text import padded, width
from ops.core.terminal import harmless, shortened
from ops.history.domain import AuditTimeline, Entry, differences
from shared.contracts.actor import facts_beside
from shared.storage.writes import Value

_WIDEST = 60
_OLDER = "there may be older entries: --limit shows more"


def as_text(timeline: AuditTimeline) -> str:
    """Three lines per entry, oldest first: what was done by whom; what it changed; about what."""
    columns = max((width(harmless(entry.action)) for entry in timeline.entries), default=0)
    older = [_OLDER, ""] if timeline.more else []
    return "\n".join([*older, *(line for e in timeline.entries for line in _lines(e, columns))])


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


def as_json(timeline: AuditTimeline, *, kind: str, name: str) -> str:
    """One object, whole values; ASCII, so that nothing in it can play tricks on a terminal."""
    values = {
        "about": {"kind": kind, "id": name},
        "more": timeline.more,
        "unreadable": [error.key for error in timeline.unreadable],
        "entries": [
            {
                "at": entry.at,
                "entityType": entry.entity_type,
                "entityId": entry.entity_id,
                "action": entry.action,
                "source": entry.source,
                "userId": entry.user_id,
                "actor": {"kind": entry.actor.kind.value, "id": entry.actor.id},
                "changes": [
                    {"field": field, "from": old, "to": new}
                    for field, old, new in differences(entry.before, entry.after)
                ],
                "metadata": entry.metadata,
                "eventId": entry.event_id,
                "correlationId": entry.correlation_id,
            }
            for entry in timeline.entries
        ],
    }
    return to_json(values, indent=2, default=_number)


def who(entry: Entry) -> str:
    """The program that published it, the customer whom it is about, and who did it."""
    parts = [entry.source, entry.user_id, f"by {entry.actor}"]
    return " / ".join(part for part in parts if part)


def change(entry: Entry) -> str:
    """``field: old -> new`` for what differs, then what else is known in brackets."""
    changed = [
        f"{field}: {_shown(old)} -> {_shown(new)}"
        for field, old, new in differences(entry.before, entry.after)
    ]
    facts = [f"{name}={_shown(value)}" for name, value in facts_beside(entry.metadata).items()]
    told = ", ".join(changed) or "no change"
    return f"{told}  [{', '.join(facts)}]" if facts else told


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
