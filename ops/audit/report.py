"""What an audit found, for people and for machines."""

from collections.abc import Sequence
from datetime import datetime

from commandline.text import as_json as to_json
from ops.audit.model import Finding
from ops.audit.run import Result
from ops.core.terminal import harmless, table
from shared.kernel.clock import iso

_SHOWN = 20


def as_text(results: Sequence[Result], *, stage: str, now: datetime) -> str:
    """A table of all checks, then what they found; ids only."""
    rows = [
        (number, result.invariant, result.name, result.rows, result.breaches, result.attentions)
        for number, result in enumerate(results, 1)
    ]
    headings = ("#", "promise", "check", "rows", "breaches", "to look at")
    lines = [f"stage {harmless(stage)}, {iso(now)}", "", table(headings, rows)]
    for number, result in enumerate(results, 1):
        if result.found:
            lines += ["", f"{number}. {result.name} ({result.invariant})"]
            lines += [_line(finding) for finding in result.found[:_SHOWN]]
            left = result.breaches + result.attentions - _SHOWN
            lines += [f"   … and {left} more"] if left > 0 else []
    return "\n".join([*lines, "", verdict(results)])


def verdict(results: Sequence[Result]) -> str:
    """One line for the end."""
    breaches = sum(result.breaches for result in results)
    attentions = sum(result.attentions for result in results)
    looked = f"{len(results)} checks, {attentions} to look at"
    return f"{looked}: {breaches} breaches" if breaches else f"{looked}: every promise is kept"


def as_json(results: Sequence[Result], *, stage: str, now: datetime) -> str:
    """The same as one JSON object."""
    checks = [
        {
            "number": number,
            "promise": result.invariant,
            "check": result.name,
            "rows": result.rows,
            "breaches": result.breaches,
            "attentions": result.attentions,
            "found": [
                {"id": finding.subject, "says": finding.says, "attention": finding.attention}
                for finding in result.found
            ],
        }
        for number, result in enumerate(results, 1)
    ]
    breaches = sum(result.breaches for result in results)
    summary = {"stage": stage, "at": iso(now), "breaches": breaches, "checks": checks}
    return to_json(summary, indent=2)


def _line(finding: Finding) -> str:
    mark = " " if finding.attention else "!"
    return f" {mark} {harmless(finding.subject)}  {harmless(finding.says)}"
