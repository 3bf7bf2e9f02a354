"""What the privacy command says. Texts come from tables: they pass ``harmless``."""

from collections.abc import Mapping

from ops.core.terminal import harmless
from ops.privacy.service import Erased


def counts(rows: Mapping[str, int]) -> str:
    """How many rows of which kinds."""
    told = [f"{count} {name}" for name, count in rows.items() if count]
    return ", ".join(told) or "nothing"


def in_the_way(done: Erased) -> str:
    """Why nothing was erased, and when it can be."""
    lines = ["nothing was erased: some of it is still on its way"]
    lines += [
        f"  {harmless(o.subject)}: {harmless(o.why)}; it can be erased when {harmless(o.until)}"
        for o in done.in_the_way
    ]
    return "\n".join(lines)


def erased(done: Erased, *, dry_run: bool) -> str:
    """What was erased, or would be."""
    if not done.rows:
        return "nothing is kept of this person"
    verb = "would be" if dry_run else "is"
    lines = [f"{counts(done.rows)}: the person {verb} {done.pseudonym} there"]
    if done.endpoints:
        lines.append("delete these endpoints in SNS (`aws sns delete-endpoint`), too:")
        lines += [f"  {harmless(endpoint)}" for endpoint in done.endpoints]
    if dry_run:
        lines.append("a dry run: nothing was changed")
    return "\n".join(lines)
