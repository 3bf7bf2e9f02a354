"""What telling people needs from outside."""

from typing import Protocol, TypeVar

from functions.notifications.domain import Message, SendRecord
from shared.storage.writes import Write

M_contra = TypeVar("M_contra", bound=Message, contravariant=True)


class Sender(Protocol[M_contra]):
    """Hands one message of a channel to its service, at most once per call."""

    def send(self, message: M_contra, /) -> str:
        """The service's message id.

        Raises:
            PermanentError: the service will never take this message.
            OptedOutError, EndpointGoneError: the recipient takes no messages.
            ServiceNotReadyError: an operator has to put something right at the service.
            DependencyError: it did not take the message now.
            DeliveryUnknownError: it may or may not have taken it.
        """
        ...


class SendLedger(Protocol):
    """Which run is sending which message, so that no message is sent twice."""

    def claim(self, message: Message) -> SendRecord:
        """Claim the send, or learn what became of it.

        Raises:
            RecipientCappedError: the recipient got enough messages within this hour; this one is
                kept as waiting.
            ContentionError: another run is claiming it this moment.
            DependencyError: the store did not answer.
        """
        ...

    def keep_content(self, event_id: str, content: str) -> None:
        """Keep what the event says, before any of its several messages is sent.

        Args:
            content: digest of what it says.

        Raises:
            EventIdReusedError: the id belongs to an event that says something else (I29).
            ContentionError, DependencyError: not stored; nothing may be sent.
        """
        ...

    def is_suppressed(self, address: str) -> bool:
        """Whether mail to this address bounced for good, or its owner complained (I14).

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def suppression(self, address: str, reason: str) -> Write:
        """Never mail this address again, unless that is recorded already."""
        ...

    def suppressed(self, message: Message) -> Write:
        """Nothing was sent, and nothing will be."""
        ...

    def failed(self, message: Message, reason: str) -> None:
        """Nothing was sent: a later attempt may claim again.

        Raises:
            DependencyError: the store did not answer; the claim will expire as unknown.
        """
        ...

    def sent(self, message: Message, message_id: str) -> Write:
        """The service took it."""
        ...

    def unknown(self, message: Message) -> Write:
        """It may be out or not: an operator looks into it, and no run sends it again."""
        ...

    def settle(self, write: Write) -> None:
        """Store one of the above now, not with the decision about the whole event.

        Raises:
            ContentionError, DependencyError: not stored; the claim will expire as unknown.
        """
        ...
