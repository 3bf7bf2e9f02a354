"""What the dead letters commands print. Texts come from tables and QStash: they pass ``harmless``."""

import json
from collections import Counter
from collections.abc import Sequence

from ops.core.terminal import harmless, shortened, table
from ops.dead_letters.service import Outcome
from shared.storage.records.dead_letter import DeadLetterRow


def rows(dead_letters: Sequence[DeadLetterRow]) -> str:
    """One line per dead letter."""
    headings = (
        "event id",
        "type",
        "kind",
        "tries",
        "last failed",
        "next delivery",
        "group",
        "cause",
    )
    lines = [
        (
            row.key,
            row.event_type,
            _kind(row),
            row.attempts,
            row.last_failed_at[:19],
            row.next_delivery_at[:19],
            row.fingerprint,
            shortened(row.cause, 60),
        )
        for row in dead_letters
    ]
    return table(headings, lines)


def groups(dead_letters: Sequence[DeadLetterRow]) -> str:
    """One line per group of failures, the largest first."""
    counts = Counter(row.fingerprint for row in dead_letters)
    example = {row.fingerprint: row for row in dead_letters}
    lines = [
        (count, group, example[group].event_type, shortened(example[group].error, 100))
        for group, count in counts.most_common()
    ]
    return table(("dead letters", "group", "type", "for example"), lines)


def whole(row: DeadLetterRow) -> str:
    """One dead letter: its facts, its history, and its event."""
    facts = (
        ("event id", row.key),
        ("state", row.state.value),
        ("topic", row.topic),
        ("type", row.event_type),
        ("cause", row.cause),
        ("error", row.error),
        ("group", row.fingerprint),
        ("kind", _kind(row)),
        ("tries", row.attempts),
        ("replays", row.replays),
        ("deliveries", row.deliveries),
        ("next delivery", row.next_delivery_at or "only by replay"),
        ("first failed", row.first_failed_at),
        ("last failed", row.last_failed_at),
        *([("event removed", row.redacted_at)] if row.redacted_at else []),
    )
    history = [(e.at[:19], e.action, e.by, e.reason) for e in row.history.entries]
    event = _pretty(row.original)
    return "\n".join(
        [
            *(f"{name:<14} {harmless(value)}" for name, value in facts),
            "",
            table(("when", "what", "who", "why"), history),
            *([f"({row.history.left_out} more in between)"] if row.history.left_out else []),
            "",
            *map(harmless, event),
        ]
    )


def _pretty(original: str) -> list[str]:
    """The event in lines; in one, as it is stored, if it is no JSON that can be read."""
    try:
        return json.dumps(json.loads(original), indent=2).splitlines()
    except (ValueError, RecursionError):
        return [original]


def outcome(what: Outcome) -> str:
    """What became of one dead letter."""
    remark = f": {shortened(what.remark, 100)}" if what.remark else ""
    return f"{harmless(what.dead_letter.key)}  {what.result.value}{remark}"


def counts(outcomes: Sequence[Outcome]) -> str:
    """How many dead letters came to which result."""
    by_result = Counter(what.result for what in outcomes)
    return ", ".join(f"{count} {result.value}" for result, count in by_result.items()) or "nothing"


def _kind(row: DeadLetterRow) -> str:
    return "" if row.kind is None else row.kind.value
