"""The sender of texts on Amazon SNS."""

from collections.abc import Callable
from typing import Any

from functions.notifications.channels.sms.text_message import Text
from functions.notifications.channels.sns import SNSClient, publish

_PREFIX = "AWS.SNS.SMS."


class SNSTextSender:
    """Sends texts. The client must not retry on its own: a repetition is a second text.

    Args:
        client: made on the first use; most runs only mail.
        sender_id: what the telephone shows as the sender, where the country allows it.
    """

    def __init__(self, client: Callable[[], SNSClient], sender_id: str) -> None:
        self._client = client
        attributes = {"SMSType": "Transactional"} | ({"SenderID": sender_id} if sender_id else {})
        self._attributes: dict[str, Any] = {
            f"{_PREFIX}{name}": {"DataType": "String", "StringValue": value}
            for name, value in attributes.items()
        }

    def send(self, text: Text) -> str:
        """The id that SNS gave the text.

        Raises:
            OptedOutError: the owner of the number wants no texts.
            MessageRefusedError: SNS will never take this text.
            ServiceNotReadyError: somebody has to put something right in the account.
            DependencyError: SNS did not take the text now.
            DeliveryUnknownError: the answer was lost; the text may be out.
        """
        return publish(
            self._client,
            PhoneNumber=text.to,
            Message=text.message,
            MessageAttributes=self._attributes,
        )
