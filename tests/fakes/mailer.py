"""A mail service in memory, with the ways a real one fails."""

from functions.notifications.channels.email.mail import Mail
from shared.kernel.errors import (
    DeliveryUnknownError,
    DependencyError,
    MailRefusedError,
    ServiceNotReadyError,
)


class InMemoryMailer:
    """The ``Mailer`` port over a list.

    ``mode`` is ``ok``, ``throttled`` (nothing sent), ``refused`` (never), ``not_ready`` (somebody
    has to put something right first), ``lost_reply`` (sent, but nobody hears of it) or ``timeout``
    (not sent, and nobody knows).
    """

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.mode = "ok"

    def send(self, mail: Mail) -> str:
        if self.mode == "throttled":
            raise DependencyError("too many requests")
        if self.mode == "refused":
            raise MailRefusedError("message rejected")
        if self.mode == "not_ready":
            raise ServiceNotReadyError("the sender is not verified")
        if self.mode == "timeout":
            raise DeliveryUnknownError("no answer")
        self.sent.append(mail)
        if self.mode == "lost_reply":
            raise DeliveryUnknownError("no answer")
        return f"mail-{len(self.sent)}"
