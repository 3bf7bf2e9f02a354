"""What text messages need from outside."""

from typing import Protocol

from functions.notifications.channels.sms.text_message import Text


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
