"""What a log may say of a refusal: codes, and the names of fields that are ours (S34).

The answer to the sender may repeat what the sender wrote. A log line may not: it is read by others,
kept for longer, and grows with what strangers send.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from shared.contracts.field_names import loggable
from shared.kernel.clock import Clock
from shared.kernel.errors import PipelineError, TransientError
from shared.telemetry.ports import Telemetry

_SECONDS = 60


def facts_of(error: PipelineError) -> Mapping[str, str]:
    """An error as fields of a log line.

    The text of a transient error is ours: it names a service and the code that the service gave.
    Every other text may quote the input, so only the field's path counts.
    """
    if isinstance(error, TransientError):
        return {"code": error.code, "reason": str(error)}
    field = error.details().get("field")
    reason = {"reason": loggable(field)} if isinstance(field, str) else {}
    return {"code": error.code, **reason}


@contextmanager
def without_its_text(telemetry: Telemetry) -> Iterator[None]:
    """For what has no HTTP answer to give: Lambda writes the text of what such a function raises.

    Raises:
        PipelineError: itself; instead of anything else, one that names its class alone.
    """
    try:
        yield
    except PipelineError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, its text must not leave
        telemetry.failure("Unexpected failure", error)
        raise PipelineError(type(error).__name__) from None


class SignatureRefusals:
    """Adds up refused signatures: one line and one count per minute at most, however many there
    were, so that a flood of forged deliveries costs neither money nor a reader's attention (S23).

    What was refused since the last line is told by the first invocation of a later minute. A worker
    that ends before that leaves it untold.

    Args:
        of: what was signed badly, for the line.
    """

    def __init__(self, clock: Clock, *, of: str = "deliveries") -> None:
        self._clock, self._of = clock, of
        self._count, self._cause = 0, ""
        self._told_at: float | None = None

    def add(self, cause: str) -> None:
        """One more."""
        self._count, self._cause = self._count + 1, cause

    def tell(self, telemetry: Telemetry) -> None:
        """Write what was added up, if the last time was a minute ago or longer."""
        now = self._clock.monotonic()
        waits = self._told_at is not None and now - self._told_at < _SECONDS
        if not self._count or waits:
            return
        telemetry.bind()
        telemetry.warning(f"Refused {self._of}", cause=self._cause, count=self._count)
        telemetry.count("SignatureRefused", self._count)
        self._told_at, self._count = now, 0
