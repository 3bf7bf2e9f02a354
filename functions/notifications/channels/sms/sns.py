"""The sender of SMS on Amazon SNS."""

from collections.abc import Callable
from typing import Any

from functions.notifications.channels.sms.sms import Sms
from functions.notifications.channels.sns import SNSClient, publish

_PREFIX = "AWS.SNS.SMS."


class SNSSmsSender:
    """Sends SMS. The client must not retry on its own: a repetition is a second SMS.

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

    def send(self, sms: Sms) -> str:
        """The id that SNS gave the SMS.

        Raises:
            OptedOutError: the owner of the number wants no SMS.
            MessageRefusedError: SNS will never take this SMS.
            ServiceNotReadyError: an operator has to fix something in the account.
            DependencyError: SNS did not take the SMS now.
            DeliveryUnknownError: the answer was lost; the SMS may be out.
        """
        return publish(
            self._client,
            PhoneNumber=sms.to,
            Message=sms.message,
            MessageAttributes=self._attributes,
        )
