"""The mailer on Amazon SES (API v2)."""

from collections.abc import Mapping
from email.utils import formataddr
from typing import Any, NoReturn, Protocol

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ProxyConnectionError,
    SSLError,
)

from functions.notifications.channels.email.mail import Mail, Priority, Sender
from shared.kernel.errors import (
    DeliveryUnknownError,
    DependencyError,
    MailRefusedError,
    ServiceNotReadyError,
)

# Failures that happen before the request is on its way.
_NEVER_SENT = (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ProxyConnectionError,
    SSLError,
)
# What SES says of this very mail, such as an address that it cannot deliver to.
_NEVER = frozenset({"BadRequestException", "InvalidParameterValue"})
# Refusals that pass by themselves. All others an operator has to fix, MessageRejected too: SES
# says it of a sender that is not verified, of a recipient that is not verified while the account is
# in the sandbox, and of a virus, which our mail cannot carry. Only the text tells them apart, and
# the text may change, so this code does not read it (SES developer guide: email sending errors).
_PASSES = frozenset({"TooManyRequestsException", "LimitExceededException", "ThrottlingException"})
_TOO_MANY = 429
# The two headers that mail programs know; an ordinary mail has neither.
_PRIORITY: Mapping[Priority, Mapping[str, str]] = {
    "high": {"X-Priority": "1", "Importance": "high"},
    "low": {"X-Priority": "5", "Importance": "low"},
}


class SESClient(Protocol):
    """The operation used, as botocore's client offers it."""

    def send_email(self, **request: Any) -> dict[str, Any]:
        """SendEmail."""
        ...


class SESMailer:
    """Sends through SES. The client must not retry on its own: a repetition is a second mail."""

    def __init__(self, client: SESClient, sender: Sender) -> None:
        self._client, self._configuration_set = client, sender.configuration_set
        self._from = formataddr((sender.name, sender.address))

    def send(self, mail: Mail) -> str:
        """The id that SES gave the mail.

        Raises:
            MailRefusedError: SES will never take this mail.
            ServiceNotReadyError: an operator has to fix something in the account.
            DependencyError: SES did not take the mail now.
            DeliveryUnknownError: the answer was lost; the mail may be out.
        """
        try:
            answer = self._client.send_email(**self._request(mail))
        except ClientError as error:
            _refused(error)
        except ParamValidationError:
            raise  # our own mistake: the alarm must fire
        except _NEVER_SENT as error:
            raise DependencyError(f"SES: {type(error).__name__}") from error
        except BotoCoreError as error:
            raise DeliveryUnknownError(f"SES: {type(error).__name__}") from error
        if not answer.get("MessageId"):
            raise DeliveryUnknownError("SES: accepted without an id")
        return str(answer["MessageId"])

    def _request(self, mail: Mail) -> dict[str, Any]:
        def utf8(text: str) -> dict[str, str]:
            return {"Data": text, "Charset": "UTF-8"}

        headers = [
            {"Name": name, "Value": value}
            for name, value in _PRIORITY.get(mail.priority, {}).items()
        ]
        return {
            "FromEmailAddress": self._from,
            "Destination": {"ToAddresses": [mail.to]},
            "ConfigurationSetName": self._configuration_set,
            "Content": {
                "Simple": {
                    "Subject": utf8(mail.subject),
                    "Body": {"Html": utf8(mail.html), "Text": utf8(mail.text)},
                    **({"Headers": headers} if headers else {}),
                }
            },
            "EmailTags": [{"Name": "template", "Value": mail.template_id}],
        }


def _refused(error: ClientError) -> NoReturn:
    code = str(error.response["Error"]["Code"])
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    if code in _NEVER:
        raise MailRefusedError(f"SES: {code}") from error
    if status >= 500:
        raise DeliveryUnknownError(f"SES: {code}") from error
    if code in _PASSES or status == _TOO_MANY:
        raise DependencyError(f"SES: {code}", retry_after=5) from error
    raise ServiceNotReadyError(
        f"SES: {code}: look at the sender's identity, and in the sandbox at the recipient's; at "
        "the configuration set, permissions and whether the account may send"
    ) from error
