"""The table of errors in ``docs/api.md``; the text around it is written by hand."""

from ops.docs.api.errors import REFUSALS, Refusal

BEGIN = "<!-- errors: written by make docs -->\n"
END = "<!-- end of errors -->\n"


class MarksMissingError(ValueError):
    """The page has lost the marks between which the table stands."""


def renewed(page: str) -> str:
    """The page with its table as the code says.

    Raises:
        MarksMissingError: there is no place for it.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise MarksMissingError(
            f"docs/api.md: needs a line {BEGIN.strip()} and a line {END.strip()}"
        )
    return f"{before}{BEGIN}{_table()}{END}{after}"


def _table() -> str:
    rows = "".join(_row(refusal) for refusal in sorted(REFUSALS, key=lambda r: (r.status, r.code)))
    return f"\n| status | code | what happened | what to do |\n|---|---|---|---|\n{rows}\n"


def _row(refusal: Refusal) -> str:
    return f"| {refusal.status} | `{refusal.code}` | {refusal.meaning} | {refusal.remedy} |\n"
