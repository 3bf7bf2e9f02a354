"""What the last answer to a failed message says: whether our code refused it, or never got to.

Decided by the status and by the structure of our own error body, never by what a message says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from shared.kernel import strict_json
from shared.kernel.errors import PermanentError
from shared.kernel.ids import is_id
from shared.messaging.http import NON_RETRYABLE

_MAX_BYTES = 1_000_000
# The code of an event whose id was handled before, with other content.
EVENT_ID_REUSED = "event_id_reused"


class LetterKind(StrEnum):
    """Why a message failed: our code refused it for good, and an operator has to look at it; or
    the way to our code was blocked, which passes (I27)."""

    REFUSED = "refused"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """The answer after which QStash gave up.

    Args:
        status: HTTP status, 0 if there was no answer.
        code: our own error code, None if the answer was not one of ours.
    """

    status: int
    code: str | None = None

    @classmethod
    def of(cls, status: int, body: bytes) -> "LastAnswer":
        """From what QStash reports."""
        return cls(status, _own_code(body))

    @property
    def kind(self) -> LetterKind:
        """Whether our code refused for good."""
        if self.status == NON_RETRYABLE or (self.code, self.status) in _permanent():
            return LetterKind.REFUSED
        return LetterKind.BLOCKED

    @property
    def cause(self) -> str:
        """Class of the failure, such as ``HTTP 489 invalid_field``."""
        return f"HTTP {self.status} {self.code}" if self.code else f"HTTP {self.status}"


def _own_code(body: bytes) -> str | None:
    try:
        values = strict_json.loads(body, max_bytes=_MAX_BYTES)
    except PermanentError:
        return None
    if not isinstance(values, dict) or values.get("success") is not False:
        return None
    error = values.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code if is_id(code) else None


def _permanent() -> set[tuple[str | None, int]]:
    """Code and status of every error that repeating cannot help, as a caller without a message
    of QStash's is answered."""
    return {(error.code, error.status) for error in _tree(PermanentError)}


def _tree(root: type[PermanentError]) -> Iterator[type[PermanentError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)
