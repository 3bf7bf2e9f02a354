"""Publishing through Amazon SNS straight to a number or a device, and what its answers mean."""

from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)

from shared.errors import (
    DeliveryUnknownError,
    DependencyError,
    EndpointGoneError,
    MessageRefusedError,
)

# What SNS says of this very message; everything else it refuses may be put right by an operator.
_NEVER = frozenset(
    {"InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid", "Validation"}
    | {"OptedOut"}
)
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
        MessageRefusedError: SNS will never take this message.
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
    if code in _NEVER:
        raise MessageRefusedError(f"SNS: {code}") from error
    if status >= 500:
        raise DeliveryUnknownError(f"SNS: {code}") from error
    raise DependencyError(f"SNS: {code}", retry_after=5) from error
