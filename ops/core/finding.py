"""What a check found: fine, to be mended by a command, or not to be found out; and how it is told."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import BotoCoreError, ClientError

from ops.core.aws_errors import explained
from ops.core.terminal import harmless, table
from shared.kernel.errors import PipelineError

TO_MEND = 1
UNKNOWN = 3


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    MEND = "mend"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. Never a secret.

    Args:
        said: what was seen, on one line.
        command: what to type to mend it.
    """

    state: State
    said: str
    command: str = ""


def ok(said: str) -> Finding:
    """Nothing is to be done."""
    return Finding(State.OK, said)


def mend(said: str, command: str) -> Finding:
    """Something is wrong, and this command mends it."""
    return Finding(State.MEND, said, command)


def unknown(why: str) -> Finding:
    """It could not be found out."""
    return Finding(State.UNKNOWN, why)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at.

    Args:
        look: finds out; whatever it raises is "unknown".
    """

    name: str
    look: Callable[[], Finding]

    def found(self) -> Finding:
        """What was found; a check that fails never stops the others."""
        try:
            return self.look()
        except (ClientError, BotoCoreError) as error:
            return unknown(explained(error) or type(error).__name__)
        except PipelineError as error:
            return unknown(f"{error}: {cause}" if (cause := explained(error)) else str(error))
        except Exception as error:  # noqa: BLE001 - a mistake in one check must not hide the others
            # Its text may hold what it worked on, such as an address with a password.
            return unknown(f"this check itself failed ({type(error).__name__})")


Findings = Sequence[tuple[str, Finding]]


def found(checks: Iterable[Check]) -> Findings:
    """Every check's name, with what it found."""
    return [(check.name, check.found()) for check in checks]


def shown(findings: Findings) -> str:
    """The table, and below it what to type, in the order of the table."""
    rows = [(finding.state.value, name, finding.said) for name, finding in findings]
    lines = [table(("state", "check", "found"), rows)]
    # Two checks may be mended by one command.
    commands = dict.fromkeys(finding.command for _, finding in findings if finding.command)
    if commands:
        lines += ["", "to mend:", *(f"  {harmless(command)}" for command in commands)]
    return "\n".join(lines)


def status(findings: Findings, *, allow_unknown: bool = False) -> int:
    """The exit status: 0 all is well, 1 something is to mend, 3 something could not be found out.

    Args:
        allow_unknown: what could not be found out does not count.
    """
    states = {finding.state for _, finding in findings}
    if State.MEND in states:
        return TO_MEND
    return UNKNOWN if State.UNKNOWN in states and not allow_unknown else 0
