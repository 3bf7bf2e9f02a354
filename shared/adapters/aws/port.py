"""The port of a client of one AWS service: ours, or botocore's behind the same call."""

from collections.abc import Mapping
from typing import Any, Protocol


class AwsClient(Protocol):
    """One AWS service."""

    def call(self, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do one operation.

        Args:
            operation: as AWS names it: ``GetItem``.
            request: its input, as AWS's JSON protocol spells it.

        Raises:
            AwsRefusedError: the service said no.
            AwsUnreachableError: it did not answer, whether or not it did what was asked.
            AwsCredentialsError: this process has no credentials.
        """
        ...
