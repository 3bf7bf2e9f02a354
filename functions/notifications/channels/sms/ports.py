"""What SMS needs from outside."""

from typing import Protocol

from functions.notifications.channels.sms.sms import Sms


class SmsSender(Protocol):
    """Hands one SMS to the telephone network, at most once per call."""

    def send(self, sms: Sms) -> str:
        """The service's message id.

        Raises:
            OptedOutError: the owner of the number wants no SMS.
            MessageRefusedError: it will never take this SMS.
            ServiceNotReadyError: an operator has to fix something there.
            DependencyError: it did not take the SMS now.
            DeliveryUnknownError: it may or may not have taken it.
        """
        ...
