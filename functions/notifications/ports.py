"""What telling people needs from outside."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from functions.notifications.domain import Mail, Notice, Push, Registration, SendRecord, Text
from shared.writes import Write


class Mailer(Protocol):
    """Hands one mail to the mail service, at most once per call."""

    def send(self, mail: Mail) -> str:
        """The service's message id.

        Raises:
            MailRefusedError: it will never take this mail.
            ServiceNotReadyError: somebody has to put something right there.
            DependencyError: it did not take the mail now.
            DeliveryUnknownError: it may or may not have taken it.
        """
        ...


class TextSender(Protocol):
    """Hands one text to the telephone network, at most once per call."""

    def send(self, text: Text) -> str:
        """The service's message id.

        Raises:
            OptedOutError: the owner of the number wants no texts.
            MessageRefusedError: it will never take this text.
            ServiceNotReadyError: somebody has to put something right there.
            DependencyError: it did not take the text now.
            DeliveryUnknownError: it may or may not have taken it.
        """
        ...


class PushSender(Protocol):
    """Hands one message to the push service of one device, at most once per call."""

    def send(self, push: Push) -> str:
        """The service's message id.

        Raises:
            EndpointGoneError: the device takes no messages any more; nothing was sent.
            MessageRefusedError: the service will never take this message.
            DependencyError: it did not take the message now.
            DeliveryUnknownError: it may or may not have taken it.
        """
        ...


class Devices(Protocol):
    """Which devices belong to whom."""

    def of(self, user_id: str) -> Registration:
        """The user's devices, none if nothing is known of the user.

        Raises:
            DependencyError: the store did not answer.
        """
        ...

    def without(self, registration: Registration, gone: Sequence[str]) -> Write:
        """The same registration with some endpoints taken out, unless it changed meanwhile."""
        ...


class Renderer(Protocol):
    """Turns template and data into the two forms of a mail."""

    def render(self, template_id: str, data: Mapping[str, Any]) -> tuple[str, str]:
        """HTML and text.

        Raises:
            InvalidInputError: no such template, or a variable that it needs is missing.
        """
        ...


class SendLedger(Protocol):
    """Who is sending what, so that nobody sends it twice."""

    def claim(self, notice: Notice) -> SendRecord:
        """Claim the send, or learn what became of it.

        Raises:
            RecipientCappedError: the recipient was told enough within this hour; it is kept as
                waiting.
            ContentionError: another run is claiming it this moment.
            DependencyError: the store did not answer.
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

    def suppressed(self, notice: Notice) -> Write:
        """Nothing was sent, and nothing will be."""
        ...

    def failed(self, notice: Notice, reason: str) -> None:
        """Nothing was sent: a later attempt may claim again.

        Raises:
            DependencyError: the store did not answer; the claim will expire as unknown.
        """
        ...

    def sent(self, notice: Notice, message_id: str) -> Write:
        """The service took it."""
        ...

    def unknown(self, notice: Notice) -> Write:
        """Nobody can tell: an operator looks into it, nothing is sent again on its own."""
        ...

    def settle(self, write: Write) -> None:
        """Store one of the above now, not with the decision about the whole event.

        Raises:
            ContentionError, DependencyError: not stored; the claim will expire as unknown.
        """
        ...
