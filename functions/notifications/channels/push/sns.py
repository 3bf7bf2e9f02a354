"""The sender of push messages on Amazon SNS."""

from collections.abc import Callable

from functions.notifications.channels.push.push import Push
from functions.notifications.channels.sns import SNSClient, publish


class SNSPushSender:
    """Sends to one device. The client must not retry on its own: a repetition shows twice.

    Args:
        client: made on the first use; most runs only mail.
    """

    def __init__(self, client: Callable[[], SNSClient]) -> None:
        self._client = client

    def send(self, push: Push) -> str:
        """The id that SNS gave the message.

        Raises:
            EndpointGoneError: the device is switched off or deleted.
            MessageRefusedError: SNS will never take this message.
            DependencyError: SNS did not take the message now.
            DeliveryUnknownError: the answer was lost; the message may be out.
        """
        return publish(
            self._client,
            TargetArn=push.endpoint,
            Message=push.message,
            MessageStructure="json",
        )
