"""What the demo prints: chapters, facts, tables, and claims that were observed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from local.stack.polling import NotObservedError, wait_for
from local.terminal import Terminal, table

_LABEL_WIDTH = 10


@dataclass(slots=True)
class Narrator:
    """Prints on a terminal what happens, and counts what was proved."""

    terminal: Terminal
    proved: int = 0
    measured: list[tuple[str, str]] = field(default_factory=list)
    _chapter: int = 0

    def chapter(self, title: str, *lines: str) -> None:
        """The start of a new part: its title, and lines about it."""
        self._chapter += 1
        self.terminal.line()
        self.terminal.line(self.terminal.paint(f"{self._chapter}  {title}", "bold"))
        for line in lines:
            self.terminal.line(f"   {self.terminal.paint(line, 'dim')}")

    def fact(self, label: str, text: str) -> None:
        """Something that was observed."""
        self.terminal.line(f"   {label.ljust(_LABEL_WIDTH)}  {text}")

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Facts that belong side by side, the first row being their heading."""
        heading, rule, *lines = table([list(row) for row in rows], indent="   ")
        self.terminal.line(self.terminal.paint(heading, "cyan"))
        for line in (rule, *lines):
            self.terminal.line(line)

    def proof(self, holds: object, claim: str) -> None:
        """Claim it only if it holds.

        Raises:
            NotObservedError: when it does not.
        """
        if not holds:
            raise NotObservedError(f"this should be true, but is not: {claim}")
        self.proved += 1
        self.terminal.line(f"   {self.terminal.paint('ok', 'green')}  {claim}")

    def wait(self, look: Callable[[], object], claim: str, limit: float = 30.0) -> None:
        """Claim it as soon as it holds.

        Raises:
            NotObservedError: when it does not in time.
        """
        self.terminal.draw(claim)
        try:
            wait_for(look, claim, limit=limit)
        finally:
            self.terminal.erase()
        self.proof(holds=True, claim=claim)

    def measure(self, what: str, text: str) -> None:
        """A number for the summary at the end."""
        self.measured.append((what, text))
