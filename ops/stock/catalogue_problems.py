"""What is wrong with a catalogue file."""

from collections.abc import Sequence
from dataclasses import dataclass

from ops.core.errors import OperatorError


@dataclass(frozen=True, slots=True)
class Problem:
    """A cell, or a line, that breaks a rule.

    Args:
        line: as an editor counts, from 1.
        column: name of the column, empty for the whole line.
    """

    line: int
    column: str
    rule: str


class CatalogueError(OperatorError):
    """The file is no catalogue; names every line that is the reason."""

    code = "catalogue"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: p.line))
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"file: has {count}; nothing was written")
