"""What is kept of a person, as one JSON document for them: in plain names, and of no one else."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ops.audit.outbox import parsed
from ops.core.rows import entries, text
from ops.privacy.person import is_operator
from ops.privacy.store import Found, as_stored
from shared.kernel.money import wire_number
from shared.storage.odd import OddAttribute

# How we find and recognise rows; says nothing of a person that is not said beside it.
_OURS = frozenset(
    {
        *("pendingShard", "decidedShard", "closedShard", "dueShard", "holdShard"),
        *("unconfirmedShard", "ttl", "token", "content", "cartDigest", "identity"),
        *("placedIdentity", "fingerprint", "attention"),
    }
)
_OPERATOR = "an operator of the shop"


def document(found: Found, *, stage: str, now: str) -> dict[str, Any]:
    """Everything, by kind.

    Args:
        now: the present moment, ISO-8601.
    """
    person = found.subject.person
    rows: Mapping[str, Sequence[Any]] = {**as_stored(found), "events": list(_events(found))}
    return {
        "stage": stage,
        "exportedAt": now,
        "person": {"userId": person.user_id, "addresses": sorted(person.addresses)},
        **{kind: [told(row) for row in some] for kind, some in rows.items()},
    }


def told(value: Any) -> Any:
    """A stored value as a person reads it: events opened, numbers as numbers, operators unnamed."""
    if isinstance(value, OddAttribute):
        return value.problem
    if isinstance(value, Decimal):
        return wire_number(value)
    if isinstance(value, Mapping):
        if is_operator(value):
            return {"kind": "operator", "id": _OPERATOR}
        return {name: _member(name, one) for name, one in value.items() if name not in _OURS}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [told(one) for one in value]
    return value


def _member(name: str, value: Any) -> Any:
    if name in {"operator", "by"} and value:
        return _OPERATOR
    if name in {"event", "originalEvent", "body"} and isinstance(value, str):
        return told(parsed(value)) or value
    return told(value)


def _events(found: Found) -> Iterator[Mapping[str, Any]]:
    """What followed from the person's orders, but for what tells of others."""
    for record in found.records:
        for entry in entries(record, "outbox"):
            body = parsed(text(entry, "body"))
            if found.subject.is_about(body.get("payload")):
                yield body
