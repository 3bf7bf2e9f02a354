"""What the pipeline needs from outside, as protocols: adapters and the tests' fakes implement them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from shared.clock import Clock
from shared.effects import Measure, Outbound
from shared.writes import Item, Key, Write


class Tables(Protocol):
    """Items in tables by logical name, with conditional writes that commit together."""

    def get(self, table: str, key: Key) -> Item | None:
        """The item as of now (strongly consistent).

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def get_many(self, keys: Sequence[tuple[str, Key]]) -> list[Item | None]:
        """Up to 100 items of any tables in one call, in the order asked, None where absent.

        Raises:
            DependencyError: the store did not answer, or not for all of them.
        """
        ...

    def query(
        self,
        table: str,
        value: str,
        *,
        index: str | None = None,
        newest_first: bool = False,
        limit: int = 100,
    ) -> list[Item]:
        """Items whose partition key (of the table or index) is ``value``, in sort key order.

        An index may lag behind the table by a moment.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def transact(self, writes: Sequence[Write]) -> None:
        """Commit every write or none.

        Raises:
            ConditionsFailed: a condition did not hold; carries the items as they stood.
            ContentionError: other writers hold the items right now; nothing was stored.
            DependencyError: the store did not answer; the writes may or may not be stored.
        """
        ...


class Publisher(Protocol):
    """Hands messages to QStash."""

    def publish(self, messages: Sequence[Outbound]) -> None:
        """One request for all; returns when each was accepted (or known already).

        Raises:
            PublishError: at least one was not accepted; repeating all is harmless.
        """
        ...


class ClaimState(Enum):
    """What the fast path knows of an event."""

    CLAIMED = "claimed"
    BUSY = "busy"
    DONE = "done"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Claim:
    """Answer to a claim.

    Args:
        token: names the holder; only it may complete or release. Empty unless we hold the claim,
            or might.
        retry_after: seconds until a busy claim lapses.
    """

    state: ClaimState
    token: str = ""
    retry_after: int = 0


class Claims(Protocol):
    """The dedup fast path. Never the truth: it may forget or be absent, but raises nothing."""

    def claim(self, event_id: str, *, lease_seconds: float, content: str = "") -> Claim:
        """Try to become the one who handles this event.

        Args:
            content: digest of what the event says; ``DONE`` is only answered about the same.
        """
        ...

    def complete(self, event_id: str, token: str, *, content: str = "") -> None:
        """Remember that the event is done, so that a duplicate costs one call."""
        ...

    def release(self, event_id: str, token: str) -> None:
        """Give the claim back after a failure, so that the next retry really runs (I10)."""
        ...


class Telemetry(Protocol):
    """Structured log lines and metrics; only allow-listed fields ever leave (S18)."""

    def bind(self, **fields: str | int) -> None:
        """Fields for every following line of this invocation; replaces what was bound before."""
        ...

    def info(self, message: str, **fields: str | int | bool) -> None:
        """A line that a reader of a healthy system wants."""
        ...

    def warning(self, message: str, **fields: str | int | bool) -> None:
        """A line that explains why something is answered with an error."""
        ...

    def failure(self, message: str, error: BaseException, **fields: str | int | bool) -> None:
        """A bug: where it happened, without the values that were there."""
        ...

    def count(self, metric: str, value: int = 1) -> None:
        """Add to a metric of this service."""
        ...

    def measure(self, measure: Measure) -> None:
        """Write a business metric with its own dimensions."""
        ...

    def flush(self) -> None:
        """Write out the metrics of this invocation."""
        ...


@dataclass(frozen=True, slots=True)
class CorePorts:
    """What every function needs that is not a topic's consumer."""

    tables: Tables
    publisher: Publisher
    clock: Clock
    telemetry: Telemetry
