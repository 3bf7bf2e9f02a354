"""A publisher that remembers. Trusted because tests/conformance runs one suite over this and QStash."""

from collections.abc import Sequence

from shared.kernel.errors import PublishError
from shared.messaging.outbox import Outbound


class RecordingPublisher:
    """The ``Publisher`` port over a list.

    Set ``failing`` to refuse everything; ``failing_after_effect`` takes the messages and then
    loses the reply.
    """

    def __init__(self) -> None:
        self.batches: list[list[Outbound]] = []
        self.failing = False
        self.failing_after_effect = False

    @property
    def messages(self) -> list[Outbound]:
        """Everything that was accepted, in order, repetitions included."""
        return [message for batch in self.batches for message in batch]

    def ids(self) -> list[str]:
        """Event ids of what was accepted."""
        return [message.event_id for message in self.messages]

    def of(self, event_type: str) -> list[Outbound]:
        """Accepted messages of one type."""
        return [message for message in self.messages if message.event_type == event_type]

    def publish(self, messages: Sequence[Outbound]) -> None:
        if self.failing:
            raise PublishError("QStash is down")
        if messages:
            self.batches.append(list(messages))
        if self.failing_after_effect:
            raise PublishError("the reply was lost")
