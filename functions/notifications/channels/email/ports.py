"""What mail needs from outside."""

from collections.abc import Mapping
from typing import Any, Protocol

from functions.notifications.channels.email.mail import Mail


class Mailer(Protocol):
    """Hands one mail to the mail service, at most once per call."""

    def send(self, mail: Mail) -> str:
        """The service's message id.

        Raises:
            MailRefusedError: it will never take this mail.
            ServiceNotReadyError: an operator has to fix something there.
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
