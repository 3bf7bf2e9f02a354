"""What can come of a call to AWS instead of an answer.

The adapters that make calls turn these into the pipeline's own errors; nothing else sees them.
"""

from collections.abc import Mapping
from typing import Any


class AwsError(Exception):
    """A call that brought no answer."""


class AwsRefusedError(AwsError):
    """The service said no.

    Args:
        code: AWS's short name of the refusal, such as ``ConditionalCheckFailedException``.
        answer: the whole answer, with what the service adds to its refusals.
        passing: whether the same request may do better a moment later.
    """

    def __init__(self, code: str, answer: Mapping[str, Any], *, passing: bool = False) -> None:
        # The code alone: what the service says beside it may repeat what was sent.
        super().__init__(code)
        self.code, self.answer, self.passing = code, answer, passing


class AwsUnreachableError(AwsError):
    """The service did not answer, or not with something that can be read."""


class AwsCredentialsError(AwsError):
    """This process has no credentials, or could not get new ones."""
