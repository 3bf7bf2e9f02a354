"""What push messages need from outside."""

from collections.abc import Sequence
from typing import Protocol

from functions.notifications.channels.push.push import Push, Registration
from shared.storage.writes import Write


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
