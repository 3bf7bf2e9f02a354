"""What telling people needs from outside."""

from collections.abc import Mapping
from typing import Any, Protocol

from functions.notifications.domain import Mail, SendRecord
from shared.writes import Write


class Mailer(Protocol):
    """Hands one mail to the mail service, at most once per call."""

    def send(self, mail: Mail) -> str:
        """The service's message id.

        Raises:
            MailRefusedError: it will never take this mail.
            DependencyError: it did not take the mail now.
            DeliveryUnknownError: it may or may not have taken it.
        """
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

    def claim(self, mail: Mail) -> SendRecord:
        """Claim the send, or learn what became of it.

        Raises:
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

    def suppress(self, address: str, reason: str) -> None:
        """Never mail this address again.

        Raises:
            ContentionError, DependencyError: not recorded; the report must come again.
        """
        ...

    def suppressed(self, mail: Mail) -> Write:
        """Nothing was sent, and nothing will be."""
        ...

    def failed(self, mail: Mail, reason: str) -> None:
        """Nothing was sent: a later attempt may claim again.

        Raises:
            DependencyError: the store did not answer; the claim will expire as unknown.
        """
        ...

    def sent(self, mail: Mail, message_id: str) -> Write:
        """The mail service took it."""
        ...

    def unknown(self, mail: Mail) -> Write:
        """Nobody can tell: an operator looks into it, nothing is sent again on its own."""
        ...
