"""The same port through botocore: for programs with profiles and sign-ons, and as the oracle."""

from collections.abc import Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    TokenRetrievalError,
)

from shared.adapters.aws.errors import (
    AwsCredentialsError,
    AwsRefusedError,
    AwsUnreachableError,
)


class BotocoreClient:
    """One AWS service, as a client of botocore reaches it."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do one operation; see the port.

        Raises:
            AwsRefusedError, AwsUnreachableError, AwsCredentialsError: as the port says.
            ParamValidationError: our own mistake, where the client looks for it.
        """
        try:
            answer: Mapping[str, Any] = getattr(self._client, xform_name(operation))(**request)
        except ClientError as error:
            raise AwsRefusedError(error.response["Error"]["Code"], error.response) from error
        except ParamValidationError:
            raise
        except (NoCredentialsError, CredentialRetrievalError, TokenRetrievalError) as error:
            raise AwsCredentialsError(type(error).__name__) from error
        except BotoCoreError as error:
            raise AwsUnreachableError(type(error).__name__) from error
        return answer
