"""Sending once, whatever the channel: claim, ask the service, know what became of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from functions.notifications.domain import Message, SendRecord, SendState
from functions.notifications.ports import SendLedger
from shared.kernel.clock import Clock
from shared.kernel.errors import (
    BusyError,
    DeliveryUnknownError,
    EndpointGoneError,
    OptedOutError,
    PipelineError,
    RecipientCappedError,
)
from shared.storage.writes import Write
from shared.telemetry.ports import Telemetry

M = TypeVar("M", bound=Message)

# A claim further ahead is no claim of ours, whatever wrote it: an invocation ends within 15 minutes,
# and the rest is for clocks that differ.
_LONGEST_CLAIM_SECONDS = 16 * 60


@dataclass(frozen=True, slots=True)
class SendResult:
    """What became of a message: a word, and what the send ledger must keep of it, if anything.

    Args:
        sent_at: when the service took it, if that was just now.
    """

    outcome: str
    write: Write | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SendOnce:
    """Sends nothing twice: what an earlier attempt did is found in the send ledger."""

    ledger: SendLedger
    clock: Clock
    telemetry: Telemetry

    def __call__(self, message: M, send: Callable[[M], str]) -> SendResult:
        """Send it, unless that was done or tried before.

        Raises:
            RecipientCappedError: the recipient was told enough within this hour; worth a retry in
                the next one.
            PermanentError: the service will never take it.
            BusyError: another run is sending it, or has just failed to.
            DependencyError: nothing was sent; worth a retry.
        """
        record = self._claim(message)
        if not record.mine:
            return self._found(message, record)
        # Asked last, so that a bounce which arrives while we prepare still counts (I14).
        if self.ledger.is_suppressed(message.recipient):
            return SendResult("suppressed", self.ledger.suppressed(message))
        try:
            message_id = send(message)
        except DeliveryUnknownError:
            return self._unknown(message)
        except (EndpointGoneError, OptedOutError):
            return SendResult("suppressed", self.ledger.suppressed(message))
        except PipelineError as error:
            self.ledger.failed(message, error.code)
            raise
        return SendResult("sent", self.ledger.sent(message, message_id), self.clock.now())

    def _claim(self, message: Message) -> SendRecord:
        try:
            return self.ledger.claim(message)
        except RecipientCappedError:
            self.telemetry.count("RecipientCapped")
            raise

    def _found(self, message: Message, record: SendRecord) -> SendResult:
        if record.state is SendState.FAILED:
            # Two runs met an earlier failure, and the other one, which got the claim, failed too.
            # Nothing was sent: a run that took this for decided would take the retry away (I12).
            raise BusyError(f"another run has just tried to send this {message.channel.name}")
        if record.state is not SendState.CLAIMED:
            return SendResult(record.state.value)
        left = record.expires_at - self.clock.now().timestamp()
        if 0 < left <= _LONGEST_CLAIM_SECONDS:
            raise BusyError(
                f"another run is sending this {message.channel.name}", retry_after=_whole(left)
            )
        # The run that held the claim died between asking and knowing: it may be out.
        return self._unknown(message)

    def _unknown(self, message: Message) -> SendResult:
        return SendResult("unknown", self.ledger.unknown(message))


def _whole(seconds: float) -> int:
    return max(1, round(seconds))


def writes_of(result: SendResult) -> Sequence[Write]:
    """What to store of a send, beside everything else that follows from its event."""
    return [] if result.write is None else [result.write]
