"""Sending once, whatever the channel: claim, ask the service, know what became of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from functions.notifications.domain import Notice, SendRecord, SendState
from functions.notifications.ports import SendLedger
from shared.clock import Clock
from shared.errors import (
    BusyError,
    DeliveryUnknownError,
    EndpointGoneError,
    OptedOutError,
    PipelineError,
    RecipientCappedError,
)
from shared.ports import Telemetry
from shared.writes import Write

N = TypeVar("N", bound=Notice)


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a notice: a word, and what the send ledger must keep of it, if anything.

    Args:
        sent_at: when the service took it, if that was just now.
    """

    outcome: str
    write: Write | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Once:
    """Sends nothing twice: what an earlier attempt did is found in the send ledger."""

    ledger: SendLedger
    clock: Clock
    telemetry: Telemetry

    def __call__(self, notice: N, send: Callable[[N], str]) -> Fate:
        """Send it, unless that was done or tried before.

        Raises:
            RecipientCappedError: the recipient was told enough within this hour; worth a retry in
                the next one.
            PermanentError: the service will never take it.
            BusyError: another run is sending it.
            DependencyError: nothing was sent; worth a retry.
        """
        record = self._claim(notice)
        if not record.mine:
            return self._found(notice, record)
        # Asked last, so that a bounce which arrives while we prepare still counts (I14).
        if self.ledger.is_suppressed(notice.recipient):
            return Fate("suppressed", self.ledger.suppressed(notice))
        try:
            message_id = send(notice)
        except DeliveryUnknownError:
            return self._unknown(notice)
        except (EndpointGoneError, OptedOutError):
            return Fate("suppressed", self.ledger.suppressed(notice))
        except PipelineError as error:
            self.ledger.failed(notice, error.code)
            raise
        return Fate("sent", self.ledger.sent(notice, message_id), self.clock.now())

    def _claim(self, notice: Notice) -> SendRecord:
        try:
            return self.ledger.claim(notice)
        except RecipientCappedError:
            self.telemetry.count("RecipientCapped")
            raise

    def _found(self, notice: Notice, record: SendRecord) -> Fate:
        if record.state is not SendState.CLAIMED:
            return Fate(record.state.value)
        left = record.expires_at - self.clock.now().timestamp()
        if left > 0:
            raise BusyError(
                f"another run is sending this {notice.channel}", retry_after=_whole(left)
            )
        # Whoever held the claim died between asking and knowing: it may be out.
        return self._unknown(notice)

    def _unknown(self, notice: Notice) -> Fate:
        return Fate("unknown", self.ledger.unknown(notice))


def _whole(seconds: float) -> int:
    return max(1, round(seconds))
