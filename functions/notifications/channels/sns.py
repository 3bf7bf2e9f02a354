"""Publishing through Amazon SNS straight to a number or a device, and what its answers mean."""

from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)

from shared.kernel.errors import (
    DeliveryUnknownError,
    DependencyError,
    EndpointGoneError,
    MessageRefusedError,
    OptedOutError,
    ServiceNotReadyError,
)

# What SNS says of this very message.
_NEVER = frozenset(
    {"InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid", "Validation"}
)
# Refusals that pass by themselves. All others an operator has to fix: the
# account is in the sandbox and the number is not verified, the spending limit, permissions, keys,
# the platform application. SNS documents no code for most of these, so an unknown code waits.
_PASSES = frozenset(
    {"Throttled", "Throttling", "KMSThrottling", "TooManyRequests", "RequestLimitExceeded"}
)
_OPTED_OUT = "OptedOut"
_TOO_MANY = 429
# What it says of the device: switched off by its platform, or deleted.
_GONE = frozenset({"EndpointDisabled", "NotFound"})


class SNSClient(Protocol):
    """The operation used, as botocore's client offers it."""

    def publish(self, **request: Any) -> dict[str, Any]:
        """Publish."""
        ...


def publish(client: Callable[[], SNSClient], **request: Any) -> str:
    """The id that SNS gave the message. The client must not retry on its own.

    Raises:
        EndpointGoneError: the device is switched off or deleted.
        OptedOutError: the owner of the number wants no SMS.
        MessageRefusedError: SNS will never take this message.
        ServiceNotReadyError: an operator has to fix something in the account.
        DependencyError: SNS did not take the message now.
        DeliveryUnknownError: the answer was lost; the message may be out.
    """
    try:
        answer = client().publish(**request)
    except ClientError as error:
        _refused(error, to_device="TargetArn" in request)
    except (EndpointConnectionError, ConnectTimeoutError) as error:
        raise DependencyError(f"SNS: {type(error).__name__}") from error
    except BotoCoreError as error:
        raise DeliveryUnknownError(f"SNS: {type(error).__name__}") from error
    return str(answer["MessageId"])


def _refused(error: ClientError, *, to_device: bool) -> NoReturn:
    code = str(error.response["Error"]["Code"]).removesuffix("Exception")
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    if to_device and code in _GONE:
        raise EndpointGoneError(f"SNS: {code}") from error
    if code == _OPTED_OUT:
        raise OptedOutError(f"SNS: {code}") from error
    if code in _NEVER:
        raise MessageRefusedError(f"SNS: {code}") from error
    if status >= 500:
        raise DeliveryUnknownError(f"SNS: {code}") from error
    if code in _PASSES or status == _TOO_MANY:
        raise DependencyError(f"SNS: {code}", retry_after=5) from error
    raise ServiceNotReadyError(
        f"SNS: {code}: look at the account's sandbox, spending limit, permissions and platforms"
    ) from error
